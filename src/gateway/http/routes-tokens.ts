/** Tokens: who one is, which there are, and their end. */
import { z } from "@hono/zod-openapi";
import type { Journal } from "#gateway/journal.ts";
import { type PrincipalParts, principalOf } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface TokenRouteParts extends PrincipalParts {
  readonly journal: Journal;
}

const dateOf = (seconds: number) => new Date(Math.min(seconds, 8.64e12) * 1_000).toISOString();
const token = z.looseObject({ expires_at: z.string(), client: z.string(), scopes: z.array(z.string()) });
const done = z.object({ ok: z.literal(true) });

export function tokenRoutes(parts: TokenRouteParts): Route[] {
  const { artifacts, journal } = parts;
  return [
    route({
      method: "GET",
      path: "/v1/user",
      summary: "Whose token this is",
      who: "token",
      replies: { 200: z.looseObject({ username: z.string() }) },
      answer: async ({ who }) => ({ username: who.name, role: who.role, subscription_ids: [], mfa: { enabled: true } }),
    }),
    route({
      method: "GET",
      path: "/v1/access_tokens/current",
      summary: "What this token is good for",
      who: "token",
      replies: { 200: token },
      answer: async ({ who }) => ({
        ...{ expires_at: dateOf(who.expiresS), client: who.clientId, client_id: who.clientId },
        scopes: who.scope.split(" "),
        username: who.name,
      }),
    }),
    route({
      method: "GET",
      path: "/v1/access_tokens",
      summary: "The account's tokens, by the start of their hashes: the tokens themselves are not kept",
      who: "token",
      replies: { 200: z.array(token) },
      answer: async ({ who }) =>
        (await artifacts.tokensOf(who.name)).map(({ id, kind, clientId, scope, issuedS, expiresS }) => ({
          ...{ id, kind, client: clientId, scopes: scope.split(" ") },
          ...{ created_at: dateOf(issuedS), expires_at: dateOf(expiresS) },
        })),
    }),
    route({
      method: "DELETE",
      path: "/v1/access_tokens",
      summary: "Ends all tokens of the account",
      who: "token",
      replies: { 200: done },
      async answer({ who }) {
        await artifacts.revokeAccount(who.name);
        journal.add({ who: who.name, what: "revoke all tokens", outcome: "done" });
        return { ok: true };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/access_tokens/current",
      summary: "Ends this token and all of the same login",
      who: "token",
      replies: { 200: done },
      async answer({ who }) {
        await artifacts.revokeByValue(who.token);
        journal.add({ who: who.name, what: "revoke token", outcome: "done" });
        return { ok: true };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/access_tokens/{token}",
      summary: "Ends a token by itself, which needs no other; or one of the account by the start of its hash",
      who: "anyone",
      replies: { 200: done },
      async answer({ params, incoming }) {
        const word = params.token ?? "";
        const bearer = /^bearer +(\S+)$/i.exec(incoming.headers.authorization ?? "")?.[1];
        const who = bearer === undefined ? undefined : await principalOf(parts, bearer, "elsewhere");
        const isById = /^[0-9a-f]{16}$/.test(word) && who !== undefined && who.jkt === undefined;
        const isDone = isById ? await artifacts.revokeById(who.name, word) : await artifacts.revokeByValue(word);
        if (!isDone) throw new Refusal(404, "not_found", "there is no such token");
        journal.add({ who: who?.name ?? "its holder", what: "revoke token", outcome: "done" });
        return { ok: true };
      },
    }),
  ];
}
