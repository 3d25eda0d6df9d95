/** Drafts: a build server uploads a signed release, and a person with a fresh second factor publishes it. */
import { z } from "@hono/zod-openapi";
import { ReleaseTrouble } from "#trust/host/release-file.ts";
import { publish, type Signed, signedFileOf, termsFor } from "./publish-release.ts";
import { draftsReply, publishedReply } from "./replies.ts";
import { HttpRefusal, type HttpRequest, json, jsonRoute, type Route } from "./route.ts";
import type { OperatorRouteParts } from "./routes-operator.ts";

const RELEASE_FILE_BYTES_MAX = 32 * 1024 * 1024;

export function draftRoutes(parts: OperatorRouteParts): readonly Route[] {
  const { drafts, releases } = parts;
  const namedOf = ({ params }: HttpRequest) => [params.product ?? "", Number(params.sequence)] as const;
  const draftOf = async (request: HttpRequest): Promise<Signed> => {
    const [product, sequence] = namedOf(request);
    const file = await drafts.find(product, sequence);
    if (file?.signed === undefined) throw new HttpRefusal(404, `there is no draft ${sequence} of ${product}`);
    return { ...file, signed: file.signed };
  };
  return [
    {
      method: "GET",
      path: "/v1/release-drafts",
      summary: "Releases that were uploaded and not published yet",
      who: "operator",
      replies: { 200: draftsReply },
      answer: async () => json(await drafts.list()),
    },
    {
      method: "POST",
      path: "/v1/release-drafts",
      summary: "Uploads a signed release file as a draft, as a build server does; publishing it takes a person",
      who: "operator",
      body: "bytes",
      bodyBytesMax: RELEASE_FILE_BYTES_MAX,
      replies: { 200: publishedReply },
      async answer({ bytes }) {
        const file = signedFileOf(bytes);
        const { product, sequence } = file.release;
        const { keyset, policy } = termsFor(parts, product);
        const known = releases.get(product, sequence);
        try {
          releases.check(file.signed, file.streams, keyset, policy);
          const wasKnown = known !== undefined || (await drafts.put(file, Date.now()));
          return json({ product, sequence, signedBytes: file.signed.length, wasKnown });
        } catch (error) {
          if (error instanceof ReleaseTrouble) throw new HttpRefusal(422, error.message);
          throw error;
        }
      },
    },
    jsonRoute({
      method: "POST",
      path: "/v1/release-drafts/{product}/{sequence}/publish",
      summary: "Publishes a draft; it is checked again by the keys in force now",
      who: "operator",
      body: z.object({}),
      replies: { 200: publishedReply },
      async answer(request) {
        const done = await publish(parts, await draftOf(request));
        await drafts.remove(done.product, done.sequence, "published", Date.now());
        return json(done);
      },
    }),
    jsonRoute({
      method: "POST",
      path: "/v1/release-drafts/{product}/{sequence}/discard",
      summary: "Discards a draft",
      who: "operator",
      body: z.object({}),
      replies: { 200: z.object({ product: z.string(), sequence: z.int(), discarded: z.literal(true) }) },
      async answer(request) {
        const { release } = await draftOf(request);
        await drafts.remove(release.product, release.sequence, "discarded", Date.now());
        return json({ product: release.product, sequence: release.sequence, discarded: true });
      },
    }),
  ];
}
