/** What the person on the gateway's own host may do, by the bootstrap key, and administrators most of it: units, programs and clouds. */
import { randomBytes } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Journal } from "#gateway/journal.ts";
import { type Artifacts, hashOf } from "#gateway/oauth/artifacts.ts";
import { registerClient, registerResource } from "#gateway/oauth/clients.ts";
import { ROLES } from "#gateway/oauth/rights.ts";
import type { Units } from "#gateway/units/units.ts";
import type { GatewayKeyView } from "./interface.ts";
import { orRefuse } from "./or-refuse.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface HostRouteParts {
  readonly publicKey: Uint8Array;
  /** When the gateway first used its key. */
  readonly keySinceMs: number;
  readonly isCredential: boolean;
  readonly artifacts: Artifacts;
  readonly units: Units;
  readonly journal: Journal;
}

const ADMIN = { role: "admin", isFresh: true } as const;
const INVITATION_MS = 3_600_000;
const INVITATIONS_MAX = 32;
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const role = z.enum(ROLES);
const done = z.looseObject({ ok: z.literal(true) });

export function hostRoutes(parts: HostRouteParts): Route[] {
  const { publicKey, keySinceMs, isCredential, artifacts, units, journal } = parts;
  /** Hashes of the codes by which an owner's phone may bring a unit's chain: who made each, and when it ends. */
  const invitations = new Map<string, { readonly by: string; readonly untilMs: number }>();
  const note = (who: string, what: string, outcome: string, device?: string) =>
    journal.add({ who, what, outcome, ...(device === undefined ? {} : { device }) });
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
      method: "GET",
      path: "/v1/gateway/key",
      summary: "The gateway's own key: its age, and what owners delegated to it",
      who: "host",
      staff: { role: "viewer" },
      replies: { 200: z.looseObject({ key: z.string(), sinceMs: z.number() }) },
      answer: async (): Promise<GatewayKeyView> => ({
        ...{ key: toHex(publicKey), sinceMs: keySinceMs, isCredential },
        delegations: units.delegations().map(({ by, cti, expiresAtS, ...each }) => ({
          ...{ ...each, by: toHex(by), number: toHex(cti) },
          expiresMs: expiresAtS === undefined ? null : expiresAtS * 1_000,
        })),
      }),
    }),
    route({
      method: "POST",
      path: "/v1/gateway/invitations",
      summary: "Makes a code by which an owner's phone brings a unit, once, within an hour",
      who: "host",
      staff: ADMIN,
      replies: { 200: z.object({ code: z.string(), key: z.string() }) },
      async answer({ who }) {
        const code = randomBytes(16).toString("base64url");
        const oldest = invitations.keys().next();
        if (invitations.size >= INVITATIONS_MAX && !oldest.done) invitations.delete(oldest.value);
        invitations.set(hashOf(code), { by: who.name, untilMs: performance.now() + INVITATION_MS });
        note(who.name, "invite a unit", "done");
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
        const invitation = invitations.get(hashOf(code));
        if (invitation === undefined || invitation.untilMs < performance.now()) {
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
        note(invitation.by, `add unit ${place.name}`, described.ok ? "connected" : described.fault, place.id);
        return { id: place.id, connected: described.ok, fault: described.ok ? null : described.fault };
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/gateway/units/{device}",
      summary: "Forgets a unit and its chain",
      who: "host",
      staff: ADMIN,
      replies: { 200: done },
      async answer({ who, params }) {
        await orRefuse(() => units.remove(params.device ?? ""));
        note(who.name, "remove unit", "done", params.device);
        return { ok: true };
      },
    }),
    route({
      method: "POST",
      path: "/v1/gateway/clients",
      summary: "Registers a program; its secret is shown once",
      who: "host",
      staff: ADMIN,
      body: z.object({ id: z.string(), role, scope: z.string(), redirectUris: z.array(z.url()).default([]) }),
      replies: { 200: z.object({ id: z.string(), secret: z.string() }) },
      async answer({ who, body }) {
        const secret = await orRefuse(() => registerClient(artifacts, body));
        note(who.name, `register ${body.id}`, body.scope);
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
      async answer({ who, body }) {
        const secret = await orRefuse(() => registerResource(artifacts, body.url));
        note(who.name, `register resource ${body.url}`, "done");
        return { secret };
      },
    }),
  ];
}
