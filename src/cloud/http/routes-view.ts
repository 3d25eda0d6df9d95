/** Admits a browser to the read-only status page: with a link that works once, and then with a cookie. */
import { z } from "@hono/zod-openapi";
import { type OperatorAccess, VIEW_COOKIE } from "./operator-access.ts";
import { HttpRefusal, json, jsonRoute, type Route } from "./route.ts";

interface ViewRouteParts {
  readonly access: OperatorAccess;
  /** Whether the page is served under TLS, so that the cookie is never sent without it. */
  readonly isSecure: boolean;
}

const viewLinkReply = z.object({ path: z.string() });
export type ViewLink = z.infer<typeof viewLinkReply>;

/** Goes on by itself: a redirection would keep the other site, if a link there was followed, as its initiator. */
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Latchkey</title></head><body><a href="/">Status page</a></body></html>`;

export function viewRoutes({ access, isSecure }: ViewRouteParts): readonly Route[] {
  return [
    jsonRoute({
      method: "POST",
      path: "/v1/view-links",
      summary: "Makes a link that opens the status page once in a browser, within five minutes",
      who: "operator",
      body: z.object({}),
      replies: { 200: viewLinkReply },
      answer: ({ who }) => json({ path: `/open/${access.invite(who)}` } satisfies ViewLink),
    }),
    {
      method: "GET",
      path: "/open/{code}",
      summary: "Opens the status page for the browser that follows a link of /v1/view-links",
      who: "device",
      replies: { 200: "text/html" },
      answer({ params }) {
        const cookie = access.redeem(params.code ?? "");
        if (cookie === undefined) {
          throw new HttpRefusal(410, "this link was used or is too old; make another with: latchkey cloud open");
        }
        const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=43200${isSecure ? "; Secure" : ""}`;
        return {
          status: 200,
          headers: {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": "default-src 'none'",
            "referrer-policy": "no-referrer",
            "set-cookie": `${VIEW_COOKIE}=${cookie}; ${attributes}`,
          },
          body: PAGE,
        };
      },
    },
  ];
}
