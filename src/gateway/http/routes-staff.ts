/** What staff see and end in the console: who they are, tokens, programs, and who did what. */
import { z } from "@hono/zod-openapi";
import type { Journal } from "#gateway/journal.ts";
import type { Artifacts, TokenSummary } from "#gateway/oauth/artifacts.ts";
import { CLIENT_RESOURCE, CLIENT_ROLE, CLIENT_SCOPE } from "#gateway/oauth/client-metadata.ts";
import type { ClientView, GatewayJournalPage, TokenView } from "./interface.ts";
import { authorizeStaff, type Principal } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface StaffRouteParts {
  readonly issuer: string;
  readonly artifacts: Artifacts;
  readonly journal: Journal;
}

const ENTRIES = 200;
const done = z.looseObject({ ok: z.literal(true) });
const isAdmin = ({ isAccount, role }: Principal) => !isAccount || role === "admin";
const textOf = (value: unknown) => (typeof value === "string" ? value : null);

export function staffRoutes({ issuer, artifacts, journal }: StaffRouteParts): Route[] {
  const tokenView = (who: Principal, token: TokenSummary): TokenView => ({
    ...{ id: token.id, account: token.account, kind: token.kind, client: token.clientId, scope: token.scope },
    login: token.grantId.slice(0, 16),
    resource: token.resources.find((each) => each !== issuer) ?? null,
    ...{ issuedMs: token.issuedS * 1_000, expiresMs: Math.min(token.expiresS * 1_000, 8.64e15) },
    isOwn: token.grantId !== "" && token.grantId === who.grantId,
  });

  return [
    route({
      method: "GET",
      path: "/v1/self",
      summary: "Who bears the token: name, role, and when they logged in",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: z.looseObject({ name: z.string(), role: z.string() }) },
      answer: async ({ who: { name, role, authenticatedS } }) => ({
        ...{ name, role },
        ...(authenticatedS !== undefined && { authenticatedMs: authenticatedS * 1_000 }),
      }),
    }),
    route({
      method: "GET",
      path: "/v1/gateway/tokens",
      summary: "Tokens that are still good: an administrator sees everybody's, others their own",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: z.array(z.looseObject({ id: z.string(), account: z.string() })) },
      async answer({ who }) {
        const tokens = await artifacts.tokensOf(isAdmin(who) ? undefined : who.name);
        // A token of a program in its own name is known by the program.
        return tokens.filter(({ account }) => account !== "").map((token) => tokenView(who, token));
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/tokens/{account}/{token}",
      summary:
        "Ends a token, and all of the same login: an administrator anybody's, with a fresh second factor; others their own",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: done },
      async answer({ who, params }) {
        const account = params.account ?? "";
        if (account !== who.name) authorizeStaff(who, { role: "admin", isFresh: true });
        if (!(await artifacts.revokeById(account, params.token ?? "")))
          throw new Refusal(404, "not_found", "there is no such token; it may have ended meanwhile");
        journal.add({ who: who.name, what: `revoke a token of ${account}`, outcome: "done" });
        return { ok: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/clients",
      summary: "Programs that act in their own name, and clouds that take this gateway's accounts",
      who: "host",
      staff: { role: "viewer" },
      replies: { 200: z.array(z.looseObject({ id: z.string(), kind: z.enum(["program", "cloud"]) })) },
      answer: async () =>
        (await artifacts.clients()).map(
          (client): ClientView => ({
            id: String(client.client_id),
            kind: client[CLIENT_RESOURCE] === true ? "cloud" : "program",
            ...{ role: textOf(client[CLIENT_ROLE]), scope: textOf(client[CLIENT_SCOPE]) },
          }),
        ),
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/clients/{client}",
      summary: "Ends a program's or a cloud's registration: its tokens are no good any more",
      who: "host",
      staff: { role: "admin", isFresh: true },
      replies: { 200: done },
      async answer({ who, params }) {
        const id = params.client ?? "";
        if (!(await artifacts.removeClient(id))) throw new Refusal(404, "not_found", `there is no program ${id}`);
        journal.add({ who: who.name, what: `remove ${id}`, outcome: "done" });
        return { ok: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/journal",
      summary:
        "Who did what, newest first (`before` a number, about one `device`, by one `who`), and entries that were changed; staff see their own, administrators all",
      who: "host",
      staff: { role: "viewer" },
      replies: { 200: z.object({ entries: z.array(z.looseObject({})), changed: z.array(z.number()) }) },
      async answer({ who, query }): Promise<GatewayJournalPage> {
        await journal.settled();
        const [device, before] = [query.get("device") ?? undefined, Number(query.get("before") ?? Number.NaN)];
        const wanted = isAdmin(who) ? (query.get("who") ?? undefined) : who.name;
        const entries = await journal.list(ENTRIES, {
          ...(wanted !== undefined && { who: wanted }),
          ...(device !== undefined && { device }),
          ...(Number.isSafeInteger(before) && { before }),
        });
        const shown = entries.map(({ device: of = "", ...entry }) => ({ ...entry, device: of }));
        return { entries: shown, changed: isAdmin(who) ? await journal.faults() : [] };
      },
    }),
  ];
}
