/**
 * What only development units have: it tells the maker's tools what the app threw, with its stack, and evaluates what they
 * send. It is code that a development bundle alone holds; a production unit has nothing of it (ADR 0137).
 */
import { concat, fromHex } from "#base/bytes.ts";
import { faultText, type Result } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type CborMap, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { LOAD_APP } from "#wire/lines/development-app.ts";
import {
  DEVELOPMENT_MARK,
  type DevelopmentReport,
  type DevelopmentRequest,
  decodeDevelopmentLine,
  encodeDevelopmentLine,
} from "#wire/lines/development-line.ts";
import { callApp } from "./app-call.ts";
import { createStrikes } from "./app-guard.ts";
import type { App, AppFunction, AppIo } from "./app-interface.ts";
import type { AppRuntime } from "./app-runtime.ts";
import type { AppPart, AppStore } from "./development-app.ts";
import type { DeviceEvent, InnerEvent, Machine, Step } from "./machine.ts";
import type { Port } from "./port.ts";
import { running } from "./running-statement.ts";

/** A longer request is dropped. */
const LINE_BYTES_MAX = 8_192;
/** A value on the console: longer ones are cut. */
const SHOWN_MAX = 1_000;
const DEPTH_MAX = 4;
/** Between an answer and the restart that follows it: it has to leave first. */
const RESTART_MS = 100;

/** Members of the messages as texts: a build for firmware shortens all other names (ADR 0005), and tools must find these. */
type Member =
  | "id"
  | "evaluate"
  | "usage"
  | "load"
  | "value"
  | "error"
  | "heapBytes"
  | "started"
  | "passed"
  | "thrown"
  | "failed"
  | "name"
  | "message"
  | "stack"
  | "tail"
  | "digest"
  | "bytes"
  | "at";

interface Development {
  /** Where the app's code was when it was broken off, until that is told: a stack, or no text. */
  brokenAt: string;
  readonly port: Port;
  readonly app: App;
  /** Where a kit keeps the script of its app; undefined on other development units. */
  readonly store: AppStore | undefined;
  /** What the runner gave the app at its start. */
  io: AppIo | undefined;
  /** A new script is whole: the unit starts again once it has said so. */
  isLoaded: boolean;
  restartAtMs: number | undefined;
}

function say({ port }: Development, report: DevelopmentReport): void {
  port.console.write(utf8(encodeDevelopmentLine(report)));
}

/** Tells what the app did wrong, wherever its code ran: in a call, a timer, a promise that nobody waits for. */
function tellFailure(development: Development, event: InnerEvent): void {
  if (event.kind !== "app-failed") return;
  const { name, message, stack = "", fault } = event;
  const told = { name, message: message.slice(0, SHOWN_MAX), stack };
  if (fault === "APP_THREW") return say(development, { thrown: told });
  say(development, { failed: { ...told, stack: stack || development.brokenAt } });
  development.brokenAt = "";
}

/** Notes where the guard breaks the app's code off: that passes no handler, which would see a stack. */
function watchGuard(development: Development): void {
  const { guard } = development.port;
  if (guard === undefined) return;
  const run = guard.run.bind(guard);
  Object.assign(guard, {
    run(work: () => void): number {
      running.mark = undefined;
      const broken = run(work);
      if (broken !== 0) development.brokenAt = guard.brokenAt?.() ?? `    at :${running.mark}`;
      return broken;
    },
  });
}

/** A value as a person reads it. */
function shown(value: unknown, depth: number): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth === DEPTH_MAX) return "…";
  const each = (item: unknown) => shown(item, depth + 1);
  if (value instanceof Uint8Array)
    return `bytes ${[...value].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  if (Array.isArray(value)) return `[${value.map(each).join(", ")}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{ ${entries.map(([key, item]) => `${String(key)}: ${each(item)}`).join(", ")} }`;
}

function valueIn(answer: Result<Uint8Array>): unknown {
  const decoded = answer.ok ? decodeCbor(answer.value) : answer;
  if (!decoded.ok) throw new Error(`refused: ${faultText(decoded.fault)}`);
  return decoded.value;
}

/**
 * Calls a function, or reads a variable or a setting of the app, as a caller's request does. What it makes of the app's state is kept with
 * the unit's next event. @returns The answer, or a promise of one that comes later.
 */
function call(development: Development, name: string, args: Readonly<Record<string, unknown>> = {}): unknown {
  const { app, io, port } = development;
  if (io === undefined) throw new Error("the app has not started");
  const running = {
    ...{ port, io, app: { ...app, state: undefined }, values: { settings: io.settings }, history: [] },
    ...{ strikes: createStrikes(), later: (work: () => void) => work() },
    tell: (event: InnerEvent) => tellFailure(development, event),
  } as unknown as AppRuntime;
  let now: Result<Uint8Array> | undefined;
  const later = new Promise<Result<Uint8Array>>((resolve) => {
    callApp(running, name, encodeCbor(new Map(Object.entries(args)) as CborMap), (answer) => {
      now = answer;
      resolve(answer);
    });
  });
  return now === undefined ? later.then(valueIn) : valueIn(now);
}

function evaluate(development: Development, { id, evaluate: text }: DevelopmentRequest & { evaluate: string }): void {
  const answer = (value: unknown) => say(development, { id, value: shown(value, 1).slice(0, SHOWN_MAX) });
  const fail = (error: unknown) => say(development, { id, error: shown(error, 1).slice(0, SHOWN_MAX) });
  try {
    const { app, io, port } = development;
    const run = (name: string, args?: Readonly<Record<string, unknown>>) => call(development, name, args);
    // Sloppy code, so that an assignment to a new name makes a global that the next line finds. The names are texts, which no build shortens.
    const body = `return eval(${JSON.stringify(text)})`;
    const value: unknown = new Function("app", "io", "port", "call", "read", body)(app, io, port, run, run);
    if (value instanceof Promise) value.then(answer, fail);
    else answer(value);
  } catch (error) {
    fail(error);
  }
}

/** Takes a part of a new script. @returns Why not, or undefined. */
function load(development: Development, part: AppPart): string | undefined {
  const why = development.store?.put(part);
  development.isLoaded ||= why === undefined && part.digest.length > 0;
  return why;
}

/** The same part in a line, its bytes in hexadecimal digits. */
function loadLine(development: Development, id: number, line: unknown): void {
  const { at, bytes, tail, digest } = line as Partial<Record<Member, unknown>>;
  const [given, whole] = [fromHex(String(bytes)), fromHex(String(digest))];
  const isPart = given !== undefined && whole !== undefined && typeof at === "number" && typeof tail === "number";
  const error = isPart ? load(development, { at, bytes: given, tail, digest: whole }) : "it is damaged";
  say(development, error === undefined ? { id, value: "" } : { id, error });
}

function obey(development: Development, message: object): void {
  const { id, evaluate: text, usage, load: part } = message as Partial<Record<Member, unknown>>;
  if (typeof id !== "number") return;
  if (typeof text === "string") evaluate(development, { id, evaluate: text });
  else if (part !== undefined && development.store !== undefined) loadLine(development, id, part);
  else if (usage === true) say(development, { id, heapBytes: development.port.system.heapBytes() });
}

/** The restart behind a new script, a moment after the answer. */
function restarting(development: Development, step: Step<Uint8Array>, nowMs: number): Step<Uint8Array> {
  if (!development.isLoaded) return step;
  development.restartAtMs ??= nowMs + RESTART_MS;
  if (nowMs < development.restartAtMs) return { ...step, wakeAtMs: development.restartAtMs };
  return { ...step, effects: [...step.effects, { kind: "restart", reason: "requested" }] };
}

function step(development: Development, rest: Uint8Array, event: DeviceEvent): Step<Uint8Array> {
  return restarting(development, heard(development, rest, event), event.nowMs);
}

function heard(development: Development, rest: Uint8Array, event: DeviceEvent): Step<Uint8Array> {
  if (event.kind === "app-started") {
    say(development, { started: { passed: event.passed, heapBytes: development.port.system.heapBytes() } });
  }
  if (event.kind === "app-failed") tellFailure(development, event);
  if (event.kind !== "console-data") return { state: rest, effects: [] };
  let bytes = concat(rest, event.bytes);
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
    const line = String.fromCharCode(...bytes.subarray(0, end));
    bytes = bytes.slice(end + 1);
    const message = line.startsWith(DEVELOPMENT_MARK) ? decodeDevelopmentLine(line) : undefined;
    if (message !== undefined) obey(development, message);
  }
  return { state: bytes.length > LINE_BYTES_MAX ? new Uint8Array(0) : bytes, effects: [] };
}

/** What a kit's app has besides: it takes a new script in an owner's session. */
function loading(development: Development): AppFunction {
  const [count, some] = [
    { type: "int", min: 0, max: 2 ** 31 },
    { type: "bytes", maxLength: 2_048 },
  ] as const;
  return {
    ...{ right: "config", args: { at: count, bytes: some, tail: count, digest: some } },
    run: (part) => load(development, part) ?? "",
  };
}

/**
 * @param store Of a kit, whose app is a script beside the bundle.
 * @returns The app; and the machine that speaks with the maker's tools.
 */
export function develop(
  app: App,
  port: Port,
  store?: AppStore,
): { readonly app: App; readonly machine: Machine<Uint8Array> } {
  const development: Development = {
    ...{ port, app, store },
    ...{ io: undefined, isLoaded: false, restartAtMs: undefined, brokenAt: "" },
  };
  watchGuard(development);
  const developed = {
    ...app,
    isDevelopment: true,
    functions: { ...app.functions, ...(store && { [LOAD_APP]: loading(development) }) },
    start(io: AppIo) {
      development.io = io;
      return app.start?.(io as never);
    },
  } as App;
  return {
    app: developed,
    machine: {
      name: "development",
      initial: new Uint8Array(0),
      step: (state, event) => step(development, state, event),
    },
  };
}
