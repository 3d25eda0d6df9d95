/** Webhooks of an account. */
import { z } from "@hono/zod-openapi";
import type { Journal } from "#gateway/journal.ts";
import { covers } from "#gateway/oauth/narrower.ts";
import { RIGHT } from "#gateway/oauth/rights.ts";
import type { Capability } from "#gateway/oauth/scope-word.ts";
import type { HookRow } from "#gateway/store/schema.ts";
import type { HookView } from "./interface.ts";
import { authorize, authorizeStaff, type Principal } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";
import type { WebHooks } from "./web-hooks.ts";

const isAdmin = ({ isAccount, role }: Principal) => !isAccount || role === "admin";

interface HookRouteParts {
  readonly hooks: WebHooks;
  readonly journal: Journal;
}

const HOOKS_MAX = 32;
const url = z.url({ protocol: /^https?$/ }).max(1_000);

const shown = ({ id, event, url: address, device, created_ms }: HookRow) => ({
  ...{ id, event, url: address, deviceID: device === "" ? null : device },
  created_at: new Date(created_ms).toISOString(),
});

/** A hook goes on when its token ends, so it is for accounts whose token reaches as much. */
function checkMaker(who: Principal, device: string, event: string): void {
  if (!who.isAccount || who.role === "viewer") {
    throw new Refusal(403, "insufficient_scope", "webhooks are for accounts of the roles support, release and admin");
  }
  if (device !== "") authorize(who, { device, right: RIGHT.subscribe, name: event });
  // A token with limits makes nothing that goes on without them.
  const wanted: Capability = {
    ...{ word: "", caveats: [] },
    ...(device === "" ? { level: "noFlash" } : { level: "use", name: event, device }),
  };
  if (!who.links.every(({ capabilities }) => covers(capabilities, wanted))) {
    throw new Refusal(
      403,
      "insufficient_scope",
      "this token does not allow webhooks for all devices or without its limits; name a device",
    );
  }
}

export function hookRoutes({ hooks, journal }: HookRouteParts): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/gateway/webhooks",
      summary: "Webhooks with their last delivery: an administrator sees everybody's, others their own",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: z.array(z.looseObject({ id: z.string(), account: z.string() })) },
      answer: async ({ who }) =>
        hooks.list(isAdmin(who) ? undefined : who.name).map(
          ({ id, account, event, url: address, device, created_ms }): HookView => ({
            ...{ id, account, event, url: address, device, createdMs: created_ms, last: hooks.lastOf(id) ?? null },
          }),
        ),
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/webhooks/{hook}",
      summary: "Ends a webhook: an administrator anybody's, with a fresh second factor; others their own",
      who: "token",
      staff: { role: "viewer" },
      replies: { 200: z.looseObject({ ok: z.literal(true) }) },
      async answer({ who, params }) {
        const hook = hooks.list().find(({ id }) => id === params.hook);
        if (hook !== undefined && hook.account !== who.name) authorizeStaff(who, { role: "admin", isFresh: true });
        if (hook === undefined || !(await hooks.remove(hook.account, hook.id)))
          throw new Refusal(404, "not_found", "there is no such webhook; it may have ended meanwhile");
        const outcome = hook.account === who.name ? "done" : `of ${hook.account}`;
        journal.add({ who: who.name, what: `remove webhook ${hook.id}`, outcome });
        return { ok: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/webhooks",
      summary: "The account's webhooks",
      who: "token",
      replies: { 200: z.array(z.looseObject({ id: z.string(), event: z.string(), url: z.string() })) },
      answer: async ({ who }) => hooks.list(who.name).map(shown),
    }),
    route({
      method: "POST",
      path: "/v1/webhooks",
      summary: "Sends events whose names begin so to an address; the secret, shown once, signs each (HMAC-SHA256)",
      who: "token",
      body: z.looseObject({
        event: z.string().min(1).max(64),
        url,
        deviceid: z
          .string()
          .regex(/^[0-9a-f]{24}$/)
          .optional(),
      }),
      replies: { 200: z.looseObject({ ok: z.literal(true), id: z.string(), secret: z.string() }) },
      async answer({ who, body }) {
        const device = body.deviceid ?? "";
        checkMaker(who, device, body.event);
        if (!hooks.mayReach(body.url)) {
          throw new Refusal(
            400,
            "invalid_request",
            "url: webhooks go to public addresses; the gateway's owner can allow others with --private-webhooks",
          );
        }
        if (hooks.list(who.name).length >= HOOKS_MAX) {
          throw new Refusal(429, "BUSY", `an account has at most ${HOOKS_MAX} webhooks`);
        }
        const row = await hooks.add({ account: who.name, event: body.event, url: body.url, device });
        journal.add({ who: who.name, what: `add webhook ${row.id}`, device, outcome: new URL(body.url).host });
        return { ok: true, ...shown(row), secret: row.secret };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/webhooks/{hook}",
      summary: "Ends a webhook",
      who: "token",
      replies: { 200: z.object({ ok: z.literal(true) }) },
      async answer({ who, params }) {
        if (!(await hooks.remove(who.name, params.hook ?? "")))
          throw new Refusal(404, "not_found", "there is no such webhook");
        journal.add({ who: who.name, what: `remove webhook ${params.hook}`, outcome: "done" });
        return { ok: true };
      },
    }),
  ];
}
