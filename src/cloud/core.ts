/** Everything of the cloud but its sockets: what the process, the simulator and the tests share. */

import type { Issuer } from "#cloud/issuer/issuer.ts";
import { loadRevocations, type Revocations } from "#cloud/issuer/revocations.ts";
import { loadReleases, type Releases } from "#cloud/releases/releases.ts";
import { loadRollouts, type Rollouts } from "#cloud/rollout/rollouts.ts";
import type { Store } from "#cloud/store/store.ts";
import { createWriteQueue, type WriteQueue } from "#cloud/store/write-queue.ts";
import { createDesk, type Desk, type DeskOptions } from "./desk.ts";
import { type Fleet, loadFleet } from "./fleet.ts";
import { loadUpClock, type UpClock } from "./up-clock.ts";

export interface Core {
  readonly store: Store;
  readonly queue: WriteQueue;
  readonly fleet: Fleet;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly revocations: Revocations;
  readonly issuer: Issuer;
  readonly desk: Desk;
  readonly up: UpClock;
}

export interface CoreOptions extends Pick<DeskOptions, "send" | "nowMs" | "chance" | "bytesPerS" | "concurrent"> {
  readonly store: Store;
  readonly issuer: Issuer;
  /** How long a transaction waits for more changes to share it. */
  readonly gatherMs?: number;
  /** Milliseconds of a clock that never jumps; `nowMs` where time is simulated. */
  steadyMs(): number;
  /** Called when the store fails under way: the process must end, what was acknowledged is safe. */
  onFatal(error: unknown): void;
}

/** Loads what the store holds and puts the parts together. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { store, issuer, onFatal, gatherMs, steadyMs, ...deskOptions } = options;
  const raw = createWriteQueue(store, gatherMs);
  const up = await loadUpClock(store, raw, steadyMs);
  const commit = () => {
    up.save();
    return raw.commit().catch((error: unknown) => {
      onFatal(error);
      throw error;
    });
  };
  const queue: WriteQueue = { ...raw, commit };
  const fleet = await loadFleet(store, queue, up.upMs);
  const releases = await loadReleases(store, queue);
  const rollouts = await loadRollouts(store, queue, fleet, releases, up.upMs);
  const revocations = await loadRevocations(store, queue, fleet);
  const desk = createDesk({ fleet, releases, rollouts, revocations, issuer, queue, upMs: up.upMs, ...deskOptions });
  return { store, queue, fleet, releases, rollouts, revocations, issuer, desk, up };
}
