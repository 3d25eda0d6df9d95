/** What the person on the gateway's own host may do, by the bootstrap key: units, accounts and clients. */

import { randomBytes } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { fromHex, toHex } from "#base/bytes.ts";
import { type Accounts, AccountTrouble } from "#gateway/accounts/accounts.ts";
import type { Journal } from "#gateway/journal.ts";
import { type Artifacts, hashOf } from "#gateway/oauth/artifacts.ts";
import { ClientTrouble, registerClient, registerResource } from "#gateway/oauth/clients.ts";
import { ROLES } from "#gateway/oauth/rights.ts";
import { type Units, UnitTrouble } from "#gateway/units/units.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface HostRouteParts {
  readonly publicKey: Uint8Array;
  readonly accounts: Accounts;
  readonly artifacts: Artifacts;
  readonly units: Units;
  readonly journal: Journal;
}

const INVITATION_MS = 3_600_000;
const INVITATIONS_MAX = 32;
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const role = z.enum(ROLES);
const done = z.looseObject({ ok: z.literal(true) });

/** Does something that may be refused by one of our own lines. */
async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AccountTrouble || error instanceof ClientTrouble || error instanceof UnitTrouble) {
      throw new Refusal(400, "invalid_request", error.message);
    }
    throw error;
  }
}

export function hostRoutes({ publicKey, accounts, artifacts, units, journal }: HostRouteParts): Route[] {
  /** Hashes of the codes by which an owner's phone may bring a unit's chain, and when each ends. */
  const invitations = new Map<string, number>();
  const note = (what: string, outcome: string, device?: string) =>
    journal.add({ who: "bootstrap", what, outcome, ...(device === undefined ? {} : { device }) });
  return [
    route({
      method: "GET",
      path: "/v1/gateway",
      summary: "The gateway's public key, for which an owner makes a chain",
      who: "anyone",
      replies: { 200: z.object({ key: z.string() }) },
      answer: async () => ({ key: toHex(publicKey) }),
    }),
    route({
      method: "POST",
      path: "/v1/gateway/invitations",
      summary: "Makes a code by which an owner's phone brings a unit, once, within an hour",
      who: "host",
      replies: { 200: z.object({ code: z.string(), key: z.string() }) },
      async answer() {
        const code = randomBytes(16).toString("base64url");
        const oldest = invitations.keys().next();
        if (invitations.size >= INVITATIONS_MAX && !oldest.done) invitations.delete(oldest.value);
        invitations.set(hashOf(code), performance.now() + INVITATION_MS);
        return { code, key: toHex(publicKey) };
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/units",
      summary: "Brings a unit: the chain that its owner delegated to this gateway",
      who: "anyone",
      body: z.object({
        code: z.string().max(64),
        id: hex(12),
        name: z.string().trim().min(1).max(64),
        chain: z.string().regex(/^([0-9a-f]{2}){1,1536}$/),
        host: z.string().max(255),
        port: z.number().int().min(0).max(65_535),
        cloud: z
          .object({ host: z.string(), mqttPort: z.number(), httpPort: z.number(), broker: z.string() })
          .optional(),
        cloudTls: z.string().max(16_384).optional(),
      }),
      replies: { 200: z.object({ id: z.string(), connected: z.boolean(), fault: z.string().nullable() }) },
      async answer({ body }) {
        const { code, chain, cloud, cloudTls, ...place } = body;
        const untilMs = invitations.get(hashOf(code)) ?? 0;
        if (untilMs < performance.now()) {
          throw new Refusal(
            401,
            "invalid_grant",
            "this code was used, or is too old; make one with: latchkey gateway invite",
          );
        }
        invitations.delete(hashOf(code));
        const relay = { ...(cloud && { cloud }), ...(cloudTls !== undefined && { cloudTls }) };
        const added = await orRefuse(() => units.add({ ...place, ...relay, chain: fromHex(chain) as Uint8Array }));
        const described = await added.described();
        note(`add unit ${place.name}`, described.ok ? "connected" : described.fault, place.id);
        return { id: place.id, connected: described.ok, fault: described.ok ? null : described.fault };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/units/{device}",
      summary: "Forgets a unit and its chain",
      who: "host",
      replies: { 200: done },
      async answer({ params }) {
        await orRefuse(() => units.remove(params.device ?? ""));
        note("remove unit", "done", params.device);
        return { ok: true };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/accounts",
      summary: "The accounts",
      who: "host",
      replies: { 200: z.array(z.looseObject({ name: z.string(), role })) },
      answer: async () => accounts.list(),
    }),
    route({
      method: "POST",
      path: "/v1/gateway/accounts",
      summary: "Invites somebody; or, with `login: maker`, lets somebody in whom the maker's own provider names",
      who: "host",
      body: z.object({ name: z.string(), role, login: z.literal("maker").optional() }),
      replies: { 200: z.object({ code: z.string().optional() }) },
      async answer({ body }) {
        if (body.login === "maker") {
          await orRefuse(() => accounts.addForMaker(body.name, body.role));
          note(`add ${body.name}`, body.role);
          return {};
        }
        const code = await orRefuse(() => accounts.invite(body.name, body.role));
        note(`invite ${body.name}`, body.role);
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
      method: "PUT",
      path: "/v1/gateway/accounts/{name}",
      summary: "Changes a role, or disables an account: its tokens end at once",
      who: "host",
      body: z.object({ role: role.optional(), disabled: z.boolean().optional() }),
      replies: { 200: done },
      async answer({ params, body }) {
        const name = params.name ?? "";
        if (body.role !== undefined) await orRefuse(() => accounts.setRole(name, body.role as (typeof ROLES)[number]));
        if (body.disabled !== undefined) {
          await orRefuse(() => accounts.disable(name, body.disabled === true));
          if (body.disabled) await artifacts.revokeAccount(name);
        }
        note(`change ${name}`, JSON.stringify(body));
        return { ok: true };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/accounts/{name}",
      summary: "Removes an account and ends its tokens",
      who: "host",
      replies: { 200: done },
      async answer({ params }) {
        const name = params.name ?? "";
        await orRefuse(() => accounts.remove(name));
        await artifacts.revokeAccount(name);
        note(`remove ${name}`, "done");
        return { ok: true };
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/clients",
      summary: "Registers a program; its secret is shown once",
      who: "host",
      body: z.object({ id: z.string(), role, scope: z.string(), redirectUris: z.array(z.url()).default([]) }),
      replies: { 200: z.object({ id: z.string(), secret: z.string() }) },
      async answer({ body }) {
        const secret = await orRefuse(() => registerClient(artifacts, body));
        note(`register ${body.id}`, body.scope);
        return { id: body.id, secret };
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/resources",
      summary: "Registers an interface that takes this gateway's tokens, as a maker's cloud; its secret is shown once",
      who: "host",
      body: z.object({ url: z.url({ protocol: /^https?$/ }).max(500) }),
      replies: { 200: z.object({ secret: z.string() }) },
      async answer({ body }) {
        const secret = await orRefuse(() => registerResource(artifacts, body.url));
        note(`register resource ${body.url}`, "done");
        return { secret };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/journal",
      summary: "The newest entries of the journal, and entries that were changed",
      who: "host",
      replies: { 200: z.object({ entries: z.array(z.looseObject({})), changed: z.array(z.number()) }) },
      async answer() {
        await journal.settled();
        return { entries: await journal.list(200), changed: await journal.faults() };
      },
    }),
  ];
}
