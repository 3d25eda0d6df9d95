/** Puts a running app together: what the maker's code may touch, and what the runtime tells of it. */

import { faultText, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { callApp, readVariable, runTimers } from "./app-call.ts";
import { appTime, createAppClock } from "./app-clock.ts";
import type { LogLevel } from "./app-globals.ts";
import { createHistory, keepHistory, nextHistoryMs } from "./app-history.ts";
import type { App, AppIo } from "./app-interface.ts";
import { createAppValues, nextWriteMs, writeState } from "./app-keeping.ts";
import { ownEntry } from "./app-names.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { addAfter, addAt, addEvery, cancelTimer, lookAgain, nextTimerMs } from "./app-timers.ts";
import { EVENT_BYTES_MAX, encodeAppValue, messageOf, oneLine } from "./app-values.ts";
import type { DeviceEvent, InnerEvent } from "./machine.ts";
import type { Port } from "./port.ts";
import type { Store } from "./store/store.ts";
import { fits } from "./value-schema.ts";

/** The longest that an answer may take: a caller asks three times within 15 seconds. */
const ANSWER_MS = 10_000;

interface Surroundings {
  readonly port: Port;
  readonly app: App;
  readonly store: Store;
  /** Shows the machines an event. */
  tell(event: InnerEvent): void;
  arm(): void;
  log(text: string): void;
}

export function createAppRuntime(around: Surroundings): AppRuntime {
  const { port, app, store, tell, arm, log } = around;
  const values = createAppValues(app, store.facts);
  const io: AppIo = {
    settings: values.settings,
    state: values.state,
    time: { now: () => appTime(runtime.clock, port.clock.milliseconds()) },
    after: (ms, run) => addAfter(runtime, "after", ms, run),
    every: (ms, run) => addEvery(runtime, "every", ms, run),
    at: (time, run) => addAt(runtime, time, run),
    cancel: (timer) => cancelTimer(runtime, timer),
    pin: (name) => pinOf(port, name),
    raise: (name, value) => raise(around, name, value),
    located: (latitude, longitude) => located(around, latitude, longitude),
    log: (text) => log(`app: ${oneLine(String(text))}`),
  };
  const runtime: AppRuntime = {
    ...{ app, io, port, store, values, arm, timers: [], timerId: 0 },
    clock: createAppClock(store.facts.timeFloor),
    history: createHistory(app, port.clock.milliseconds()),
    failed: (name, thrown, isFatal = false) => tell({ kind: "app-failed", name, message: messageOf(thrown), isFatal }),
  };
  return runtime;
}

/** One line of the app's console. */
export function logLine(level: LogLevel, text: string): string {
  return level === "info" ? `app: ${text}` : `app ${level}: ${text}`;
}

/** Runs a function of the app's and tells the machines what it answered, within a time limit. */
export function answerCall(
  runtime: AppRuntime,
  tell: (event: InnerEvent) => void,
  { id, name, args }: { readonly id: number; readonly name: string; readonly args: Uint8Array },
): void {
  let isOpen = true;
  let limit: number | undefined;
  const answer = (result: Result<Uint8Array>) => {
    if (!isOpen) return;
    isOpen = false;
    if (limit !== undefined) cancelTimer(runtime, limit);
    tell(result.ok ? { kind: "called", id, result: result.value } : { kind: "call-failed", id, fault: result.fault });
  };
  callApp(runtime, name, args, answer);
  if (!isOpen) return;
  limit = addAfter(runtime, name, ANSWER_MS, () => {
    runtime.failed(name, `no answer within ${ANSWER_MS / 1_000} s, ${faultText("APP_TIMEOUT")}`);
    answer(refuse("APP_TIMEOUT"));
  });
}

/** What the app's clock learns of an event. */
export function learnTime(runtime: AppRuntime, event: DeviceEvent): void {
  const { clock } = runtime;
  if (event.kind === "time-taken") clock.trusted = event.time;
  else if (event.kind === "time-vouched") clock.vouched = event.interval;
  else if (event.kind === "time-hinted") clock.hint = { atS: event.hintS, atMs: event.nowMs };
  else if (event.kind === "time-guessed") clock.hint = { atS: event.unixS, atMs: event.nowMs };
  else return;
  lookAgain(runtime);
}

/** Does what is due of the app's at a moment: its timers, and the state that waits for its turn. */
export function wakeApp(runtime: AppRuntime): void {
  runTimers(runtime);
  keepHistory(runtime.history, runtime.port.clock.milliseconds(), (name, then) => readVariable(runtime, name, then));
  writeState(runtime);
}

/** When the app next has something due, in board milliseconds. */
export function nextAppMs(runtime: AppRuntime): number {
  return Math.min(nextTimerMs(runtime), nextWriteMs(runtime), nextHistoryMs(runtime.history));
}

function raise({ app, tell }: Surroundings, name: string, value: Cbor): void {
  const event = ownEntry(app.events, name);
  if (event === undefined) throw new Error(`no event is called ${name}: add it to events`);
  const encoded = encodeAppValue(value ?? null, EVENT_BYTES_MAX);
  if (typeof encoded === "string") throw new Error(`the value of event ${name} is ${encoded}`);
  if (event.payload !== undefined && !fits(event.payload, value)) {
    throw new Error(`the value of event ${name} is outside its schema (${event.payload.type})`);
  }
  tell({ kind: "raised", name, value: encoded });
}

function located({ tell }: Surroundings, latitude: number, longitude: number): void {
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) throw new Error("located: no place on Earth");
  tell({ kind: "located", place: [Math.round(latitude * 1e5), Math.round(longitude * 1e5)] });
}

function pinOf(port: Port, name: string): ReturnType<AppIo["pin"]> {
  return {
    write: (value) => port.pins.write(name, Number(value)),
    read: () => port.pins.read(name),
    level: () => port.pins.read(name),
  };
}
