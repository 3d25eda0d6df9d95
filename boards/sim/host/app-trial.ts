/** Starts a maker's app alone, in the engine of the units, before a bundle is built from it. */
import type { App } from "#device/app-interface.ts";
import type { Board } from "./board.ts";
import { EngineFailure, startEngine } from "./engine.ts";

/** Memory for the app alone: a unit has less. What it takes there is for other checks. */
const ARENA = { heapBytes: 4 * 1024 * 1024, stackBytes: 262_144, deadlineMs: 5_000 };

/** What `judge(app)` does with the app that its script gives: tells its definition, then starts it as a unit does. */
const JUDGE = `
globalThis.judge = (app) => {
  native.define(JSON.stringify(app));
  const pin = (name) => ({
    write: (value) => native.write(name, Number(value)),
    read: () => native.read(name),
    level: () => native.read(name),
  });
  const raise = (name) => {
    if (!Object.hasOwn(app.events ?? {}, name)) throw new Error("no event is called " + name + ": add it to events");
  };
  const started = app.start?.({ pin, raise, located: () => undefined, log: () => undefined });
  if (started instanceof Promise) throw new Error("start must not be async: what it throws later, nobody would hear");
  app.selfTest?.({ pin, raise, located: () => undefined, log: () => undefined });
};`;

interface AppTrial {
  /** Its definition without the functions, once it is defined. */
  readonly app: App;
  /** What it threw while it was defined or started, with the engine's stack behind it. */
  readonly failure: string | undefined;
}

/**
 * @param script A script that calls `judge(app)`.
 * @param pins   As in board.json; what is read is 0.
 */
export async function tryApp(script: string, pins: Board["pins"]): Promise<AppTrial> {
  let app = {} as App;
  const kindOf = (pin: string) => (Object.hasOwn(pins, pin) ? pins[pin] : undefined);
  const native = {
    define(text: unknown) {
      app = JSON.parse(String(text)) as App;
    },
    write(pin: unknown) {
      if (kindOf(String(pin)) !== "output") throw new RangeError(`no such output pin ${String(pin)}`);
    },
    read(pin: unknown) {
      if (kindOf(String(pin)) === undefined) throw new RangeError(`no such pin ${String(pin)}`);
      return 0;
    },
  };
  const engine = await startEngine(native, ARENA);
  try {
    engine.evaluate(JUDGE, "judge.js");
    engine.evaluate(script, "app.js");
    return { app, failure: undefined };
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return { app, failure: error.message };
  }
}
