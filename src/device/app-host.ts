/** Puts a running app together: what the maker's code may touch, and what the runtime tells of it. */

import { faultText, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { LogLevel } from "#wire/sessions/unit-log.ts";
import { callApp, readVariable, runTimer } from "./app-call.ts";
import { appTime, createAppClock } from "./app-clock.ts";
import { createStrikes, failed } from "./app-guard.ts";
import { createHistory, keepHistory, nextHistoryMs } from "./app-history.ts";
import type { App, AppIo } from "./app-interface.ts";
import { createAppValues, nextWriteMs, writeState } from "./app-keeping.ts";
import { ownEntry } from "./app-names.ts";
import type { AppRuntime, OwedAnswer } from "./app-runtime.ts";
import { forgetBadStarts } from "./app-starts.ts";
import { addAfter, addAt, addEvery, cancelTimer, lookAgain, nextTimerMs } from "./app-timers.ts";
import { EVENT_BYTES_MAX, encodeAppValue, oneLine } from "./app-values.ts";
import type { DeviceEvent, InnerEvent } from "./machine.ts";
import type { Port } from "./port.ts";
import { createRateLimit, takeTurn } from "./rate-limit.ts";
import type { Store } from "./store/store.ts";
import { fits } from "./value-schema.ts";

/** The longest that an answer may take: a caller asks three times within 15 seconds. */
const ANSWER_MS = 10_000;
/** Events that are raised at once, and one more each time: each is shown to all machines. */
const RAISES = { burst: 32, everyMs: 250 };
/** Dropped events are told of so often. */
const DROPPED_MS = 60_000;

interface Surroundings {
  readonly port: Port;
  readonly app: App;
  readonly store: Store;
  /** See AppRuntime. */
  tell(event: InnerEvent): void;
  later(work: () => void): void;
  arm(): void;
  log(text: string): void;
}

export function createAppRuntime(around: Surroundings): AppRuntime {
  const { port, app, store, tell, later, arm, log } = around;
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
    raise: (name, value) => raise(runtime, name, value),
    located: (latitude, longitude) => located(around, latitude, longitude),
    log: (text) => log(`app: ${oneLine(String(text))}`),
  };
  const runtime: AppRuntime = {
    ...{ app, io, port, store, values, arm, tell, later, timers: [], timerId: 0, owed: [], strikes: createStrikes() },
    ...{ restUntilMs: 0, lastFault: "APP_THREW", stopped: undefined, crash: undefined },
    ...{ goodAtMs: Number.POSITIVE_INFINITY, raises: createRateLimit(RAISES, RAISES), dropped: 0, droppedAtMs: 0 },
    clock: createAppClock(store.facts.timeFloor),
    history: createHistory(app, port.clock.milliseconds()),
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
  { id, name, args }: { readonly id: number; readonly name: string; readonly args: Uint8Array },
): void {
  const { owed, port } = runtime;
  const call: OwedAnswer = {
    name,
    dueMs: port.clock.milliseconds() + ANSWER_MS,
    answer(result) {
      const place = owed.indexOf(call);
      if (place < 0) return;
      owed.splice(place, 1);
      if (result.ok) runtime.tell({ kind: "called", id, result: result.value });
      else runtime.tell({ kind: "call-failed", id, fault: result.fault });
    },
  };
  owed.push(call);
  callApp(runtime, name, args, call.answer);
}

/** Refuses the calls that the app has not answered in time. */
function refuseLate(runtime: AppRuntime): void {
  const nowMs = runtime.port.clock.milliseconds();
  for (const { name, dueMs, answer } of [...runtime.owed]) {
    if (dueMs > nowMs) continue;
    failed(runtime, name, `no answer within ${ANSWER_MS / 1_000} s, ${faultText("APP_TIMEOUT")}`, "APP_TIMEOUT");
    answer(refuse("APP_TIMEOUT"));
  }
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
  refuseLate(runtime);
  runTimer(runtime);
  keepHistory(runtime.history, runtime.port.clock.milliseconds(), (name, then) => readVariable(runtime, name, then));
  writeState(runtime);
  forgetBadStarts(runtime);
}

/** When the app next has something due, in board milliseconds. */
export function nextAppMs(runtime: AppRuntime): number {
  const { history, owed, goodAtMs, restUntilMs } = runtime;
  const timerMs = Math.max(restUntilMs, nextTimerMs(runtime));
  const callMs = owed.map(({ dueMs }) => dueMs);
  return Math.min(timerMs, nextWriteMs(runtime), nextHistoryMs(history), goodAtMs, ...callMs);
}

function raise(runtime: AppRuntime, name: string, value: Cbor): void {
  const event = ownEntry(runtime.app.events, name);
  if (event === undefined) throw new Error(`no event is called ${name}: add it to events`);
  const encoded = encodeAppValue(value ?? null, EVENT_BYTES_MAX);
  if (typeof encoded === "string") throw new Error(`the value of event ${name} is ${encoded}`);
  if (event.payload !== undefined && !fits(event.payload, value)) {
    throw new Error(`the value of event ${name} is outside its schema (${event.payload.type})`);
  }
  const nowMs = runtime.port.clock.milliseconds();
  if (takeTurn(runtime.raises, "", nowMs)) return runtime.tell({ kind: "raised", name, value: encoded });
  runtime.dropped++;
  if (nowMs < runtime.droppedAtMs) return;
  runtime.droppedAtMs = nowMs + DROPPED_MS;
  failed(runtime, name, `${runtime.dropped} events dropped, ${faultText("APP_EVENTS")}`, "APP_EVENTS");
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
