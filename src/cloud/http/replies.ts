/** Schemas of what the operator interface answers with. The interfaces that they describe stand beside their producers. */
import { z } from "@hono/zod-openapi";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import type { Rollout, Tally } from "#cloud/rollout/rollout-plan.ts";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";

const count = z.int().min(0);
const unixMs = z.number().openapi({ description: "Unix time in milliseconds" });
const sequence = z.int().min(0).openapi({ description: "sequence number of a release; 0: the one from the factory" });
const share = z.number().min(0).max(1);
const attemptState = z.enum(["offered", "fetching", "trial", "rolled-back", "confirmed", "rejected", "refused"]);

export const waveSchema = z.object({ name: z.string().min(1).max(32), share: z.int().min(0).max(10_000) });

export const limitsSchema = z.object({
  failures: z.int().min(1),
  failureRate: share,
  silenceRate: share,
  sample: z.int().min(1),
  silenceMs: z.int().min(1),
  soakMs: z.int().min(0),
});

const rolloutSchema = z
  .object({
    id: z.string(),
    product: z.string(),
    sequence,
    state: z.enum(["running", "halted", "cancelled"]),
    wave: count.openapi({ description: "index of the widest open wave" }),
    waveSinceMs: unixMs,
    waveSinceUpMs: z.number().openapi({ description: "since when, in milliseconds of the cloud's up time" }),
    waves: z.array(waveSchema),
    limits: limitsSchema,
    forgiven: z.object({ failed: count, silent: count }),
    because: z.string(),
  })
  .openapi("Rollout") satisfies z.ZodType<Rollout>;

const tallySchema = z.object({
  eligible: count,
  members: count,
  offered: count,
  fetching: count,
  trial: count,
  rolledBack: count,
  confirmed: count,
  rejected: count,
  refused: count,
  silent: count,
  away: count,
}) satisfies z.ZodType<Tally>;

export const rolloutStatusReply = z
  .object({
    rollout: rolloutSchema,
    tally: tallySchema,
    reasons: z.array(z.object({ fault: z.string(), devices: count })),
    confirmedMs: z.array(unixMs),
    failedMs: z.array(unixMs),
    waitsFor: z.string().optional().openapi({ description: "why the engine waits" }),
  })
  .openapi("RolloutStatus") satisfies z.ZodType<RolloutStatus>;

export const revocationStatusReply = z
  .object({
    scope: z.object({ kind: z.enum(["fleet", "device"]), name: z.string() }),
    statements: count,
    devices: count,
    taken: count,
    missing: z.array(z.string()),
  })
  .openapi("RevocationStatus") satisfies z.ZodType<RevocationStatus>;

export const statusReply = z
  .object({
    nowMs: unixMs,
    devices: count,
    online: count,
    versions: z.array(z.object({ product: z.string(), sequence, devices: count })),
    releases: z.array(z.object({ product: z.string(), sequence, withdrawn: z.boolean() })),
    rollouts: z.array(rolloutStatusReply),
    revocations: z.array(revocationStatusReply),
  })
  .openapi("Status") satisfies z.ZodType<Status>;

const decisionSchema = z
  .object({
    rollout: z.string().optional(),
    sequence,
    offer: z.boolean(),
    checks: z.array(z.object({ check: z.string(), holds: z.boolean(), says: z.string() })),
  })
  .openapi("Decision");

export const decisionReply = z.object({ taken: decisionSchema.optional(), all: z.array(decisionSchema) });

const minute = z.int().min(0).max(1_439).openapi({ description: "minute of the day in UTC" });
export const windowSchema = z.object({ fromMinute: minute, toMinute: minute });

export const deviceReply = z
  .object({
    id: z.string(),
    publicKey: z.string(),
    product: z.string(),
    hardware: count,
    fleet: z.string(),
    lab: z.boolean(),
    card: z.string(),
    sequence,
    pin: sequence.optional(),
    target: sequence.optional(),
    window: windowSchema.optional(),
    heardMs: unixMs,
    heardUpMs: z.number().openapi({ description: "when, in milliseconds of the cloud's up time" }),
    online: z.boolean(),
    attempts: z.array(z.object({ sequence, state: attemptState, fault: z.string(), beganMs: unixMs, heardMs: unixMs })),
  })
  .openapi("Device");

export const releasesReply = z.array(
  z.object({
    product: z.string(),
    sequence,
    hardware: z.array(count),
    withdrawn: z.boolean(),
    publishedMs: unixMs,
    consent: z.string(),
    epoch: count,
    signedBytes: count,
  }),
);

export const publishedReply = z.object({
  product: z.string(),
  sequence,
  signedBytes: count,
  wasKnown: z.boolean().openapi({ description: "true: the same release had been published before" }),
});

export const enrolledReply = z.object({ enrolled: count, devices: count });
export const withdrawnReply = z.object({ product: z.string(), sequence, withdrawn: z.literal(true) });

export const journalReply = z.array(
  z.object({ number: count, at_ms: unixMs, subject: z.string(), what: z.string(), because: z.string() }),
);
