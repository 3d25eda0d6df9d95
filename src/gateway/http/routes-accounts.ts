/** The people who may log in: for the person on the gateway's own host, and for administrators with a fresh second factor. */
import { z } from "@hono/zod-openapi";
import type { Accounts } from "#gateway/accounts/accounts.ts";
import type { Journal } from "#gateway/journal.ts";
import type { Artifacts } from "#gateway/oauth/artifacts.ts";
import { ROLES } from "#gateway/oauth/rights.ts";
import type { AccountView } from "./interface.ts";
import { orRefuse } from "./or-refuse.ts";
import type { Principal } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface AccountRouteParts {
  readonly accounts: Accounts;
  readonly artifacts: Artifacts;
  readonly journal: Journal;
}

const role = z.enum(ROLES);
const done = z.looseObject({ ok: z.literal(true) });
const account = z.looseObject({ name: z.string(), role });
const ADMIN = { role: "admin", isFresh: true } as const;

/** Nobody locks themselves out, or gives themselves a role: so one administrator always remains. @throws Refusal 403 */
function refuseOwn(who: Principal, name: string): void {
  if (who.isAccount && who.name === name) {
    throw new Refusal(
      403,
      "access_denied",
      "nobody changes their own account so; another administrator does, or latchkey gateway account on the host",
    );
  }
}

export function accountRoutes({ accounts, artifacts, journal }: AccountRouteParts): Route[] {
  const note = (who: Principal, what: string, outcome: string) => journal.add({ who: who.name, what, outcome });
  const viewOf = (name: string): AccountView => {
    const found = accounts.find(name);
    if (found === undefined) throw new Refusal(404, "not_found", `there is no account ${name}`);
    const { hasSecondFactor: _, ...shown } = found;
    const passkeys = accounts.passkeysOf(name).map(({ id, label, createdMs }) => ({ id, label, createdMs }));
    return { ...shown, passkeys };
  };

  return [
    route({
      method: "GET",
      path: "/v1/gateway/accounts",
      summary: "The accounts",
      who: "host",
      staff: { role: "admin" },
      replies: { 200: z.array(account) },
      answer: async () => accounts.list().map(({ name }) => viewOf(name)),
    }),
    route({
      method: "POST",
      path: "/v1/gateway/accounts",
      summary: "Invites somebody; or, with `login: maker`, lets somebody in whom the maker's own provider names",
      who: "host",
      staff: ADMIN,
      body: z.object({ name: z.string(), role, login: z.literal("maker").optional() }),
      replies: { 200: z.object({ code: z.string().optional() }) },
      async answer({ who, body }) {
        if (body.login === "maker") {
          await orRefuse(() => accounts.addForMaker(body.name, body.role));
          note(who, `add ${body.name}`, body.role);
          return {};
        }
        refuseOwn(who, body.name);
        const code = await orRefuse(() => accounts.invite(body.name, body.role));
        note(who, `invite ${body.name}`, body.role);
        return { code };
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/accounts/accept",
      summary: "Accepts an invitation: sets the password, and gets the second factor and the recovery codes",
      who: "anyone",
      body: z.object({ code: z.string().max(64), password: z.string().max(1_024) }),
      replies: { 200: z.looseObject({ name: z.string(), secret: z.string(), recovery: z.array(z.string()) }) },
      async answer({ body }) {
        const enrolled = await orRefuse(() => accounts.accept(body.code, body.password));
        journal.add({ who: enrolled.name, what: "accept invitation", outcome: "done" });
        return enrolled;
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/accounts/{name}/invitation",
      summary:
        "Invites somebody again who lost their code, password or second factor: what they had, and their tokens, end",
      who: "host",
      staff: ADMIN,
      replies: { 200: z.object({ code: z.string() }) },
      async answer({ who, params }) {
        const name = params.name ?? "";
        refuseOwn(who, name);
        const code = await orRefuse(() => accounts.inviteAgain(name));
        await artifacts.revokeAccount(name);
        note(who, `invite ${name} again`, "done");
        return { code };
      },
    }),
    route({
      method: "PUT",
      path: "/v1/gateway/accounts/{name}",
      summary: "Changes a role, or disables an account: its tokens end at once",
      who: "host",
      staff: ADMIN,
      body: z.object({ role: role.optional(), disabled: z.boolean().optional() }),
      replies: { 200: done },
      async answer({ who, params, body }) {
        const name = params.name ?? "";
        refuseOwn(who, name);
        const { role: newRole, disabled } = body;
        if (newRole !== undefined) await orRefuse(() => accounts.setRole(name, newRole));
        if (disabled !== undefined) {
          await orRefuse(() => accounts.disable(name, disabled));
          if (disabled) await artifacts.revokeAccount(name);
        }
        note(who, `change ${name}`, JSON.stringify(body));
        return { ok: true };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/accounts/{name}",
      summary: "Removes an account and ends its tokens",
      who: "host",
      staff: ADMIN,
      replies: { 200: done },
      async answer({ who, params }) {
        const name = params.name ?? "";
        refuseOwn(who, name);
        await orRefuse(() => accounts.remove(name));
        await artifacts.revokeAccount(name);
        note(who, `remove ${name}`, "done");
        return { ok: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/account",
      summary: "One's own account: role, second factors, recovery codes that are left",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: account },
      answer: async ({ who }) => viewOf(who.name),
    }),
    route({
      method: "POST",
      path: "/v1/gateway/account/recovery",
      summary: "Makes new recovery codes for one's own account, shown once; those from before are good no more",
      who: "token",
      staff: { role: "viewer", isFresh: true },
      replies: { 200: z.object({ recovery: z.array(z.string()) }) },
      async answer({ who }) {
        const recovery = await orRefuse(() => accounts.renewRecovery(who.name));
        note(who, "make recovery codes", "done");
        return { recovery };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/account/passkeys/{passkey}",
      summary: "Removes a passkey of one's own account",
      who: "token",
      staff: { role: "viewer", isFresh: true },
      replies: { 200: done },
      async answer({ who, params }) {
        if (!(await accounts.removePasskey(who.name, params.passkey ?? "")))
          throw new Refusal(404, "not_found", "there is no such passkey");
        note(who, "remove passkey", "done");
        return { ok: true };
      },
    }),
  ];
}
