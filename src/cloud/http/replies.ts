/** Schemas of what the operator interface answers with. The interfaces that they describe stand beside their producers. */
import { z } from "@hono/zod-openapi";
import {
  type CrashView,
  DEVICE_STATES,
  type DevicePage,
  type DeviceView,
  type DraftView,
  type Explanation,
  type FleetView,
  type JournalEntry,
  type KeyView,
  type Page,
  type ReleaseView,
  ROLLOUT_DEVICE_STATES,
  type RolloutDevice,
  type RolloutStatus,
  type Self,
} from "#cloud/http/interface.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import type { Rollout, Tally } from "#cloud/rollout/rollout-plan.ts";
import type { Status } from "#cloud/status/status.ts";

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
  superseded: count.openapi({ description: "run a newer release instead, and are counted nowhere else" }),
}) satisfies z.ZodType<Tally>;

export const rolloutStatusReply = z
  .object({
    rollout: rolloutSchema,
    tally: tallySchema,
    reasons: z.array(z.object({ fault: z.string(), devices: count })),
    confirmedMs: z.array(unixMs),
    failedMs: z.array(unixMs),
    waitsFor: z.string().optional().openapi({ description: "why the engine waits" }),
    overtakenBy: z
      .string()
      .optional()
      .openapi({ description: "the running rollout of a newer release, which units take instead" }),
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

export const decisionReply = z.object({
  taken: decisionSchema.optional(),
  all: z.array(decisionSchema),
}) satisfies z.ZodType<Explanation>;

const minute = z.int().min(0).max(1_439).openapi({ description: "minute of the day in UTC" });
export const windowSchema = z.object({ fromMinute: minute, toMinute: minute });

const attemptSchema = z.object({
  sequence,
  state: attemptState,
  fault: z.string().openapi({ description: "name of the fault that the unit gave, or empty" }),
  beganMs: unixMs,
  heardMs: unixMs,
});

const deviceBase = z.object({
  id: z.string().openapi({ description: "24 hexadecimal digits" }),
  name: z.string().openapi({ description: "what staff call it, or empty" }),
  product: z.string(),
  fleet: z.string(),
  hardware: count,
  lab: z.boolean(),
  sequence,
  online: z.boolean(),
  heardMs: unixMs.openapi({ description: "0: it was never heard" }),
});

const deviceSummary = deviceBase
  .extend({
    attempt: attemptSchema.optional().openapi({ description: "with the newest release that it does not run" }),
  })
  .openapi("DeviceSummary");

const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    total: count,
    next: z
      .string()
      .optional()
      .openapi({ description: "pass it as `after` for what follows; absent on the last page" }),
    devices: z.array(item),
  });

export const devicesReply = pageOf(deviceSummary) satisfies z.ZodType<DevicePage>;

export const fleetsReply = z.array(
  z.object({ product: z.string(), fleet: z.string(), devices: count, online: count, failed: count }).openapi("Fleet"),
) satisfies z.ZodType<readonly FleetView[]>;

const rolloutDevice = deviceSummary
  .extend({
    state: z.union([attemptState, z.enum(["waiting", "superseded"])]),
    fault: z.string(),
    isSilent: z.boolean().openapi({ description: "it began and was not heard for the rollout's silenceMs" }),
  })
  .openapi("RolloutDevice");

export const rolloutDevicesReply = pageOf(rolloutDevice) satisfies z.ZodType<Page<RolloutDevice>>;

const pageQuery = {
  after: z.string().max(24).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};
const text = z.string().max(64).optional();

export const devicesQuery = z.strictObject({
  search: text.openapi({ description: "part of an ID or a name" }),
  product: text,
  fleet: text,
  sequence: z.coerce.number().int().min(0).optional().openapi({ description: "the release that it runs" }),
  state: z.enum(DEVICE_STATES).optional(),
  ...pageQuery,
});

export const rolloutDevicesQuery = z.strictObject({
  state: z.enum(ROLLOUT_DEVICE_STATES).default("failed"),
  fault: text.openapi({ description: "the reason that the unit gave" }),
  ...pageQuery,
});

export const journalQuery = z.strictObject({
  subject: z.string().max(200).optional().openapi({ description: "a unit, a rollout, a release, or a path" }),
  search: text.openapi({ description: "part of what an entry is about, what was done, or why, in any case" }),
  before: z.coerce.number().int().min(0).optional().openapi({ description: "entries older than this number" }),
  limit: z.coerce.number().int().min(1).max(200).default(200),
});

export const keysReply = z.array(
  z
    .object({
      product: z.string(),
      role: z.enum(["root", "release", "timestamp", "time", "issuer"]),
      name: z.string().openapi({ description: "16 hexadecimal digits" }),
      seenMs: unixMs.openapi({ description: "when this cloud first saw it" }),
      isHere: z.boolean().openapi({ description: "whether its private half stands in the cloud's folder" }),
    })
    .openapi("Key"),
) satisfies z.ZodType<readonly KeyView[]>;

export const selfReply = z.object({
  name: z.string(),
  role: z.string(),
  authenticatedMs: unixMs.optional().openapi({ description: "login with password and second factor" }),
}) satisfies z.ZodType<Self>;

const crashSchema = z
  .object({
    atMs: unixMs,
    level: z.string().openapi({ description: "what the unit's owner allows: crashes (no values), or all" }),
    release: z.string(),
    name: z.string().openapi({ description: "the app's function or variable" }),
    message: z.string().openapi({ description: "at the level crashes the kind of the error alone" }),
    fault: z.string(),
    stack: z.string().openapi({ description: "a line for each function, by the bundle's names" }),
    lines: z.string().openapi({ description: "the unit's last lines, at the level all" }),
    missed: count,
  })
  .openapi("Crash") satisfies z.ZodType<CrashView>;

export const deviceReply = deviceBase
  .extend({
    publicKey: z.string(),
    card: z.string(),
    pin: sequence.optional(),
    target: sequence.optional(),
    window: windowSchema.optional(),
    heardUpMs: z.number().openapi({ description: "when it was heard, in milliseconds of the cloud's up time" }),
    asleepUntilMs: z.number().openapi({
      description: "until when it sleeps, Unix milliseconds; -1 until its pin wakes it, 0 when it doesn't sleep",
    }),
    attempts: z.array(attemptSchema),
    crash: crashSchema.optional(),
  })
  .openapi("Device") satisfies z.ZodType<DeviceView>;

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
) satisfies z.ZodType<readonly ReleaseView[]>;

export const draftsReply = z.array(z.object({ product: z.string(), sequence, uploadedMs: unixMs })) satisfies z.ZodType<
  readonly DraftView[]
>;

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
) satisfies z.ZodType<readonly JournalEntry[]>;
