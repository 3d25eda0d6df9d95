/**
 * One simulated unit as a process of its own: `boards/sim/host/unit.ts --flash FILE --radio HOST:PORT`.
 * Its serial console is standard input and output; what the board shows otherwise (pins, restarts) goes to standard
 * error as JSON lines; whoever started it may press its button and move its other hardware by messages (io-commands.ts). It runs until it is ended, loses its power by `--cut OPERATION:TEAR`, or finds its flash unusable.
 */
import { parseArgs } from "node:util";
import { createIoModel } from "#app/testing/io-model.ts";
import type { PortEvent, ResetReason, RestartReason } from "#device/port.ts";
import { readBoard } from "./board.ts";
import { type BootImage, bootStage } from "./boot-stage.ts";
import { CODE_BYTES, type Engine, EngineFailure, startEngine } from "./engine.ts";
import { createEventQueue, piecesOf } from "./event-queue.ts";
import {
  type FlashFile,
  FlashFileError,
  openFlashFile,
  type PowerCut,
  TEAR_MODES,
  type TearMode,
} from "./flash-file.ts";
import { commandIo } from "./io-commands.ts";
import type { GuestFunction } from "./marshal.ts";
import { nativeObject } from "./native.ts";
import { openNetwork } from "./network.ts";
import { openRadioLine } from "./radio.ts";
import { createSleepModel } from "./sleep.ts";

/** Wall time after which a step of the bundle counts as an endless loop. */
const WATCHDOG_MS = 5000;
/** Node fires a longer timeout at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
/** Exit codes that the programs around a unit tell apart. */
const EXIT = { ended: 0, trouble: 1, powerCut: 80, noImage: 81 } as const;

function show(what: object): void {
  process.stderr.write(`${JSON.stringify(what)}\n`);
}

/** What a development tool puts into the flash of a running unit, which then starts again: addresses, and bytes in base64. */
type SentImage = readonly [address: number, base64: string];

function writeImages(flash: FlashFile, images: readonly SentImage[]): void {
  for (const [address, base64] of images) {
    const bytes = new Uint8Array(Buffer.from(base64, "base64"));
    for (let at = address; at < address + bytes.length; at += flash.sectorBytes) flash.eraseSector(at);
    flash.write(address, bytes);
  }
}

function parseCut(text: string | undefined): PowerCut | undefined {
  if (text === undefined) return undefined;
  const [operation, tear] = text.split(":");
  if (!/^\d+$/.test(operation ?? "") || !TEAR_MODES.includes(tear as TearMode)) {
    throw new FlashFileError(`--cut wants OPERATION:TEAR with TEAR one of ${TEAR_MODES.join(", ")}`);
  }
  return {
    operation: Number(operation),
    tear: tear as TearMode,
    fail: () => {
      show({ power: "cut" });
      return process.exit(EXIT.powerCut);
    },
  };
}

/** Runs boots one after another, each in a fresh engine, until the process ends. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      board: { type: "string", default: "sim" },
      flash: { type: "string" },
      radio: { type: "string" },
      cut: { type: "string" },
      // What the clock shows at the start: for tests of what happens after months.
      "first-ms": { type: "string", default: "0" },
      // How many bits of an address name the unit's subnet: for tests of what comes from another one.
      "subnet-bits": { type: "string", default: "8" },
    },
  });
  if (values.flash === undefined) throw new FlashFileError("a unit wants --flash FILE");
  const board = readBoard(values.board);
  const firstMs = Number(values["first-ms"]);
  const flash = openFlashFile(values.flash, board.flash, parseCut(values.cut));
  const [radioHost = "127.0.0.1", radioPort = "0"] = (values.radio ?? "127.0.0.1:0").split(":");

  /** The unit wants to be told the time at once, since it works at an update or has more to do. */
  let hasWork = false;
  const events = createEventQueue(() => hasWork);
  let deliver: (() => void) | undefined;
  const emit = (event: PortEvent, isOwn = false) => {
    events.put(event, isOwn);
    deliver?.();
  };
  const warn = (line: string) => void process.stdout.write(`${line}\n`);
  const network = openNetwork(board.network.broadcast, emit, warn, Number(values["subnet-bits"]));
  const line = openRadioLine(
    radioHost,
    Number(radioPort),
    (event) => {
      if (event.kind === "radio-joined") network.setAddress(event.ipv4);
      if (event.kind === "radio-access-point") network.setAddress(event.ipv4 === "" ? undefined : event.ipv4);
      if (event.kind === "radio-left") network.setAddress(undefined);
      emit(event);
    },
    (reason) => show({ radio: reason }),
  );
  // What the hardware shows stays as it is when the unit starts again.
  const hardware = createIoModel(board, {
    emit,
    written: (name, value) => show(name.startsWith("digital ") ? { pin: name.slice(8), value } : { io: name, value }),
  });
  let presses = 0;
  const sleep = createSleepModel((pin) => hardware.value(`digital ${pin}`));
  /** Other images than those that run were put into flash. */
  let isReplaced = false;
  // The button: held for the given time from now on, or held before. Like a real board, it reports the press when the button is released.
  process.on("message", (message) => {
    const { press, heldMs, images, io } = message as Readonly<Record<string, unknown>>;
    if (io !== undefined) {
      commandIo(hardware, io);
      deliver?.();
    }
    sleep.look();
    if (typeof press === "number" || typeof heldMs === "number") sleep.wake("button");
    if (typeof heldMs === "number") emit({ kind: "button", heldMs });
    if (images !== undefined) {
      writeImages(flash, images as readonly SentImage[]);
      show({ replaced: (images as readonly SentImage[]).length });
      isReplaced = true;
      sleep.wake("start");
      deliver?.();
    }
    if (typeof press !== "number") return;
    presses++;
    setTimeout(() => {
      presses--;
      emit({ kind: "button", heldMs: press });
      process.send?.({ released: press });
    }, press);
  });
  process.stdin.on("data", (bytes) => {
    for (const piece of piecesOf(bytes as Buffer)) emit({ kind: "console-data", bytes: piece });
  });
  process.stdin.on("end", () => process.exit(EXIT.ended));

  for (let reason: ResetReason = "power"; ; ) {
    isReplaced = false;
    const image = bootStage(board, flash, reason);
    if (image === undefined) {
      show({ boot: "no image verifies" });
      process.exit(EXIT.noImage);
    }
    show({ boot: image.slot, trial: image.isTrial, reason });
    reason = await runOnce(image, reason);
    // An app that always fails at once must not keep the unit from hearing of another one.
    await new Promise(setImmediate);
    network.shut();
    events.clear();
    const asleep = sleep.wanted();
    if (asleep === undefined) sleep.forget();
    else {
      network.setAddress(undefined);
      show({ sleep: asleep });
      show({ woken: await sleep.over() });
      // Nobody heard anything but the press that woke the unit.
      events.clear(({ kind }) => kind === "button");
    }
  }

  /** Runs one boot. @returns Why it ended. */
  async function runOnce({ source, isTrial }: BootImage, resetReason: ResetReason): Promise<ResetReason> {
    let receiver: GuestFunction | undefined;
    let timer: NodeJS.Timeout | undefined;
    let engine: Engine | undefined;
    let wanted: RestartReason | undefined;
    const startedAt = performance.now();
    const milliseconds = () => firstMs + performance.now() - startedAt;
    // The host counts whole milliseconds and may call a little early; a board never does.
    const wait = (atMs: number): void => {
      const isDue = () => (milliseconds() < atMs ? wait(atMs) : emit({ kind: "timer" }));
      timer = setTimeout(isDue, Math.min(TIMEOUT_MAX_MS, Math.max(0, Math.ceil(atMs - milliseconds()))));
    };
    const native = nativeObject({
      flash,
      pins: board.pins,
      hardware,
      radio: line.radio,
      network,
      resetReason,
      isTrial,
      milliseconds,
      onEvent: (receive) => {
        receiver = receive;
      },
      wakeAt(atMs) {
        clearTimeout(timer);
        hasWork = atMs <= 0;
        if (Number.isFinite(atMs)) wait(atMs);
      },
      consoleWrite: (bytes) => void process.stdout.write(bytes),
      // The guest sees an exception; what counts is that it was wanted.
      restart: (why) => {
        wanted = why;
        throw new Error("restart");
      },
      heapBytes: () => engine?.usedBytes() ?? 0,
      sleep: {
        wokenBy: sleep.wokenBy(),
        kept: sleep.kept,
        enter(forMs, pin, kept) {
          if (presses > 0) return;
          sleep.want({ forMs, pin, kept });
          wanted = "requested";
          throw new Error("sleep");
        },
      },
    });
    const { heapBytes, stackBytes = 65_536, appHeapBytes } = board.budgets;
    engine = await startEngine(native, {
      ...{ heapBytes: CODE_BYTES + heapBytes, stackBytes, deadlineMs: WATCHDOG_MS },
      ...{ appBytes: appHeapBytes, receiver: () => receiver },
    });
    try {
      engine.evaluate(source, "bundle.js");
      engine.keepTo(heapBytes, appHeapBytes);
      while (wanted === undefined && !isReplaced) {
        const event = receiver === undefined ? undefined : (events.take() ?? hardware.look());
        if (event?.kind === "timer") hasWork = false;
        if (event !== undefined && receiver !== undefined) engine.call(receiver, event);
        else
          await new Promise<void>((resolve) => {
            deliver = resolve;
          });
      }
      return wanted ?? "requested";
    } catch (error) {
      if (wanted !== undefined) return wanted;
      if (!(error instanceof EngineFailure)) throw error;
      show({ failure: error.reason, message: error.message });
      return error.reason;
    } finally {
      clearTimeout(timer);
      hasWork = false;
      deliver = undefined;
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(EXIT.ended));
main().catch((error: unknown) => {
  process.stderr.write(`unit: ${error instanceof FlashFileError ? error.message : (error as Error).stack}\n`);
  process.exit(EXIT.trouble);
});
