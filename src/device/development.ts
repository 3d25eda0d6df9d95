/**
 * What only development units have: it tells the maker's tools what the app threw, with its stack, and evaluates what they
 * send. It is code that a development bundle alone holds; a production unit has nothing of it (ADR 0137).
 */
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import {
  DEVELOPMENT_MARK,
  type DevelopmentReport,
  type DevelopmentRequest,
  decodeDevelopmentLine,
  encodeDevelopmentLine,
} from "#wire/lines/development-line.ts";
import type { App, AppIo } from "./app-interface.ts";
import type { DeviceEvent, Machine, Step } from "./machine.ts";
import type { Port } from "./port.ts";

/** A longer request is dropped. */
const LINE_BYTES_MAX = 8_192;
/** A value on the console: longer ones are cut. */
const SHOWN_MAX = 1_000;
const DEPTH_MAX = 4;

interface Development {
  readonly port: Port;
  readonly app: App;
  /** What the runner gave the app at its start. */
  io: AppIo | undefined;
}

function say({ port }: Development, report: DevelopmentReport): void {
  port.console.write(utf8(encodeDevelopmentLine(report)));
}

function tell(development: Development, name: string, thrown: unknown): void {
  const { message, stack } =
    thrown instanceof Error
      ? { message: `${thrown.name}: ${thrown.message}`, stack: String(thrown.stack ?? "") }
      : { message: shown(thrown, 0), stack: "" };
  say(development, { thrown: { name, message: message.slice(0, SHOWN_MAX), stack: stack.slice(0, SHOWN_MAX) } });
}

/** Runs the app's code; tells what it throws, now or later, and throws it again. */
function watch<T>(development: Development, name: string, work: () => T): T {
  try {
    const answer = work();
    if (answer instanceof Promise) answer.catch((error: unknown) => tell(development, name, error));
    return answer;
  } catch (error) {
    tell(development, name, error);
    throw error;
  }
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

/** What an expression may name besides the engine's own globals. */
function toolsOf({ app, io, port }: Development): Readonly<Record<string, unknown>> {
  const run = (name: string, args: Readonly<Record<string, unknown>> = {}) => {
    if (io === undefined) throw new Error("the app has not started");
    const answer = app.run(name, new Map(Object.entries(args)) as Parameters<App["run"]>[1], io);
    if (!answer.ok) throw new Error(`refused: fault ${answer.fault}`);
    return answer.value;
  };
  return { app, io, port, call: run, read: run };
}

function evaluate(development: Development, { id, evaluate: text }: DevelopmentRequest & { evaluate: string }): void {
  const answer = (value: unknown) => say(development, { id, value: shown(value, 1).slice(0, SHOWN_MAX) });
  const fail = (error: unknown) => say(development, { id, error: shown(error, 1).slice(0, SHOWN_MAX) });
  try {
    const tools = toolsOf(development);
    // Sloppy code, so that an assignment to a new name makes a global that the next line finds.
    const body = `return eval(${JSON.stringify(text)})`;
    const value: unknown = new Function(...Object.keys(tools), body)(...Object.values(tools));
    if (value instanceof Promise) value.then(answer, fail);
    else answer(value);
  } catch (error) {
    fail(error);
  }
}

function obey(development: Development, message: object): void {
  const { id, evaluate: text, usage } = message as Partial<{ id: number; evaluate: string; usage: boolean }>;
  if (typeof id !== "number") return;
  if (typeof text === "string") evaluate(development, { id, evaluate: text });
  else if (usage === true) say(development, { id, heapBytes: development.port.system.heapBytes() });
}

function step(development: Development, rest: Uint8Array, event: DeviceEvent): Step<Uint8Array> {
  if (event.kind === "app-started") {
    say(development, { started: { passed: event.passed, heapBytes: development.port.system.heapBytes() } });
  }
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

/** @returns The app, watched; and the machine that speaks with the maker's tools. */
export function develop(app: App, port: Port): { readonly app: App; readonly machine: Machine<Uint8Array> } {
  const development: Development = { port, app, io: undefined };
  const watched: App = {
    ...app,
    run: (name, args, io) => watch(development, name, () => app.run(name, args, io)),
    selfTest: (io) => watch(development, "selfTest", () => app.selfTest(io)),
    start(io) {
      development.io = io;
      return watch(development, "start", () => app.start(io));
    },
    pressed: (heldMs, io) => watch(development, "pressed", () => app.pressed?.(heldMs, io)),
  };
  return {
    app: watched,
    machine: {
      name: "development",
      initial: new Uint8Array(0),
      step: (state, event) => step(development, state, event),
    },
  };
}
