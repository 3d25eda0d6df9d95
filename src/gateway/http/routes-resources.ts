/** What an interface that takes this gateway's tokens asks of it, as a maker's cloud. */
import { z } from "@hono/zod-openapi";
import type { StaffTokens } from "#gateway/oauth/staff-tokens.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

function basicOf(header: string | undefined): readonly [id: string, secret: string] {
  const [, encoded = ""] = /^basic +(\S+)$/i.exec(header ?? "") ?? [];
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  try {
    return [decodeURIComponent(id), decodeURIComponent(secret)];
  } catch {
    return ["", ""];
  }
}

export function resourceRoutes(tokens: StaffTokens): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/gateway/introspect",
      summary:
        "Says to a registered interface whether a token for it is good at this moment, and which role its holder has (RFC 7662)",
      who: "anyone",
      body: z.looseObject({ token: z.string().max(8_192) }),
      replies: { 200: z.looseObject({ active: z.boolean(), role: z.string().optional() }) },
      async answer({ body, incoming }) {
        const [id, secret] = basicOf(incoming.headers.authorization);
        if (!(await tokens.isResource(id, secret))) {
          const challenge = { "www-authenticate": 'Basic realm="latchkey"' };
          throw new Refusal(
            401,
            "invalid_client",
            "this interface is not registered here; run: latchkey gateway resource",
            challenge,
          );
        }
        return tokens.introspect(body.token, id);
      },
    }),
  ];
}
