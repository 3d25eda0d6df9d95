/** A rollout: the delivery of one release to devices in waves, with the limits at which it stops by itself. */

/** A wave takes in every device whose bucket is below its share; the lab wave takes in lab devices only (share 0). */
export interface Wave {
  readonly name: string;
  /** Hundredths of a percent, 0 to 10000, rising from wave to wave. */
  readonly share: number;
}

export const WAVES: readonly Wave[] = [
  { name: "lab", share: 0 },
  { name: "1 %", share: 100 },
  { name: "5 %", share: 500 },
  { name: "25 %", share: 2_500 },
  { name: "100 %", share: 10_000 },
];

/** When a rollout halts by itself, and how long a wave is watched before the next one opens. */
export interface Limits {
  /** Failures (a rejected or refused release) in all. */
  readonly failures: number;
  /** Failures among finished devices, 0 to 1, once `sample` devices have finished. */
  readonly failureRate: number;
  /** Silent devices among those that began, 0 to 1, once `sample` devices have begun. */
  readonly silenceRate: number;
  readonly sample: number;
  /** A device that began and has not been heard for this long is silent. */
  readonly silenceMs: number;
  /** The least time a wave is open before the next one. */
  readonly soakMs: number;
}

export const LIMITS: Limits = {
  failures: 100,
  failureRate: 0.05,
  silenceRate: 0.2,
  sample: 10,
  silenceMs: 3_600_000,
  soakMs: 3_600_000,
};

export type RolloutState = "running" | "halted" | "cancelled";

export interface Rollout {
  readonly id: string;
  readonly product: string;
  /** The release's sequence number. */
  readonly sequence: number;
  readonly state: RolloutState;
  /** Index into `waves` of the widest open wave. */
  readonly wave: number;
  /** Time of day since which the wave is open, for people. */
  readonly waveSinceMs: number;
  /** Up time since which it is watched. */
  readonly waveSinceUpMs: number;
  readonly waves: readonly Wave[];
  readonly limits: Limits;
  /** Failures and silences of before the last resume that still are: the operator has seen them, they don't halt it again. */
  readonly forgiven: Forgiven;
  /** Why it is in this state: who or which limit, in words. */
  readonly because: string;
}

interface Forgiven {
  readonly failed: number;
  readonly silent: number;
}

/** Where one device is with one release. The last three are ends, of which `confirmed` is the good one. */
export type AttemptState = "offered" | "fetching" | "trial" | "rolled-back" | "confirmed" | "rejected" | "refused";

/** How many members of the open waves stand where. */
export interface Tally {
  /** Devices that the last wave would take in. */
  readonly eligible: number;
  readonly members: number;
  readonly offered: number;
  readonly fetching: number;
  readonly trial: number;
  readonly rolledBack: number;
  readonly confirmed: number;
  readonly rejected: number;
  readonly refused: number;
  /** Began, not finished, and not heard for `silenceMs`; these are counted under their state as well. */
  readonly silent: number;
  /** Rolled back, and not heard for `silenceMs` since; counted under `rolledBack` as well. */
  readonly away: number;
  /** Run a newer release instead, and are counted nowhere else. */
  readonly superseded: number;
}

/** What the engine should do with a running rollout now, and why. */
type Verdict =
  | { readonly do: "wait"; readonly because: string }
  | { readonly do: "open"; readonly wave: number; readonly because: string }
  | { readonly do: "halt"; readonly because: string };

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;

/** Devices that ended badly. */
export const failuresOf = (tally: Tally) => tally.rejected + tally.refused;

/** Members that run the release, as a share of all; 1 when there are none. */
export const progressOf = (tally: Tally) => (tally.members === 0 ? 1 : tally.confirmed / tally.members);

/** Members from which nothing more is to come: they run the release, failed with it, or run a newer one. */
export const settledOf = (tally: Tally) => tally.confirmed + failuresOf(tally) + tally.superseded;

/** Devices that began and stopped talking, or gave up their trial because nobody answered. */
export const silencesOf = (tally: Tally) => tally.silent + tally.rolledBack;

/** What is left to forgive: a device that recovered leaves no room for another one's failure. */
export function stillForgiven({ forgiven }: Rollout, tally: Tally): Forgiven {
  const failed = Math.min(forgiven.failed, failuresOf(tally));
  const silent = Math.min(forgiven.silent, silencesOf(tally));
  return failed === forgiven.failed && silent === forgiven.silent ? forgiven : { failed, silent };
}

/**
 * Judges a running rollout by what its devices report: halt on count, on rate and on silence, in that order; else
 * open the next wave once this one was watched long enough and a member of it has confirmed, or it has no members.
 * @param upMs The up time: corrections of the time of day neither end a watch nor prolong it.
 */
export function judge(rollout: Rollout, tally: Tally, upMs: number): Verdict {
  const { limits, forgiven } = rollout;
  const failed = Math.max(0, failuresOf(tally) - forgiven.failed);
  const finished = failed + tally.confirmed;
  if (failed >= limits.failures) {
    return { do: "halt", because: `${failed} devices failed; the limit is ${limits.failures}` };
  }
  if (finished >= limits.sample && failed / finished > limits.failureRate) {
    const rate = percent(failed / finished);
    return {
      do: "halt",
      because: `${rate} of ${finished} finished devices failed; the limit is ${percent(limits.failureRate)}`,
    };
  }
  const begun = finished + tally.fetching + tally.trial + tally.rolledBack;
  const silent = Math.max(0, silencesOf(tally) - forgiven.silent);
  if (begun >= limits.sample && silent / begun > limits.silenceRate) {
    const rate = percent(silent / begun);
    return {
      do: "halt",
      because: `${rate} of ${begun} devices fell silent; the limit is ${percent(limits.silenceRate)}`,
    };
  }
  const next = rollout.waves[rollout.wave + 1];
  const name = rollout.waves[rollout.wave]?.name ?? "";
  if (next === undefined) return { do: "wait", because: `wave ${name} is the last one` };
  if (tally.eligible === 0) return { do: "wait", because: "no device that it is for is enrolled" };
  if (tally.members === 0) return { do: "open", wave: rollout.wave + 1, because: `wave ${name} has no devices` };
  if (tally.confirmed === 0) return { do: "wait", because: `no device of wave ${name} has confirmed yet` };
  const busy = tally.fetching + tally.trial + tally.rolledBack - tally.silent - tally.away;
  if (busy > 0) return { do: "wait", because: `${busy} devices of wave ${name} are still at it` };
  const leftMs = rollout.waveSinceUpMs + limits.soakMs - upMs;
  if (leftMs > 0) return { do: "wait", because: `wave ${name} is watched for ${Math.ceil(leftMs / 1000)} s more` };
  return { do: "open", wave: rollout.wave + 1, because: `${tally.confirmed} devices of wave ${name} confirmed` };
}
