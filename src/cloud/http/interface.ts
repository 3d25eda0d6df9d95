/**
 * What the operator interface answers with, as types alone: for the command line, and for pages, which import nothing else of the
 * cloud. Times are Unix milliseconds. The schemas in replies.ts are checked against these.
 */
import type { AttemptState, Rollout, Tally } from "#cloud/rollout/rollout-plan.ts";

export type { AttemptState, Rollout, Tally };

/** One unit's way with one release. */
export interface AttemptView {
  /** The release's sequence number. */
  readonly sequence: number;
  readonly state: AttemptState;
  /** Name of the fault that the unit gave, or empty. */
  readonly fault: string;
  readonly beganMs: number;
  /** When the unit last said something new of it. */
  readonly heardMs: number;
}

/** A unit in a list. */
export interface DeviceSummary {
  /** 24 hexadecimal digits. */
  readonly id: string;
  /** What staff call it; empty where nobody named it. */
  readonly name: string;
  readonly product: string;
  readonly fleet: string;
  readonly hardware: number;
  readonly lab: boolean;
  /** The release that it runs; 0: the one from the factory. */
  readonly sequence: number;
  readonly online: boolean;
  /** 0: it was never heard. */
  readonly heardMs: number;
  /** Where it is with the newest release that it was offered and does not run. */
  readonly attempt?: AttemptView | undefined;
}

export const DEVICE_STATES = ["online", "offline", "never", "updating", "failed"] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** Part of a list: the units in the order of their IDs, and the ID to go on after. */
export interface Page<Item> {
  readonly total: number;
  /** Pass it as `after` for what follows; absent on the last page. */
  readonly next?: string | undefined;
  readonly devices: readonly Item[];
}

export type DevicePage = Page<DeviceSummary>;

/** The units of one product in one fleet. */
export interface FleetView {
  readonly product: string;
  readonly fleet: string;
  readonly devices: number;
  readonly online: number;
  /** Units whose newest release failed on them. */
  readonly failed: number;
}

/** A unit that a rollout reaches, and where it is with the rollout's release. */
export interface RolloutDevice extends DeviceSummary {
  /** "waiting": in an open wave, and not offered yet. "superseded": it runs a newer release instead. */
  readonly state: AttemptState | "waiting" | "superseded";
  readonly fault: string;
  /** It began and was not heard for the rollout's `silenceMs`. */
  readonly isSilent: boolean;
}

export const ROLLOUT_DEVICE_STATES = [
  "failed",
  "silent",
  "waiting",
  "offered",
  "fetching",
  "trial",
  "rolled-back",
  "confirmed",
  "rejected",
  "refused",
  "superseded",
] as const;
export type RolloutDeviceState = (typeof ROLLOUT_DEVICE_STATES)[number];

export interface RolloutStatus {
  readonly rollout: Rollout;
  readonly tally: Tally;
  /** Reasons for which devices failed, most frequent first. */
  readonly reasons: readonly { readonly fault: string; readonly devices: number }[];
  /** When devices finished: sorted, at most 400 of each kind. */
  readonly confirmedMs: readonly number[];
  readonly failedMs: readonly number[];
  /** Why the engine waits: what the open wave still lacks. Absent when it moves on, or is halted or cancelled. */
  readonly waitsFor?: string | undefined;
  /** The running rollout of a newer release, which units take instead of this one's. */
  readonly overtakenBy?: string | undefined;
}

/** One thing that was looked at. The first that does not hold decided. */
interface CheckView {
  readonly check: string;
  readonly holds: boolean;
  readonly says: string;
}

interface DecisionView {
  readonly rollout?: string | undefined;
  readonly sequence: number;
  readonly offer: boolean;
  readonly checks: readonly CheckView[];
}

/** Which release a unit should have now, and every check that was made, newest release first. */
export interface Explanation {
  readonly taken?: DecisionView | undefined;
  readonly all: readonly DecisionView[];
}

/** Everything that is known of a unit. */
/** The last failure of a unit's app, as far as its owner lets the maker see it. */
export interface CrashView {
  readonly atMs: number;
  /** What the owner allows: "crashes" without values, or "all". */
  readonly level: string;
  /** As the bundle calls itself. */
  readonly release: string;
  /** The function, variable or the like. */
  readonly name: string;
  /** At "crashes" the kind of the error alone. */
  readonly message: string;
  readonly fault: string;
  /** The engine's lines, with the bundle's names; `latchkey cloud crash --names` puts the sources' in their place. */
  readonly stack: string;
  /** The unit's last lines; empty but at "all". */
  readonly lines: string;
  readonly missed: number;
}

export interface DeviceView extends Omit<DeviceSummary, "attempt"> {
  readonly publicKey: string;
  readonly card: string;
  readonly pin?: number | undefined;
  readonly target?: number | undefined;
  /** Minutes of the day in UTC. */
  readonly window?: { readonly fromMinute: number; readonly toMinute: number } | undefined;
  /** Until when it sleeps: -1 until its pin wakes it, 0 when it doesn't. */
  readonly asleepUntilMs: number;
  readonly attempts: readonly AttemptView[];
  /** Absent where its app never failed, or its owner lets nobody see it. */
  readonly crash?: CrashView | undefined;
}

export interface ReleaseView {
  readonly product: string;
  readonly sequence: number;
  readonly hardware: readonly number[];
  readonly withdrawn: boolean;
  readonly publishedMs: number;
  readonly consent: string;
  readonly epoch: number;
  readonly signedBytes: number;
}

/** A release that was uploaded and not published yet. */
export interface DraftView {
  readonly product: string;
  readonly sequence: number;
  readonly uploadedMs: number;
}

/** What was done and why: the operator's acts, the engine's own, and what units' apps threw. */
export interface JournalEntry {
  readonly number: number;
  readonly at_ms: number;
  /** A unit, a rollout, a release, or the path of a request. */
  readonly subject: string;
  readonly what: string;
  readonly because: string;
}

/** A public key that units or the cloud trust. */
export interface KeyView {
  readonly product: string;
  readonly role: "root" | "release" | "timestamp" | "time" | "issuer";
  /** Short name: 16 hexadecimal digits. */
  readonly name: string;
  /** When this cloud first saw it. */
  readonly seenMs: number;
  /** Whether the cloud holds its private half. */
  readonly isHere: boolean;
}

/** Who bears the token. */
export interface Self {
  readonly name: string;
  readonly role: string;
  /** Unix milliseconds of the login with password and second factor; absent for a program. */
  readonly authenticatedMs?: number | undefined;
}

/** Whose accounts let staff into the console; without them for a cloud that has only its operator key. */
export interface ConsoleConfig {
  readonly party: "cloud";
  /** The authorization server's address. */
  readonly issuer?: string | undefined;
  /** This cloud's own address, which tokens are for. */
  readonly audience?: string | undefined;
}
