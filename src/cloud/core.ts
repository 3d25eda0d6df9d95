/** The cloud without its sockets. The process, the simulator and the tests share it. */

import { openRevocationRegister, type RevocationRegister } from "#cloud/issuer/revocation-register.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { type Drafts, openDrafts } from "#cloud/releases/drafts.ts";
import { loadReleases, type Releases } from "#cloud/releases/releases.ts";
import { loadRollouts, type Rollouts } from "#cloud/rollout/rollouts.ts";
import type { Store } from "#cloud/store/store.ts";
import { createWriteQueue, type WriteQueue } from "#cloud/store/write-queue.ts";
import { createDeviceList, type DeviceList } from "./device-list.ts";
import { createDeviceMessages, type DeviceMessages, type DeviceMessagesOptions } from "./device-messages.ts";
import { type Fleet, loadFleet } from "./fleet.ts";
import { loadUpClock, type UpClock } from "./up-clock.ts";

export interface Core {
  readonly store: Store;
  readonly queue: WriteQueue;
  readonly fleet: Fleet;
  readonly devices: DeviceList;
  readonly releases: Releases;
  readonly drafts: Drafts;
  readonly rollouts: Rollouts;
  readonly revocations: RevocationRegister;
  readonly timestampSigner: TimestampSigner;
  readonly deviceMessages: DeviceMessages;
  readonly up: UpClock;
}

interface CoreOptions
  extends Pick<DeviceMessagesOptions, "send" | "nowMs" | "randomFraction" | "bytesPerS" | "concurrent"> {
  readonly store: Store;
  readonly timestampSigner: TimestampSigner;
  /** How long a transaction waits for more changes to share it. */
  readonly gatherMs?: number;
  /** Milliseconds of a clock that never jumps; `nowMs` where time is simulated. */
  steadyMs(): number;
  /** Called when the store fails under way: the process must end, what was acknowledged is safe. */
  onFatal(error: unknown): void;
}

/** Loads what the store holds and puts the parts together. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { store, timestampSigner, onFatal, gatherMs, steadyMs, ...messageOptions } = options;
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
  const devices = createDeviceList(fleet);
  const releases = await loadReleases(store, queue);
  const rollouts = await loadRollouts(store, queue, fleet, releases, up.upMs);
  const revocations = await openRevocationRegister(store, queue, fleet);
  const deviceMessages = createDeviceMessages({
    fleet,
    releases,
    rollouts,
    revocations,
    timestampSigner,
    queue,
    upMs: up.upMs,
    ...messageOptions,
  });
  const drafts = openDrafts(store, queue);
  return { store, queue, fleet, devices, releases, drafts, rollouts, revocations, timestampSigner, deviceMessages, up };
}
