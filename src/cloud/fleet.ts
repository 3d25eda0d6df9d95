/** All devices the cloud knows: their identity, what they run, and their progress with each release. */
import type { DeviceFacts, MaintenanceWindow } from "#cloud/rollout/rollout-decision.ts";
import type { AttemptState } from "#cloud/rollout/rollout-plan.ts";
import type { AttemptRow, DeviceRow } from "#cloud/store/schema.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";

/** A unit as the factory hands it over. */
export interface Enrolment {
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly product: string;
  readonly hardware: number;
  readonly fleet: string;
  readonly lab?: boolean;
  /** Access level of its card: "noFlash" (the default) or "all". */
  readonly card?: string;
  /** What staff call it. */
  readonly name?: string;
}

interface Attempt {
  state: AttemptState;
  fault: string;
  readonly beganMs: number;
  heardMs: number;
}

export interface Device extends DeviceFacts {
  readonly publicKey: Uint8Array;
  /** What staff call it; empty where nobody named it. */
  name: string;
  fleet: string;
  lab: boolean;
  card: string;
  sequence: number;
  pin?: number;
  target?: number;
  window?: MaintenanceWindow;
  /** Time of day at which it was last heard, for people. */
  heardMs: number;
  /** Up time at which it was last heard, for durations. */
  heardUpMs: number;
  /** Nonce time of the newest nonce that it spent. */
  nonceMs: number;
  online: boolean;
  /** Unix milliseconds until which it sleeps; UNTIL_WOKEN when no time is known, 0 when it doesn't sleep. */
  asleepUntilMs: number;
  readonly attempts: Map<number, AttemptState>;
  /** The same attempts with their times and faults. */
  readonly history: Map<number, Attempt>;
}

/** Of a device that sleeps until its pin changes. */
export const UNTIL_WOKEN = -1;

export interface Fleet {
  get(id: string): Device | undefined;
  all(): Iterable<Device>;
  readonly size: number;
  /** Adds a unit, or changes fleet, lab and card of a known one. False when its key differs from the known one. */
  enrol(unit: Enrolment): boolean;
  /** Sets name, pin, target, maintenance window or lab; `null` takes one away. */
  steer(device: Device, steer: Steer): void;
  /** Takes a nonce of this time as spent, with all older ones. False: it was spent, or a newer one. */
  spendNonce(device: Device, givenMs: number): boolean;
  heard(device: Device, nowMs: number): void;
  setOnline(device: Device, online: boolean, nowMs: number): void;
  /** It said that it is about to sleep. @param untilMs As Device.asleepUntilMs. */
  sleeps(device: Device, untilMs: number, nowMs: number): void;
  /** Takes down what a device said of a release. `confirmed` moves the device to that release. False: nothing new. */
  report(device: Device, sequence: number, state: AttemptState, fault: string, nowMs: number): boolean;
  /** Takes down what it runs, as it says when it connects. False: nothing new. */
  runs(device: Device, sequence: number, nowMs: number): boolean;
  /** Queues the times of last contact that have not been written yet; losing them in a crash harms nobody. */
  flushHeard(): void;
}

interface Steer {
  readonly name?: string;
  readonly pin?: number | null;
  readonly target?: number | null;
  readonly window?: MaintenanceWindow | null;
  readonly lab?: boolean;
}

const rowOf = (device: Device): DeviceRow => ({
  id: device.id,
  public_key: device.publicKey,
  name: device.name,
  product: device.product,
  hardware: device.hardware,
  fleet: device.fleet,
  lab: device.lab ? 1 : 0,
  card: device.card,
  sequence: device.sequence,
  pin: device.pin ?? null,
  target: device.target ?? null,
  window_from: device.window?.fromMinute ?? null,
  window_to: device.window?.toMinute ?? null,
  heard_ms: device.heardMs,
  heard_up_ms: device.heardUpMs,
  nonce_ms: device.nonceMs,
  asleep_until_ms: device.asleepUntilMs,
  online: device.online ? 1 : 0,
});

function deviceOf(row: DeviceRow): Device {
  const device: Device = {
    id: row.id,
    publicKey: Uint8Array.from(row.public_key),
    name: row.name,
    product: row.product,
    hardware: row.hardware,
    fleet: row.fleet,
    lab: row.lab === 1,
    card: row.card,
    sequence: row.sequence,
    heardMs: row.heard_ms,
    heardUpMs: row.heard_up_ms,
    nonceMs: row.nonce_ms,
    asleepUntilMs: row.asleep_until_ms,
    // Nobody is connected to a process that has just begun.
    online: false,
    attempts: new Map(),
    history: new Map(),
  };
  if (row.pin !== null) device.pin = row.pin;
  if (row.target !== null) device.target = row.target;
  if (row.window_from !== null && row.window_to !== null) {
    device.window = { fromMinute: row.window_from, toMinute: row.window_to };
  }
  return device;
}

/**
 * Reads every device from the store; changes go through the queue.
 * @param upMs The up time (up-clock.ts).
 */
export async function loadFleet(store: Store, queue: WriteQueue, upMs: () => number): Promise<Fleet> {
  const devices = new Map<string, Device>();
  for (const row of await store.db.selectFrom("devices").selectAll().execute()) devices.set(row.id, deviceOf(row));
  for (const row of await store.db.selectFrom("attempts").selectAll().execute()) {
    const device = devices.get(row.device);
    device?.attempts.set(row.sequence, row.state as AttemptState);
    device?.history.set(row.sequence, {
      state: row.state as AttemptState,
      fault: row.fault,
      beganMs: row.began_ms,
      heardMs: row.heard_ms,
    });
  }
  const heard = new Set<Device>();
  const save = (device: Device) => {
    heard.delete(device);
    queue.device(rowOf(device));
  };
  const saveAttempt = (device: Device, sequence: number, attempt: Attempt) => {
    device.attempts.set(sequence, attempt.state);
    device.history.set(sequence, attempt);
    const row: AttemptRow = {
      device: device.id,
      sequence,
      state: attempt.state,
      fault: attempt.fault,
      began_ms: attempt.beganMs,
      heard_ms: attempt.heardMs,
    };
    queue.attempt(row);
  };
  const fleet: Fleet = {
    get: (id) => devices.get(id),
    all: () => devices.values(),
    get size() {
      return devices.size;
    },
    enrol(unit) {
      const known = devices.get(unit.id);
      if (known !== undefined) {
        if (Buffer.compare(known.publicKey, unit.publicKey) !== 0) return false;
        known.fleet = unit.fleet;
        known.lab = unit.lab ?? known.lab;
        known.card = unit.card ?? known.card;
        known.name = unit.name ?? known.name;
        save(known);
        return true;
      }
      const device: Device = {
        id: unit.id,
        publicKey: Uint8Array.from(unit.publicKey),
        name: unit.name ?? "",
        product: unit.product,
        hardware: unit.hardware,
        fleet: unit.fleet,
        lab: unit.lab ?? false,
        card: unit.card ?? "noFlash",
        sequence: 0,
        heardMs: 0,
        heardUpMs: 0,
        nonceMs: 0,
        asleepUntilMs: 0,
        online: false,
        attempts: new Map(),
        history: new Map(),
      };
      devices.set(device.id, device);
      save(device);
      return true;
    },
    steer(device, steer) {
      if (steer.pin === null) delete device.pin;
      else if (steer.pin !== undefined) device.pin = steer.pin;
      if (steer.target === null) delete device.target;
      else if (steer.target !== undefined) device.target = steer.target;
      if (steer.window === null) delete device.window;
      else if (steer.window !== undefined) device.window = steer.window;
      if (steer.lab !== undefined) device.lab = steer.lab;
      if (steer.name !== undefined) device.name = steer.name;
      save(device);
    },
    spendNonce(device, givenMs) {
      if (givenMs <= device.nonceMs) return false;
      device.nonceMs = givenMs;
      save(device);
      return true;
    },
    heard(device, nowMs) {
      device.heardMs = nowMs;
      device.heardUpMs = upMs();
      heard.add(device);
    },
    setOnline(device, online, nowMs) {
      device.online = online;
      fleet.heard(device, nowMs);
      if (!online || device.asleepUntilMs === 0) return;
      device.asleepUntilMs = 0;
      save(device);
    },
    sleeps(device, untilMs, nowMs) {
      device.asleepUntilMs = untilMs;
      fleet.heard(device, nowMs);
      save(device);
    },
    report(device, sequence, state, fault, nowMs) {
      const before = device.history.get(sequence);
      fleet.heard(device, nowMs);
      if (before?.state === state && before.fault === fault) return false;
      saveAttempt(device, sequence, { state, fault, beganMs: before?.beganMs ?? nowMs, heardMs: nowMs });
      if (state === "confirmed" && sequence > device.sequence) {
        device.sequence = sequence;
        save(device);
      }
      return true;
    },
    runs(device, sequence, nowMs) {
      fleet.heard(device, nowMs);
      const attempt = device.history.get(sequence);
      const isNews = attempt !== undefined && attempt.state !== "confirmed";
      if (isNews) saveAttempt(device, sequence, { ...attempt, state: "confirmed", fault: "", heardMs: nowMs });
      if (device.sequence === sequence && !isNews) return false;
      device.sequence = sequence;
      save(device);
      // A unit that was flashed again by cable runs less than it once confirmed: the counters follow the unit.
      for (const [confirmed, other] of device.history) {
        if (confirmed > sequence && other.state === "confirmed") {
          saveAttempt(device, confirmed, { ...other, state: "rolled-back", heardMs: nowMs });
        }
      }
      return true;
    },
    flushHeard() {
      for (const device of heard) save(device);
    },
  };
  return fleet;
}
