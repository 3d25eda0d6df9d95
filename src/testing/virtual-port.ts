/** A board in memory: its clock stands still until a test moves it, its pins are a map, its network leads to the test. */
import type { IoPort, Port, PortEvent, RestartReason, WakeReason } from "#device/port.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { MemoryFlash } from "./memory-flash.ts";

export interface VirtualBoard {
  readonly port: Port;
  /** Values of pins by name; a test sets what the app reads. */
  readonly pins: Map<string, number>;
  readonly lines: string[];
  nowMs: number;
  /** When the runtime wants to be woken, in board milliseconds. */
  wakeAtMs: number;
  /** The reason for which the runtime restarted the board, until somebody takes it. */
  restarted: RestartReason | undefined;
  /** The sleep that ended the run. */
  slept: Slept | undefined;
  emit(event: PortEvent): void;
  /** Called when the runtime wants to be woken at once. */
  isDue: () => void;
  /** Called when the board's run has ended. */
  readonly ended: (() => void)[];
  /** Called when the unit closes a connection. */
  closed: (connection: number) => void;
  /** Called with the datagrams that the unit sends. */
  sentDatagram: (host: string, port: number, bytes: Uint8Array, from: number | undefined) => void;
  /** Called with what the unit sends to a connection. */
  sent: (connection: number, bytes: Uint8Array) => void;
}

/** Thrown to end a run that restarts: nothing behind it is performed. */
export class Restart extends Error {
  override name = "Restart";
}

export interface Slept {
  /** Infinity for as long as the pin stays. */
  readonly forMs: number;
  readonly pin: string;
  readonly kept: Uint8Array;
  /** The pin's value when the unit fell asleep. */
  readonly value: number;
}

interface Known {
  /** What ended the sleep before this run, and what it kept. */
  readonly woken: { readonly by: WakeReason; readonly kept: Uint8Array } | undefined;
  readPin(pin: string): number;
  readonly flash: MemoryFlash;
  readonly io: IoPort;
  readonly pins: Map<string, number>;
  readonly lines: string[];
}

export function createVirtualBoard({ flash, io, pins, lines, woken, readPin }: Known): VirtualBoard {
  let receive: (event: PortEvent) => void = () => undefined;
  const nothing = () => undefined;
  const board: VirtualBoard = {
    ...{
      pins,
      lines,
      nowMs: 1,
      wakeAtMs: Number.POSITIVE_INFINITY,
      restarted: undefined,
      slept: undefined,
      ended: [],
      isDue: nothing,
      sent: nothing,
      closed: nothing,
      sentDatagram: nothing,
    },
    emit: (event) => receive(event),
    port: {
      onEvent: (to) => {
        receive = to;
      },
      clock: {
        milliseconds: () => board.nowMs,
        wakeAt: (atMs) => {
          board.wakeAtMs = atMs;
          if (atMs <= board.nowMs) board.isDue();
        },
      },
      crypto: nodePrimitives,
      flash,
      io,
      radio: { country: nothing, scan: nothing, listen: nothing, join: nothing, leave: nothing, accessPoint: nothing },
      tcp: {
        ...{ listen: nothing, connect: () => -1, close: (connection) => board.closed(connection) },
        write: (connection, bytes) => {
          board.sent(connection, bytes);
          return true;
        },
      },
      udp: { send: (host, port, bytes, from) => board.sentDatagram(host, port, bytes, from), listen: nothing },
      pins: {
        write: (pin, value) => void pins.set(pin, value),
        read: readPin,
      },
      sleep: {
        wokenBy: woken?.by ?? "start",
        kept: () => woken?.kept ?? new Uint8Array(0),
        enter(forMs, pin, kept) {
          board.slept = { forMs, pin, kept, value: pin === "" ? 0 : readPin(pin) };
          throw new Restart();
        },
      },
      console: { write: (bytes) => void lines.push(new TextDecoder().decode(bytes).trimEnd()) },
      system: {
        restart: (reason) => {
          board.restarted = reason;
          throw new Restart();
        },
        feedWatchdog: nothing,
        resetReason: "power",
        isTrial: false,
        heapBytes: () => 0,
      },
    },
  };
  return board;
}
