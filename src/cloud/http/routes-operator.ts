/** The operator's routes for units and releases. Every change is durable when it is answered. */

import { z } from "@hono/zod-openapi";
import { fromHex, toHex } from "#base/bytes.ts";
import { crashOf } from "#cloud/crashes.ts";
import type { DeviceMessages } from "#cloud/device-messages.ts";
import type { Device, Enrolment, Fleet } from "#cloud/fleet.ts";
import type { RevocationRegister } from "#cloud/issuer/revocation-register.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import type { Drafts } from "#cloud/releases/drafts.ts";
import type { Releases } from "#cloud/releases/releases.ts";
import type { Rollouts } from "#cloud/rollout/rollouts.ts";
import { type Counters, metricsText } from "#cloud/status/metrics.ts";
import { type Status, statusOf } from "#cloud/status/status.ts";
import { SCRIPT, statusPage } from "#cloud/status/status-page.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { isKeyOf } from "#trust/device-id.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { isFleet } from "#wire/link/topics.ts";
import { publish, signedFileOf } from "./publish-release.ts";
import {
  decisionReply,
  deviceReply,
  enrolledReply,
  publishedReply,
  releasesReply,
  statusReply,
  windowSchema,
  withdrawnReply,
} from "./replies.ts";
import { HttpRefusal, type HttpRequest, json, jsonRoute, type Member, type Route } from "./route.ts";

export interface OperatorRouteParts {
  readonly fleet: Fleet;
  readonly releases: Releases;
  readonly drafts: Drafts;
  readonly rollouts: Rollouts;
  readonly revocations: RevocationRegister;
  readonly deviceMessages: DeviceMessages;
  readonly timestampSigner: TimestampSigner;
  readonly queue: WriteQueue;
  readonly store: Store;
  /** Resolves once everything handed to the broker before is out of our hands. */
  settled(): Promise<void>;
  /** Units were enrolled: their fleets may be new. */
  enrolled(): Promise<void>;
  counters(): Counters;
}

const RELEASE_FILE_BYTES_MAX = 32 * 1024 * 1024;
const ENROL_BYTES_MAX = 32 * 1024 * 1024;

const hexOf = (byteLength: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${byteLength * 2}}$`), `${byteLength * 2} hexadecimal digits`);

/** One line of text, which pages and terminals show. */
const deviceName = z
  .string()
  .trim()
  .max(64)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, "one line of text");

const enrolments = z.array(
  z.object({
    id: hexOf(12),
    publicKey: hexOf(32),
    product: z.string().min(1).max(32),
    hardware: z.int().min(0).max(0xffff),
    fleet: z.string().refine(isFleet, "1 to 32 of a-z, 0-9 and hyphen"),
    lab: z.boolean().optional(),
    card: z.enum(["noFlash", "all"]).optional(),
    name: deviceName.optional(),
  }),
);

const steering = z.object({
  name: deviceName.optional(),
  pin: z.int().min(0).nullable().optional(),
  target: z.int().min(0).nullable().optional(),
  window: windowSchema
    .refine(({ fromMinute, toMinute }) => fromMinute !== toMinute, "never opens: fromMinute and toMinute are the same")
    .nullable()
    .optional(),
  lab: z.boolean().optional(),
});

export const reason = z.object({ because: z.string().min(1).max(200).optional() });

/** What the journal says where nobody gave a reason. */
export const askedFor = (who: Member | undefined): string =>
  `${who?.authenticatedS === undefined ? "the operator" : who.name} asked for it`;

/** A sentence becomes a refusal. */
export function orRefuse<T>(outcome: T | string): T {
  if (typeof outcome === "string") throw new HttpRefusal(409, outcome);
  return outcome;
}

export function operatorRoutes(parts: OperatorRouteParts): readonly Route[] {
  const { fleet, releases, rollouts, deviceMessages, queue, store } = parts;

  const deviceOf = ({ params }: HttpRequest): Device => {
    const device = fleet.get(params.device ?? "");
    if (device === undefined) throw new HttpRefusal(404, `no device ${params.device} is enrolled`);
    return device;
  };
  const status = (): Status => statusOf(parts, Date.now());
  /** Tells the devices of a product, after an answer was given or not: what counts is that nothing stale goes out. */
  const retell = (product: string) => void deviceMessages.offerAgain(new Set([product])).catch(() => undefined);

  return [
    {
      method: "GET",
      path: "/",
      summary: "The status page; a browser opens it by: latchkey cloud open",
      who: "viewer",
      replies: { 200: "text/html" },
      answer: () => ({
        status: 200,
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": `default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-${Buffer.from(nodePrimitives.sha256(Buffer.from(SCRIPT))).toString("base64")}'`,
        },
        body: statusPage(status()),
      }),
    },
    {
      method: "GET",
      path: "/v1/status",
      summary: "Devices, versions, rollouts",
      who: "operator",
      replies: { 200: statusReply },
      answer: () => json(status()),
    },
    {
      method: "GET",
      path: "/metrics",
      summary: "Figures for Prometheus",
      who: "operator",
      replies: { 200: "text/plain" },
      answer: () => ({
        status: 200,
        headers: { "content-type": "text/plain; version=0.0.4" },
        body: metricsText(status(), parts.counters()),
      }),
    },
    jsonRoute({
      method: "POST",
      path: "/v1/devices",
      summary: "Enrols units from the factory, or changes fleet, lab and card of known ones",
      who: "operator",
      body: enrolments,
      bodyBytesMax: ENROL_BYTES_MAX,
      replies: { 200: enrolledReply },
      async answer({ json: body }) {
        const units = body.map(
          ({ id, publicKey, product, hardware, fleet: fleetName, lab, card, name }): Enrolment => ({
            id,
            publicKey: fromHex(publicKey) as Uint8Array,
            product,
            hardware,
            fleet: fleetName,
            ...(lab === undefined ? {} : { lab }),
            ...(card === undefined ? {} : { card }),
            ...(name === undefined ? {} : { name }),
          }),
        );
        const forged = units.find((unit) => !isKeyOf(nodePrimitives, fromHex(unit.id) as Uint8Array, unit.publicKey));
        if (forged !== undefined)
          throw new HttpRefusal(400, `the key of ${forged.id} is not the one that its ID names`);
        for (const unit of units) fleet.enrol(unit);
        await queue.commit();
        await parts.enrolled();
        return json({ enrolled: units.length, devices: fleet.size });
      },
    }),
    {
      method: "GET",
      path: "/v1/devices/{device}",
      summary: "What is known of a device",
      who: "operator",
      replies: { 200: deviceReply },
      async answer(ask) {
        const { publicKey, attempts: _, nonceMs: __, history, ...device } = deviceOf(ask);
        const attempts = [...history].map(([sequence, attempt]) => ({ sequence, ...attempt }));
        const crash = await crashOf(store, device.id);
        return json({ ...device, publicKey: toHex(publicKey), attempts, ...(crash && { crash }) });
      },
    },
    {
      method: "GET",
      path: "/v1/devices/{device}/explain",
      summary: "Which release a device should have, and every check that was made",
      who: "operator",
      replies: { 200: decisionReply },
      answer: (ask) => json(rollouts.decideFor(deviceOf(ask), Date.now())),
    },
    jsonRoute({
      method: "POST",
      path: "/v1/devices/{device}/steer",
      summary: "Sets name, pin, target, maintenance window (UTC) or lab of a device; null takes one away",
      who: "operator",
      body: steering,
      replies: { 200: decisionReply },
      async answer(ask) {
        const device = deviceOf(ask);
        const { name, pin, target, window, lab } = ask.json;
        fleet.steer(device, {
          ...(name === undefined ? {} : { name }),
          ...(pin === undefined ? {} : { pin }),
          ...(target === undefined ? {} : { target }),
          ...(window === undefined ? {} : { window }),
          ...(lab === undefined ? {} : { lab }),
        });
        const what = JSON.stringify(ask.json);
        queue.event({ at_ms: Date.now(), subject: device.id, what: "steered", because: what });
        await queue.commit();
        retell(device.product);
        return json(rollouts.decideFor(device, Date.now()));
      },
    }),
    {
      method: "GET",
      path: "/v1/releases",
      summary: "The releases that were published",
      who: "operator",
      replies: { 200: releasesReply },
      answer: () =>
        json(
          releases.all().map(({ product, sequence, hardware, withdrawn, publishedMs, release, signed }) => ({
            product,
            sequence,
            hardware,
            withdrawn,
            publishedMs,
            consent: release.consent,
            epoch: release.epoch,
            signedBytes: signed.length,
          })),
        ),
    },
    {
      method: "POST",
      path: "/v1/releases",
      summary: "Publishes a signed release file; nobody is offered it before a rollout, or a target, says so",
      who: "operator",
      body: "bytes",
      bodyBytesMax: RELEASE_FILE_BYTES_MAX,
      replies: { 200: publishedReply },
      answer: async ({ bytes }) => json(await publish(parts, signedFileOf(bytes))),
    },
    jsonRoute({
      method: "POST",
      path: "/v1/releases/{product}/{sequence}/withdraw",
      summary: "Withdraws a release for good; once answered, no block of it is sent",
      who: "operator",
      body: reason,
      replies: { 200: withdrawnReply },
      async answer({ params, who, json: { because } }) {
        const product = params.product ?? "";
        orRefuse(await releases.withdraw(product, Number(params.sequence), because ?? askedFor(who), Date.now()));
        await parts.settled();
        retell(product);
        return json({ product, sequence: Number(params.sequence), withdrawn: true });
      },
    }),
  ];
}
