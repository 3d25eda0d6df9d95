/**
 * The machine that puts a unit to sleep. Before it sleeps the unit reports to its cloud, and stays until it was given what waits for it
 * there: calls, revocations, a release. A unit that doesn't reach its cloud sleeps all the same, since it would otherwise
 * empty its battery.
 * @source PROTOCOL 7.11
 */
import type { Cbor } from "#codec/cbor.ts";
import { decodeCbor } from "#codec/cbor.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { encodeUnitSleep } from "#wire/link/unit-sleep.ts";
import { failed } from "./app-guard.ts";
import { encodeAppValue } from "./app-values.ts";
import { type RunningUnit, runningUnit } from "./late-machine.ts";
import { cloudOf } from "./link/cloud.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";
import type { SleepPort } from "./port.ts";

/** Bytes of CBOR that a sleep keeps. */
const KEPT_BYTES_MAX = 256;
/** For so long a unit tries to reach its cloud, and waits for the cloud's answer. */
const LINK_MS = 60_000;
const ANSWER_MS = 15_000;
/** Calls and an update hold a unit awake no longer; an update goes on at the next wake. */
const HOLD_MS = 300_000;
const LOOK_MS = 500;
/** So that the end of the connection leaves before the radio goes off. */
const LEAVE_MS = 250;
const SHORTEST_MS = 100;

interface Wish {
  /** In board milliseconds; Infinity when the pin alone wakes the unit. */
  readonly untilMs: number;
  /** No text for none. */
  readonly pin: string;
}

type Phase = "awake" | "linking" | "asked" | "told" | "leaving";

interface SleepState {
  phase: Phase;
  sinceMs: number;
  dueMs: number;
}

/** What the app's functions (src/app/sleep.ts) and the machine share. */
interface Sleeper {
  readonly unit: RunningUnit;
  readonly port: SleepPort;
  /** What the app keeps over a sleep, the same object all along. */
  kept: Record<string, unknown> | undefined;
  wish: Wish | undefined;
  wake: () => void;
}

const current: { sleeper: Sleeper | undefined } = { sleeper: undefined };

/** The running unit's sleeper, made when it is first asked for. @throws Error before the start, and on a board that can't sleep. */
export function sleeperFor(what: string): Sleeper {
  const unit = runningUnit(what);
  if (current.sleeper?.unit === unit) return current.sleeper;
  const port = unit.port.sleep;
  if (port === undefined) throw new Error("this board cannot sleep");
  const sleeper: Sleeper = { unit, port, kept: undefined, wish: undefined, wake: () => undefined };
  sleeper.wake = unit.add(createSleepMachine(sleeper) as Machine<unknown>);
  current.sleeper = sleeper;
  return sleeper;
}

/** The values that the last sleep kept, by name; none when the unit did not sleep. */
export function keptValues({ port }: Sleeper): ReadonlyMap<unknown, Cbor> {
  const bytes = port.kept();
  const kept = bytes.length === 0 ? undefined : decodeCbor(bytes);
  return kept?.ok && kept.value instanceof Map ? kept.value : new Map();
}

function encodeKept({ kept = {} }: Sleeper): Uint8Array | string {
  return encodeAppValue(new Map(Object.entries(kept) as [string, Cbor][]), KEPT_BYTES_MAX);
}

function enter(sleeper: Sleeper): void {
  const { unit, port } = sleeper;
  const { untilMs, pin } = sleeper.wish as Wish;
  const encoded = encodeKept(sleeper);
  const forMs = Math.max(SHORTEST_MS, untilMs - unit.port.clock.milliseconds());
  port.enter(forMs, pin, typeof encoded === "string" ? new Uint8Array(0) : encoded);
}

function go(state: SleepState, phase: Phase, dueMs: number): readonly Effect[] {
  state.phase = phase;
  state.dueMs = dueMs;
  return [];
}

/** Tells the cloud, once there is a link. */
function announce(sleeper: Sleeper, state: SleepState, nowMs: number): readonly Effect[] {
  const { untilMs } = sleeper.wish as Wish;
  const payload = encodeUnitSleep(untilMs === Number.POSITIVE_INFINITY ? undefined : (untilMs - nowMs) / 1_000);
  go(state, "asked", nowMs + ANSWER_MS);
  return [{ kind: "emit", event: { kind: "publish", topic: UP.sleep, payload, retain: false } }];
}

function begin(sleeper: Sleeper, state: SleepState, nowMs: number): readonly Effect[] {
  state.sinceMs = nowMs;
  if (sleeper.unit.isLinked()) return announce(sleeper, state, nowMs);
  const hasCloud = cloudOf(sleeper.unit.app.store.facts).address !== undefined;
  return hasCloud ? go(state, "linking", nowMs + LINK_MS) : go(state, "told", nowMs + LOOK_MS);
}

function leave(sleeper: Sleeper, state: SleepState, nowMs: number): readonly Effect[] {
  const isHeld = nowMs - state.sinceMs < HOLD_MS && sleeper.unit.isBusy();
  if (isHeld) return go(state, "told", nowMs + LOOK_MS);
  go(state, "leaving", nowMs + LEAVE_MS);
  const encoded = encodeKept(sleeper);
  if (typeof encoded === "string") {
    failed(sleeper.unit.app, "retained", `what it keeps is ${encoded}; nothing is kept`, "APP_ANSWER");
  }
  const { untilMs, pin } = sleeper.wish as Wish;
  const time = Number.isFinite(untilMs) ? ` for ${Math.max(0, Math.round((untilMs - nowMs) / 1_000))} s` : "";
  return [
    { kind: "log", text: `sleep:${time}${pin === "" ? "" : ` until ${pin} changes`}` },
    { kind: "emit", event: { kind: "offline" } },
  ];
}

function onDue(sleeper: Sleeper, state: SleepState, nowMs: number): readonly Effect[] {
  switch (state.phase) {
    case "awake":
      return [];
    case "leaving":
      // It comes back here only while somebody holds the button.
      go(state, "leaving", nowMs + LOOK_MS);
      return [{ kind: "radio-leave" }, { kind: "restart", reason: "requested", by: () => enter(sleeper) }];
    default:
      return leave(sleeper, state, nowMs);
  }
}

function on(sleeper: Sleeper, state: SleepState, event: DeviceEvent): readonly Effect[] {
  const { nowMs } = event;
  switch (event.kind) {
    case "timer":
      if (sleeper.wish !== undefined && state.phase === "awake") return begin(sleeper, state, nowMs);
      return nowMs >= state.dueMs ? onDue(sleeper, state, nowMs) : [];
    case "link-up":
      return state.phase === "linking" ? announce(sleeper, state, nowMs) : [];
    case "link-down":
      return state.phase === "asked" ? leave(sleeper, state, nowMs) : [];
    case "link-message":
      if (event.topic !== DOWN.away || state.phase !== "asked") return [];
      return leave(sleeper, state, nowMs);
    default:
      return [];
  }
}

function createSleepMachine(sleeper: Sleeper): Machine<SleepState> {
  return {
    name: "sleep",
    initial: { phase: "awake", sinceMs: 0, dueMs: Number.POSITIVE_INFINITY },
    step(state, event): Step<SleepState> {
      const effects = on(sleeper, state, event);
      const isWished = sleeper.wish !== undefined && state.phase === "awake";
      const wakeAtMs = isWished ? event.nowMs : state.dueMs;
      return Number.isFinite(wakeAtMs) ? { state, effects, wakeAtMs } : { state, effects };
    },
  };
}
