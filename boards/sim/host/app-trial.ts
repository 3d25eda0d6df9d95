/** Starts a maker's app alone, in the engine of the units, before a bundle is built from it. */
import { createIoModel, type I2cDevice, type IoModel } from "#app/testing/io-model.ts";
import { i2cName } from "#base/board-io.ts";
import type { App } from "#device/app-interface.ts";
import type { Board } from "./board.ts";
import { EngineFailure, type NativeObject, startEngine } from "./engine.ts";

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
  const ignored = () => undefined;
  const settings = Object.fromEntries(Object.entries(app.settings ?? {}).map(([name, each]) => [name, each.default]));
  const timer = () => 1;
  const time = { now: () => ({ grade: "unknown", seconds: undefined }) };
  const values = { settings, state: { ...app.state }, time };
  const io = { ...values, pin, raise, located: ignored, log: ignored, after: timer, every: timer, at: timer, cancel: ignored };
  const heard = (answer) => answer instanceof Promise && answer.catch((error) => native.fail(error.name + ": " + error.message + "\\n" + error.stack));
  heard(app.start?.(io));
  heard(app.selfTest?.(io));
};
const quiet = () => undefined;
globalThis.console = { debug: quiet, log: quiet, info: quiet, warn: quiet, error: quiet };
globalThis.setTimeout = globalThis.setInterval = () => 1;
globalThis.clearTimeout = globalThis.clearInterval = quiet;
globalThis.queueMicrotask = (run) => void Promise.resolve().then(run);`;

interface AppTrial {
  /** Its definition without the functions, once it is defined. */
  readonly app: App;
  /** What it threw while it was defined or started, with the engine's stack behind it. */
  readonly failure: string | undefined;
}

/** A device that acknowledges everything and gives zeros: what is really wired to the board, a build can't know. */
function anyDevice(used: () => void): I2cDevice {
  return {
    write: () => true,
    read(byteLength) {
      used();
      return new Uint8Array(byteLength);
    },
  };
}

/** The board's hardware, with any device at each address of each bus. */
function trialHardware(board: Pick<Board, "pins" | "io">, used: () => void): IoModel {
  const hardware = createIoModel(board, { emit: () => undefined });
  for (const { data, clock } of board.io?.i2c ?? []) {
    for (let address = 0; address < 128; address++) {
      hardware.attachI2c(i2cName(data, clock), address, anyDevice(used));
    }
  }
  return hardware;
}

/**
 * @param script A script that calls `judge(app)`, and gives `native.io` to the IO classes before.
 * @param board  Its pins and IO as in board.json; what is read is 0.
 */
export async function tryApp(script: string, board: Pick<Board, "pins" | "io">): Promise<AppTrial> {
  const { pins } = board;
  let isBusRead = false;
  const hardware = trialHardware(board, () => {
    isBusRead = true;
  });
  let app = {} as App;
  let failure: string | undefined;
  const kindOf = (pin: string) => (Object.hasOwn(pins, pin) ? pins[pin] : undefined);
  const native = {
    define(text: unknown) {
      app = JSON.parse(String(text)) as App;
    },
    /** What an async start threw. */
    fail(text: unknown) {
      failure ??= String(text);
    },
    write(pin: unknown) {
      if (kindOf(String(pin)) !== "output") throw new RangeError(`no such output pin ${String(pin)}`);
    },
    read(pin: unknown) {
      if (kindOf(String(pin)) === undefined) throw new RangeError(`no such pin ${String(pin)}`);
      return 0;
    },
    io: { ...hardware.io } as unknown as NativeObject,
    clock: { milliseconds: () => 0 },
    pins: { read: (pin: unknown) => native.read(pin) },
    sleep: { wokenBy: "start", kept: () => new Uint8Array(0) },
  };
  const engine = await startEngine(native, ARENA);
  try {
    engine.evaluate(JUDGE, "judge.js");
    engine.evaluate(script, "app.js");
    return { app, failure };
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    // A driver that misses its device in zeros isn't wrong for that.
    return { app, failure: isBusRead ? undefined : error.message };
  }
}
