/**
 * Handles devices' messages: stores what they report, and tells each device which release it should have. Without
 * sockets.
 */

import { toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import type { LinkedDevice } from "#cloud/broker/broker.ts";
import type { RevocationRegister } from "#cloud/issuer/revocation-register.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { type BlockService, type BlockSource, createBlockService } from "#cloud/releases/block-service.ts";
import type { PublishedRelease, Releases } from "#cloud/releases/releases.ts";
import { createPace } from "#cloud/rollout/pace.ts";
import type { AttemptState } from "#cloud/rollout/rollout-plan.ts";
import type { Rollouts } from "#cloud/rollout/rollouts.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { deliveryTagOf } from "#wire/grants/revocation.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { decodeUnitSleep } from "#wire/link/unit-sleep.ts";
import { decodeUnitState, type Stage, type UnitAttempt, type UnitState } from "#wire/link/unit-state.ts";
import { decodeBlockRequest } from "#wire/releases/blocks.ts";
import { TIMESTAMP_NONCE_BYTES } from "#wire/releases/timestamp.ts";
import { createAppFailures } from "./app-failures.ts";
import { type Device, type Fleet, UNTIL_WOKEN } from "./fleet.ts";

export interface DeviceMessagesOptions {
  readonly fleet: Fleet;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly timestampSigner: TimestampSigner;
  readonly revocations: RevocationRegister;
  readonly queue: WriteQueue;
  /** Publishes below a device's own topic; resolves when there is room for more, false when it isn't connected. */
  send(device: LinkedDevice, name: string, payload: Uint8Array): Promise<boolean>;
  /** The time of day. */
  nowMs(): number;
  /** The up time (up-clock.ts), which durations are measured in. */
  upMs(): number;
  randomFraction(): number;
  readonly bytesPerS?: number;
  readonly concurrent?: number;
}

export interface DeviceMessages {
  /** What a device published; resolves once it is durable. */
  message(from: LinkedDevice, name: string, payload: Uint8Array): Promise<void>;
  online(from: LinkedDevice): void;
  offline(from: LinkedDevice): void;
  /** Looks again at what the online devices of some products should have, and tells those for whom it changed. */
  offerAgain(products: ReadonlySet<string>): Promise<void>;
  /** Hands the units that are online the revocations that they have not heard yet. */
  revokeAgain(): Promise<void>;
  /** The release that a device should have now. */
  currentFor(device: Device): PublishedRelease | undefined;
  readonly blocks: BlockService;
  readonly counts: { timestamps: number };
}

const NOTHING = new Uint8Array(0);
/** Timestamps that one unit is given: each costs a signature. A unit asks a few times per update. */
const ASKS = { burst: 60, everyMs: 1_000 };
/** Devices whose rate is remembered: more than one cloud serves. */
const STREAMS_MAX = 1_000_000;
/** Devices looked at in one turn of the event loop. */
const TURN = 500;

const STATE_OF: Readonly<Record<Stage, AttemptState>> = {
  waiting: "offered",
  fetching: "fetching",
  verified: "fetching",
  trial: "trial",
  rolledBack: "rolled-back",
  rejected: "rejected",
  refused: "refused",
};

/** Where a request for blocks says nothing new. */
const PAST_OFFER: ReadonlySet<AttemptState | undefined> = new Set(["fetching", "trial", "confirmed", "rejected"]);

/** A unit that dropped a release because it was withdrawn did not refuse it, so the release may be offered again. */
const TAKEN_BACK: ReadonlySet<Fault | undefined> = new Set<Fault>(["RELEASE_WITHDRAWN", "RELEASE_NOT_CURRENT"]);

function stateOf({ stage, fault }: UnitAttempt): AttemptState {
  return stage === "refused" && TAKEN_BACK.has(fault) ? "offered" : STATE_OF[stage];
}

export function createDeviceMessages(options: DeviceMessagesOptions): DeviceMessages {
  const { fleet, releases, rollouts, timestampSigner, revocations, queue, send, nowMs, upMs } = options;
  /** What each connected device was last told: a sequence, or 0 for nothing. */
  const told = new Map<string, number>();
  /** The revocations that each connected device was last handed, by their tag. */
  const handed = new Map<string, number>();
  /** Devices of which something is being written down, and when the last of it is. */
  const writing = new Map<string, Promise<void>>();
  const counts = { timestamps: 0 };
  const asks = createPace(ASKS, STREAMS_MAX);
  const appFailures = createAppFailures(queue, nowMs, upMs);

  const linked = (device: Device): LinkedDevice => ({ id: device.id, fleet: device.fleet });

  const currentFor = (device: Device): PublishedRelease | undefined => {
    const { taken } = rollouts.decideFor(device, nowMs());
    return taken === undefined ? undefined : releases.get(device.product, taken.sequence);
  };

  const tell = (device: Device): void => {
    const release = currentFor(device);
    const sequence = release?.sequence ?? 0;
    const before = told.get(device.id);
    if (before === sequence) return;
    told.set(device.id, sequence);
    // The unit already runs what it was last offered, so there is nothing to withdraw.
    if (sequence === 0 && before !== undefined && before <= device.sequence) return;
    if (release !== undefined && !device.history.has(sequence)) {
      // Written with whatever is written next: an offer that a crash forgets is made again.
      fleet.report(device, sequence, "offered", "", nowMs());
    }
    void send(linked(device), DOWN.release, release?.signed ?? NOTHING);
  };

  /** @param taken The tag that the unit says it took; a unit that was made anew has taken nothing, whatever it once said. */
  const tellRevoked = (device: Device, taken: number | undefined): void => {
    const delivery = revocations.deliveryFor(device);
    if (delivery === undefined) return;
    const tag = deliveryTagOf(nodePrimitives.sha256, delivery);
    if (tag === taken || tag === handed.get(device.id)) return;
    handed.set(device.id, tag);
    void send(linked(device), DOWN.revocation, delivery);
  };

  const transferFor = (from: LinkedDevice, name: string): BlockSource | undefined => {
    const device = fleet.get(from.id);
    if (device === undefined) return undefined;
    // After a restart of ours a device behind another's broker goes on asking without saying hello again.
    if (!told.has(device.id)) told.set(device.id, currentFor(device)?.sequence ?? 0);
    const sequence = told.get(device.id);
    const may = releases
      .carrying(name)
      .some(
        (each) =>
          each.product === device.product && each.sequence === sequence && rollouts.isLive(each.product, sequence),
      );
    return may ? releases.transfer(name) : undefined;
  };

  /** Whether a request is the first sign that a device has begun with what it was offered; takes that down. */
  const begins = (device: Device, payload: Uint8Array): boolean => {
    const request = decodeBlockRequest(payload);
    if (!request.ok || transferFor(linked(device), toHex(request.value.transfer)) === undefined) return false;
    const sequence = told.get(device.id) ?? 0;
    if (PAST_OFFER.has(device.attempts.get(sequence))) return false;
    return fleet.report(device, sequence, "fetching", "", nowMs());
  };

  /** Resolves once what was taken down of a device is on the disk. */
  const written = (device: Device): Promise<void> => {
    const done = queue.commit().finally(() => {
      if (writing.get(device.id) === done) writing.delete(device.id);
    });
    writing.set(device.id, done);
    return done;
  };

  const blocks = createBlockService({
    transferFor,
    send: (device, payload) => send(device, DOWN.block, payload),
    nowMs: upMs,
    randomFraction: options.randomFraction,
    ...(options.bytesPerS === undefined ? {} : { bytesPerS: options.bytesPerS }),
    ...(options.concurrent === undefined ? {} : { concurrent: options.concurrent }),
  });

  const takeDown = (device: Device, state: UnitState): boolean => {
    let isNews = fleet.runs(device, state.sequence, nowMs());
    const { attempt } = state;
    // A unit that names releases which don't exist adds no rows to the store.
    const isKnown = attempt !== undefined && releases.get(device.product, attempt.sequence) !== undefined;
    if (isKnown && attempt.sequence > state.sequence) {
      isNews = fleet.report(device, attempt.sequence, stateOf(attempt), attempt.fault ?? "", nowMs()) || isNews;
    }
    if (state.revoked !== undefined) isNews = revocations.took(device, state.revoked) || isNews;
    return isNews;
  };

  return {
    blocks,
    counts,
    currentFor,
    async message(from, name, payload) {
      const device = fleet.get(from.id);
      if (device === undefined) return;
      if (name === UP.want) {
        fleet.heard(device, nowMs());
        // A unit that fetches from here doesn't say so: its requests do. It gets no block before that is on the disk: it
        // might be done with all of them, and a cloud that died come back to a unit that runs what it was never given.
        if (begins(device, payload)) await written(device);
        else await writing.get(device.id);
        blocks.want(from, payload);
        return;
      }
      if (name === UP.ask) {
        if (payload.length !== TIMESTAMP_NONCE_BYTES) return;
        fleet.heard(device, nowMs());
        if (asks.take(device.id, upMs()) === undefined) return;
        tell(device);
        const timestamp = timestampSigner.timestamp(device.product, device.id, currentFor(device), payload, nowMs());
        if (timestamp === undefined) return;
        counts.timestamps++;
        void send(from, DOWN.fresh, timestamp);
        return;
      }
      if (name === UP.failure) {
        fleet.heard(device, nowMs());
        if (appFailures.took(device.id, payload)) await queue.commit();
        return;
      }
      if (name === UP.askTime) {
        fleet.heard(device, nowMs());
        if (asks.take(device.id, upMs()) === undefined) return;
        const time = timestampSigner.time(device.product, payload, nowMs());
        if (time !== undefined) void send(from, DOWN.time, time);
        return;
      }
      if (name === UP.sleep) {
        const forS = decodeUnitSleep(payload);
        if (!forS.ok) return;
        fleet.sleeps(device, forS.value === undefined ? UNTIL_WOKEN : nowMs() + forS.value * 1_000, nowMs());
        // What its report brought about goes out before.
        await written(device);
        void send(from, DOWN.away, NOTHING);
        return;
      }
      if (name !== UP.state || payload.length === 0) return;
      const state = decodeUnitState(payload);
      if (!state.ok) return;
      const isHello = !told.has(device.id);
      if (takeDown(device, state.value)) await written(device);
      tellRevoked(device, state.value.revoked);
      // A device that is at a release which it shouldn't have is told so; one that is at nothing needs no "nothing",
      // and one on trial goes on to its own end, with what it has.
      const { attempt } = state.value;
      if (isHello && attempt?.stage === "trial") told.set(device.id, attempt.sequence);
      else if (isHello && attempt === undefined && currentFor(device) === undefined) told.set(device.id, 0);
      else tell(device);
    },
    online(from) {
      const device = fleet.get(from.id);
      told.delete(from.id);
      handed.delete(from.id);
      if (device !== undefined) fleet.setOnline(device, true, nowMs());
    },
    offline(from) {
      const device = fleet.get(from.id);
      told.delete(from.id);
      handed.delete(from.id);
      if (device !== undefined) fleet.setOnline(device, false, nowMs());
    },
    async revokeAgain() {
      let looked = 0;
      for (const device of fleet.all()) {
        if (!device.online || !told.has(device.id)) continue;
        tellRevoked(device, undefined);
        if (++looked % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async offerAgain(products) {
      let looked = 0;
      for (const device of fleet.all()) {
        if (!device.online || !products.has(device.product) || !told.has(device.id)) continue;
        tell(device);
        if (++looked % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
