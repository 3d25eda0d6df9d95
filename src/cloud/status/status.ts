/** The state of the cloud as plain data, for the status page, `latchkey rollout status` and /metrics. */
import type { Fleet } from "#cloud/fleet.ts";
import type { RolloutStatus } from "#cloud/http/interface.ts";
import type { RevocationRegister, RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import type { Releases } from "#cloud/releases/releases.ts";
import type { Rollout } from "#cloud/rollout/rollout-plan.ts";
import type { Rollouts } from "#cloud/rollout/rollouts.ts";

export type { RolloutStatus };

export interface VersionCount {
  readonly product: string;
  readonly sequence: number;
  readonly devices: number;
}

export interface Status {
  readonly nowMs: number;
  readonly devices: number;
  readonly online: number;
  readonly versions: readonly VersionCount[];
  readonly releases: readonly { product: string; sequence: number; withdrawn: boolean }[];
  readonly rollouts: readonly RolloutStatus[];
  readonly revocations: readonly RevocationStatus[];
}

const CURVE_POINTS = 400;

/** Every n-th of some sorted moments, so that a curve over 100,000 devices stays small; the last one always stays. */
function thin(moments: readonly number[]): number[] {
  const every = Math.ceil(moments.length / CURVE_POINTS);
  return moments.filter((_, i) => i % every === 0 || i === moments.length - 1);
}

interface Parts {
  readonly fleet: Fleet;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly revocations: RevocationRegister;
}

export function statusOf({ fleet, releases, rollouts, revocations }: Parts, nowMs: number): Status {
  const versions = new Map<string, { product: string; sequence: number; devices: number }>();
  let online = 0;
  for (const device of fleet.all()) {
    if (device.online) online++;
    const key = `${device.product} ${device.sequence}`;
    const count = versions.get(key) ?? { product: device.product, sequence: device.sequence, devices: 0 };
    count.devices++;
    versions.set(key, count);
  }
  return {
    nowMs,
    devices: fleet.size,
    online,
    versions: [...versions.values()].sort((a, b) => a.product.localeCompare(b.product) || b.sequence - a.sequence),
    releases: releases.all().map(({ product, sequence, withdrawn }) => ({ product, sequence, withdrawn })),
    rollouts: rollouts.all().map((rollout) => rolloutStatus(fleet, rollouts, rollout)),
    revocations: revocations.status(),
  };
}

export function rolloutStatus(fleet: Fleet, rollouts: Rollouts, rollout: Rollout): RolloutStatus {
  const reasons = new Map<string, number>();
  const confirmedMs: number[] = [];
  const failedMs: number[] = [];
  for (const device of fleet.all()) {
    if (device.product !== rollout.product) continue;
    const attempt = device.history.get(rollout.sequence);
    if (attempt === undefined) continue;
    if (attempt.state === "confirmed") confirmedMs.push(attempt.heardMs);
    if (attempt.state === "rejected" || attempt.state === "refused") failedMs.push(attempt.heardMs);
    if (attempt.fault !== "") reasons.set(attempt.fault, (reasons.get(attempt.fault) ?? 0) + 1);
  }
  const waitsFor = rollouts.waitsFor(rollout);
  const overtakenBy = rollouts.overtakenBy(rollout)?.id;
  return {
    rollout,
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(overtakenBy === undefined ? {} : { overtakenBy }),
    tally: rollouts.tally(rollout),
    reasons: [...reasons].map(([fault, devices]) => ({ fault, devices })).sort((a, b) => b.devices - a.devices),
    confirmedMs: thin(confirmedMs.sort((a, b) => a - b)),
    failedMs: thin(failedMs.sort((a, b) => a - b)),
  };
}
