/** Decides which release a device should have, and gives the reason. It is pure: all inputs are arguments. */
import { bucketOf } from "./bucket.ts";
import type { AttemptState, Rollout } from "./rollout-plan.ts";

/** Minutes of the day in UTC; `fromMinute` may be above `toMinute`, then the window spans midnight. */
export interface MaintenanceWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** What the cloud knows of one device. */
export interface DeviceFacts {
  readonly id: string;
  readonly product: string;
  readonly hardware: number;
  readonly lab: boolean;
  /** Sequence of the confirmed release; 0 as it left the line. */
  readonly sequence: number;
  /** Stay at or below this sequence, whatever is rolled out. */
  readonly pin?: number;
  /** Go to this sequence, whatever wave is open. */
  readonly target?: number;
  readonly window?: MaintenanceWindow;
  /** Where this device is with each release that it was ever offered, by sequence. */
  readonly attempts: ReadonlyMap<number, AttemptState>;
}

/** What decides of a release whether a device may have it. */
export interface ReleaseFacts {
  readonly sequence: number;
  readonly product: string;
  readonly hardware: readonly number[];
  readonly withdrawn: boolean;
}

/** One thing that was looked at. The first that does not hold decided. */
interface Check {
  readonly check: string;
  readonly holds: boolean;
  readonly says: string;
}

export interface Decision {
  /** The rollout that gives the release, or undefined for a per-device target. */
  readonly rollout: string | undefined;
  readonly sequence: number;
  readonly offer: boolean;
  readonly checks: readonly Check[];
}

/** Whether a moment lies in a maintenance window. */
export function isInWindow(window: MaintenanceWindow, nowMs: number): boolean {
  const minute = Math.floor(nowMs / 60_000) % 1_440;
  return window.fromMinute <= window.toMinute
    ? minute >= window.fromMinute && minute < window.toMinute
    : minute >= window.fromMinute || minute < window.toMinute;
}

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function releaseChecks(device: DeviceFacts, release: ReleaseFacts, nowMs: number): Check[] {
  const attempt = device.attempts.get(release.sequence);
  // A device in the middle of an update goes on outside its window: half an image is worth nothing to anybody.
  const begun = attempt === "fetching" || attempt === "trial";
  const { pin, window } = device;
  return [
    {
      check: "product",
      holds: device.product === release.product,
      says: `device is a ${device.product}, release ${release.sequence} is for ${release.product}`,
    },
    {
      check: "hardware",
      holds: release.hardware.includes(device.hardware),
      says: `device has hardware revision ${device.hardware}, release is for ${release.hardware.join(", ")}`,
    },
    {
      check: "newer",
      holds: release.sequence > device.sequence,
      says: `device runs ${device.sequence}, release is ${release.sequence}`,
    },
    {
      check: "not withdrawn",
      holds: !release.withdrawn,
      says: release.withdrawn ? "release was withdrawn" : "release stands",
    },
    {
      check: "pin",
      holds: pin === undefined || release.sequence <= pin,
      says: pin === undefined ? "device is not pinned" : `device is pinned to ${pin}`,
    },
    {
      check: "not failed before",
      holds: attempt !== "rejected" && attempt !== "refused",
      says: attempt === undefined ? "device never had it" : `last report of the device: ${attempt}`,
    },
    {
      check: "maintenance window",
      holds: begun || window === undefined || isInWindow(window, nowMs),
      says: window === undefined ? "device has none" : `${clock(window.fromMinute)} to ${clock(window.toMinute)} UTC`,
    },
  ];
}

function rolloutChecks(device: DeviceFacts, rollout: Rollout): Check[] {
  const wave = rollout.waves[rollout.wave];
  const share = wave?.share ?? 0;
  const bucket = bucketOf(rollout.id, device.id);
  return [
    { check: "rollout", holds: rollout.state === "running", says: `rollout is ${rollout.state}: ${rollout.because}` },
    {
      check: "wave",
      holds: device.lab || bucket < share,
      says: device.lab
        ? "device is a lab device, which every wave takes in"
        : `device is in bucket ${bucket}, wave ${wave?.name ?? "none"} takes in those below ${share}`,
    },
  ];
}

/** Judges one release for one device; every check is made and told, so that the answer can be explained. */
export function judgeRelease(
  device: DeviceFacts,
  release: ReleaseFacts,
  rollout: Rollout | undefined,
  nowMs: number,
): Decision {
  const targeted: Check = {
    check: "target",
    holds: device.target === release.sequence,
    says: device.target === undefined ? "device has no target" : `device's target is ${device.target}`,
  };
  const checks = releaseChecks(device, release, nowMs);
  if (rollout === undefined) checks.push(targeted);
  // A target goes before waves, but a halted release reaches nobody.
  else if (targeted.holds) checks.push(...rolloutChecks(device, rollout).slice(0, 1), targeted);
  else checks.push(...rolloutChecks(device, rollout));
  return {
    rollout: rollout?.id,
    sequence: release.sequence,
    offer: checks.every((check) => check.holds),
    checks,
  };
}

/**
 * The release that a device should have now: of all that may be offered the newest one.
 * @returns The decision taken, or undefined for "nothing"; and all decisions, newest release first.
 */
export function decide(
  device: DeviceFacts,
  releases: readonly ReleaseFacts[],
  rollouts: readonly Rollout[],
  nowMs: number,
): { readonly taken: Decision | undefined; readonly all: readonly Decision[] } {
  const all: Decision[] = [];
  for (const release of releases) {
    if (release.product !== device.product) continue;
    const own = rollouts.filter(
      (rollout) => rollout.product === release.product && rollout.sequence === release.sequence,
    );
    if (own.length === 0) all.push(judgeRelease(device, release, undefined, nowMs));
    for (const rollout of own) all.push(judgeRelease(device, release, rollout, nowMs));
  }
  all.sort((a, b) => b.sequence - a.sequence);
  return { taken: all.find((decision) => decision.offer), all };
}
