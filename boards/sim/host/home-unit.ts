/**
 * A unit of the deterministic simulation: the very machines of a unit over a port made of virtual time, seeded chance,
 * a flash in memory and an air without waves. Its power may fail inside any flash operation.
 */

import { withFaultNames } from "#base/faults.ts";
import type { App } from "#device/app-interface.ts";
import { createMachines } from "#device/core.ts";
import { esptouchV2 } from "#device/onboarding/legacy-protocols.ts";
import type { Port, PortEvent, ResetReason } from "#device/port.ts";
import { run } from "#device/runner.ts";
import { openSettings } from "#device/settings.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { RandomSource } from "./air/random-source.ts";
import type { Board } from "./board.ts";
import { bootStage } from "./boot-stage.ts";

/** Bytes for a place in flash. */
interface FlashImage {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Thrown through the machines when the power goes, or a restart is wanted. */
class Off extends Error {}

/** What of the world around it a unit touches. */
export interface HomeSurroundings {
  readonly crypto: Primitives;
  readonly random: RandomSource;
  nowMs(): number;
  /** Does something later. */
  after(ms: number, work: () => void): void;
  radio: Port["radio"];
  /** Opens a connection; -1 when there is none left. */
  tcpOpen(host: string, port: number): number;
  tcpOut(connection: number, bytes: Uint8Array): void;
  tcpClosed(connection: number): void;
  udpOut(host: string, port: number, bytes: Uint8Array): void;
  /** The unit stopped: what it had open is open no more. */
  stopped(): void;
  trace(text: string): void;
}

export interface HomeUnit {
  /** Turns it on. `cutIn` flash operations later the power fails again. */
  on(cutIn?: number): void;
  off(): void;
  /** Writes images at their places, as the line's flasher does. */
  flash(images: readonly FlashImage[]): void;
  /** Delivers an event after `delayMs`, if the unit still runs then. */
  deliver(event: PortEvent, delayMs?: number): void;
  /** Writes settings as the factory's station does. */
  provision(values: ReadonlyMap<string, Uint8Array>): void;
  remembers(name: string): Uint8Array | undefined;
  readonly isOn: boolean;
  /** The release that runs, or ran last; 0 before the first start, undefined once no image verifies any more. */
  readonly sequence: number | undefined;
}

/** What an image does once it runs. A mute one neither reaches anybody nor answers. */
export type Behaviour = "works" | "crashes" | "mute";
/** How long an image runs that crashes. */
const CRASH_MS = 300;

/** @param behaviourOf What an image does, by its text. */
export function createHomeUnit(
  board: Board,
  app: App,
  around: HomeSurroundings,
  behaviourOf: (source: string) => Behaviour,
): HomeUnit {
  const memory = new Uint8Array(board.flash.bytes).fill(0xff);
  let receive: ((event: PortEvent) => void) | undefined;
  let life = 0;
  let operationsLeft = Number.POSITIVE_INFINITY;
  let bootMs = 0;
  let sequence: number | undefined = 0;
  let behaviour: Behaviour = "works";

  function stop(): void {
    life++;
    receive = undefined;
    around.stopped();
  }

  /** Performs a flash operation, or tears it and takes the power away. */
  function perform(bytes: number, apply: (count: number) => void): void {
    if (operationsLeft-- > 0) return apply(bytes);
    apply([0, bytes >> 1, bytes - 1, bytes][around.random.below(4)] as number);
    stop();
    around.trace("power fails in a flash operation");
    throw new Off();
  }
  const flash: Port["flash"] = {
    sectorBytes: board.flash.sectorBytes,
    writeBytes: board.flash.writeBytes,
    byteLength: board.flash.bytes,
    read: (address, byteLength) => memory.slice(address, address + byteLength),
    write(address, bytes) {
      perform(bytes.length, (count) => {
        for (let i = 0; i < count; i++) memory[address + i] = (memory[address + i] as number) & (bytes[i] as number);
      });
      return bytes.every((byte, i) => memory[address + i] === byte);
    },
    eraseSector(address) {
      perform(board.flash.sectorBytes, (count) => memory.fill(0xff, address, address + count));
      return true;
    },
  };
  const settings = () => openSettings(flash, board.flash.regions.settings);
  const pins = new Map<string, number>();

  /** Runs some of the unit's code; leaves quietly when its life ended in there. */
  function alive(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Off)) throw error;
    }
  }
  function deliver(event: PortEvent, delayMs = 0): void {
    const born = life;
    around.after(delayMs, () => {
      if (behaviour === "mute" && event.kind.startsWith("tcp-")) return;
      if (born === life && receive !== undefined) alive(() => receive?.(event));
    });
  }
  /** Starts again after a moment, as the boot stage sees it. */
  function restart(reason: ResetReason): void {
    stop();
    around.trace(`unit restarts: ${reason}`);
    const born = life;
    around.after(50, () => born === life && start(reason));
  }
  function port(resetReason: ResetReason, isTrial: boolean): Port {
    const born = life;
    let wake = 0;
    return {
      onEvent: (take) => {
        receive = take;
      },
      clock: {
        milliseconds: () => around.nowMs() - bootMs,
        wakeAt(atMs) {
          const mine = ++wake;
          if (!Number.isFinite(atMs)) return;
          around.after(Math.max(0, atMs - (around.nowMs() - bootMs)), () => {
            if (born === life && mine === wake && receive !== undefined) alive(() => receive?.({ kind: "timer" }));
          });
        },
      },
      crypto: around.crypto,
      flash,
      radio: around.radio,
      tcp: {
        listen: () => undefined,
        connect: (host, port) => (behaviour === "mute" ? -1 : around.tcpOpen(host, port)),
        write: (connection, bytes) => {
          around.tcpOut(connection, bytes);
          return true;
        },
        close: (connection) => around.tcpClosed(connection),
      },
      udp: { send: around.udpOut, listen: () => undefined },
      pins: { write: (pin, value) => void pins.set(pin, value), read: (pin) => pins.get(pin) ?? 0 },
      console: { write: (bytes) => around.trace(`unit: ${withFaultNames(new TextDecoder().decode(bytes).trimEnd())}`) },
      system: {
        restart(reason) {
          restart(reason);
          throw new Off();
        },
        feedWatchdog: () => undefined,
        resetReason,
        isTrial,
        heapBytes: () => 0,
      },
    };
  }
  function start(reason: ResetReason): void {
    bootMs = around.nowMs();
    alive(() => {
      const image = bootStage(board, flash, reason);
      sequence = image?.sequence;
      if (image === undefined) return around.trace("no image verifies");
      around.trace(`unit starts (${reason}): release ${image.sequence}${image.isTrial ? ", on trial" : ""}`);
      behaviour = behaviourOf(image.source);
      const here = port(reason, image.isTrial);
      const onboarding = { legacy: [esptouchV2] };
      run(
        here,
        createMachines({ port: here, app, board, build: { release: "sim", atS: 0 }, onboarding }),
        app,
        settings(),
      );
      const born = life;
      if (behaviour === "crashes") around.after(CRASH_MS, () => born === life && restart("exception"));
    });
  }
  return {
    on(cutIn = Number.POSITIVE_INFINITY) {
      stop();
      operationsLeft = cutIn;
      start("power");
    },
    off() {
      stop();
      around.trace("power goes");
    },
    flash(images) {
      for (const { address, bytes } of images) memory.set(bytes, address);
    },
    deliver,
    provision: (values) => {
      const store = settings();
      for (const [name, value] of values) store.put(name, value);
    },
    remembers: (name) => settings().get(name),
    get isOn() {
      return receive !== undefined;
    },
    get sequence() {
      return sequence;
    },
  };
}
