/** Publishes a signed release file that came over HTTP, straight away or from a draft. */
import type { Fleet } from "#cloud/fleet.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import type { Releases } from "#cloud/releases/releases.ts";
import { decodeReleaseFile, type ReleaseFile, ReleaseTrouble } from "#trust/host/release-file.ts";
import { HttpRefusal } from "./route.ts";

interface PublishParts {
  readonly fleet: Fleet;
  readonly releases: Releases;
  readonly timestampSigner: TimestampSigner;
}

export type Signed = ReleaseFile & { readonly signed: Uint8Array };

/** @throws HttpRefusal 422 for what is no signed release. */
export function signedFileOf(bytes: Uint8Array): Signed {
  return orUnprocessable(() => {
    const file = decodeReleaseFile(bytes, "the file");
    if (file.signed === undefined) throw new ReleaseTrouble("the release isn't signed yet; run: latchkey release sign");
    return { ...file, signed: file.signed };
  });
}

function orUnprocessable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ReleaseTrouble) throw new HttpRefusal(422, error.message);
    throw error;
  }
}

/** What a release must satisfy to be published now: the product's keys, and what its cards allow. @throws HttpRefusal 422 */
export function termsFor({ timestampSigner, fleet }: PublishParts, product: string) {
  const keys = timestampSigner.keysOf(product);
  if (keys === undefined)
    throw new HttpRefusal(422, `the cloud has no keys of ${product}; start it with --keys FOLDER`);
  const own = [...fleet.all()].filter((device) => device.product === product);
  const cards = own.length > 0 && own.every((device) => device.card === "all") ? "all" : "noFlash";
  return { keyset: keys.keyset, policy: { cards } as const };
}

/** @throws HttpRefusal 422 */
export async function publish(parts: PublishParts, file: Signed) {
  const { product, sequence } = file.release;
  const { keyset, policy } = termsFor(parts, product);
  const wasKnown = parts.releases.get(product, sequence) !== undefined;
  const published = await parts.releases
    .publish(file.signed, file.streams, keyset, policy, Date.now())
    .catch((error: unknown) => {
      if (error instanceof ReleaseTrouble) throw new HttpRefusal(422, error.message);
      throw error;
    });
  return { product, sequence, signedBytes: published.signed.length, wasKnown };
}
