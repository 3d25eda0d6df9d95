/**
 * A whole unit as far as onboarding goes, in virtual time: the runner that ships and the onboarding machine that ships,
 * with every older protocol switched on, on a port whose clock and radio are simulated. It scans, hops and joins as a
 * unit does. The benchmark and the soak test learn only what the machine decided to join.
 */
import { encodeCbor } from "#codec/cbor.ts";
import type { Machine } from "#device/machine.ts";
import * as legacyProtocols from "#device/onboarding/legacy-protocols.ts";
import { createOnboarding } from "#device/onboarding/onboarding.ts";
import type { State } from "#device/onboarding/state.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { run } from "#device/runner.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirCredentials } from "#wire/air/air-credentials.ts";
import type { AccessPoint, Frame } from "#wire/air/frame.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { settingsOver } from "../device/start-of.ts";

/** How long a scan keeps the radio from hearing anything else, as on the simulated board (boards/sim/host/air). */
const SCAN_MS = 120;
const LAN_PORT = 8080;

export interface UnitOptions {
  readonly airKey: Uint8Array;
  /** The product's key for ESP-TOUCH v2, AirKiss and TI, where its app has one. */
  readonly aesKey?: Uint8Array;
  /** What a scan finds. */
  readonly networks: readonly AccessPoint[];
  /** Milliseconds between the start of the unit and that of the sender. */
  readonly bootedMs: number;
  /** How long a scan keeps the radio from hearing anything else; as on the simulated board when absent. */
  readonly scanMs?: number;
}

export interface Unit {
  /** Lets time pass up to a moment of the sender's clock. */
  advance(us: number): void;
  /** A frame on the air, after time has passed up to it. The unit hears it where its radio listens on that channel. */
  show(frame: Frame): void;
  /** What the machine decided to join, once it did. */
  joined(): AirCredentials | undefined;
}

function settingsOf({ airKey, aesKey }: UnitOptions) {
  const names = Object.values(legacyProtocols).map(({ name }) => name);
  const values = new Map<string, Uint8Array>([
    [OWN.key, new Uint8Array(32).fill(7)],
    [PROVISIONED.airKey, airKey],
    [PROVISIONED.onboarding, encodeCbor([names, false, ...(aesKey === undefined ? [] : [aesKey])])],
  ]);
  return settingsOver(values);
}

/** The machine, and what it had found when it asked the radio to join. */
function watched(onJoin: (found: AirCredentials | undefined) => void): Machine<State> {
  const machine = createOnboarding(nodePrimitives, {
    lanPort: LAN_PORT,
    legacy: Object.values(legacyProtocols),
    hasPortal: true,
  });
  return {
    ...machine,
    step(state, event) {
      const step = machine.step(state, event);
      if (step.effects.some(({ kind }) => kind === "radio-join")) onJoin(step.state.found);
      return step;
    },
  };
}

export function createUnit(options: UnitOptions): Unit {
  let nowMs = 0;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let scannedAtMs = Number.POSITIVE_INFINITY;
  let channel = 0;
  let found: AirCredentials | undefined;
  let receive: (event: PortEvent) => void = () => undefined;
  const nothing = () => undefined;
  const port = {
    onEvent: (to: typeof receive) => {
      receive = to;
    },
    clock: {
      milliseconds: () => nowMs,
      wakeAt: (ms: number) => {
        wakeAtMs = ms;
      },
    },
    crypto: nodePrimitives,
    radio: {
      scan: () => {
        channel = 0;
        scannedAtMs = nowMs + (options.scanMs ?? SCAN_MS);
      },
      listen: (to: number) => {
        channel = to;
      },
      join: nothing,
      leave: nothing,
      accessPoint: nothing,
    },
    tcp: { listen: nothing, connect: () => -1, write: () => false, close: nothing },
    console: { write: nothing },
    system: { restart: nothing, feedWatchdog: nothing },
  } as unknown as Port;
  const app = { start: nothing, selfTest: () => true } as unknown as Parameters<typeof run>[2];
  const machine = watched((what) => {
    found ??= what;
  });
  run(port, [machine as Machine<unknown>], app, settingsOf(options));

  function passUntil(ms: number) {
    for (;;) {
      const dueMs = Math.min(wakeAtMs, scannedAtMs);
      if (dueMs > ms) break;
      nowMs = Math.max(nowMs, dueMs);
      if (scannedAtMs <= dueMs) {
        scannedAtMs = Number.POSITIVE_INFINITY;
        receive({ kind: "radio-scan", accessPoints: options.networks });
      } else {
        wakeAtMs = Number.POSITIVE_INFINITY;
        receive({ kind: "timer" });
      }
    }
    nowMs = Math.max(nowMs, ms);
  }
  return {
    advance: (us) => passUntil(options.bootedMs + us / 1000),
    show: (frame) => {
      if (frame.channel === channel) receive({ kind: "radio-frame", ...frame });
    },
    joined: () => found,
  };
}
