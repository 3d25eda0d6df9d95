/** Runs device machines on this machine's real sockets and clock: what a board does, as small as a test needs it. */

import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { withFaultNames } from "#base/faults.ts";
import type { DeviceEvent, Effect, InnerEvent, Machine, Stored } from "#device/machine.ts";
import type { PortEvent } from "#device/port.ts";

import { SILENCE_MS } from "../progress.ts";

import { startOf } from "./start-of.ts";

export interface SocketRunner {
  /** Shows an event to the machine. */
  show(event: PortEvent | InnerEvent): void;
  readonly seen: InnerEvent[];
  readonly log: string[];
  /** Resolves once an inner event fits; rejects after the time. */
  until(what: string, fits: (event: InnerEvent) => boolean, timeoutMs?: number): Promise<InnerEvent>;
  /** Breaks every open connection, as a network does. */
  breakConnections(): void;
  stop(): void;
}

/** More than this of one turn of the event loop is time that a busy machine gave to others. */
const TURN_MS = 50;
const TICK_MS = 5;
/** The longest that a timer takes. */
const LATEST_MS = 2 ** 31 - 1;

/** The clock of a unit in this process: it stands still while the process does, so that no answer is late that could not be read yet. */
function ownClock() {
  let [ownMs, seenMs] = [performance.now(), performance.now()];
  const nowMs = () => {
    const realMs = performance.now();
    ownMs += Math.min(realMs - seenMs, TURN_MS);
    seenMs = realMs;
    return ownMs;
  };
  const ticks = setInterval(nowMs, TICK_MS).unref();
  return { nowMs, stop: () => clearInterval(ticks) };
}

/**
 * @param performOther What is done about effects that have nothing to do with sockets.
 * @param tell         Takes what this machine says to the others.
 */
export function runOnSockets<State>(
  machine: Machine<State>,
  stored: Stored,
  performOther: (effect: Effect) => void = () => undefined,
  tell: (event: InnerEvent) => void = () => undefined,
): SocketRunner {
  const seen: InnerEvent[] = [];
  const log: string[] = [];
  const sockets = new Map<number, Socket>();
  const waiting: { fits(event: InnerEvent): boolean; give(event: InnerEvent): void }[] = [];
  let state = machine.initial;
  let timer: NodeJS.Timeout | undefined;
  let nextConnection = 1;
  let isStopped = false;
  const clock = ownClock();

  function show(event: PortEvent | InnerEvent): void {
    if (isStopped) return;
    const stamped = { ...event, nowMs: clock.nowMs() } as DeviceEvent;
    const step = machine.step(state, stamped);
    state = step.state;
    clearTimeout(timer);
    for (const effect of step.effects) perform(effect);
    if (step.wakeAtMs !== undefined) wakeAt(step.wakeAtMs);
  }

  function wakeAt(dueMs: number): void {
    const leftMs = Math.min(Math.max(0, dueMs - clock.nowMs()) + 1, LATEST_MS);
    timer = setTimeout(() => (clock.nowMs() < dueMs ? wakeAt(dueMs) : show({ kind: "timer" })), leftMs);
  }

  function perform(effect: Effect): void {
    if (effect.kind === "emit") {
      seen.push(effect.event);
      tell(effect.event);
      for (const each of [...waiting]) if (each.fits(effect.event)) each.give(effect.event);
      const { event } = effect;
      // Machines hear one another; the link hears only what a test shows it.
      if (event.kind === "carry-want" || event.kind === "carried-block" || event.kind === "ota-continue") {
        setImmediate(() => show(event));
      }
    } else if (effect.kind === "log") log.push(withFaultNames(effect.text));
    else if (effect.kind === "tcp-connect") open(effect.tag, effect.host, effect.port);
    else if (effect.kind === "tcp-write") sockets.get(effect.connection)?.write(effect.bytes);
    else if (effect.kind === "tcp-close") {
      const socket = sockets.get(effect.connection);
      sockets.delete(effect.connection);
      socket?.end();
    } else performOther(effect);
  }

  function open(tag: string, host: string, port: number): void {
    const connection = nextConnection++;
    const socket = connect({ host, port });
    sockets.set(connection, socket);
    const isOpen = () => sockets.get(connection) === socket;
    socket.on("error", () => undefined);
    socket.on("connect", () => isOpen() && show({ kind: "tcp-connected", connection }));
    socket.on("data", (data) => isOpen() && show({ kind: "tcp-data", connection, bytes: new Uint8Array(data) }));
    socket.on("close", () => {
      if (!isOpen()) return;
      sockets.delete(connection);
      show({ kind: "tcp-closed", connection });
    });
    queueMicrotask(() => show({ kind: "tcp-opening", tag, connection }));
  }

  show(startOf(stored));
  return {
    show,
    seen,
    log,
    until(what, fits, timeoutMs = SILENCE_MS) {
      return new Promise((resolve, reject) => {
        const failing = setTimeout(() => reject(new Error(`never: ${what}; ${log.join(" | ")}`)), timeoutMs);
        const entry = {
          fits,
          give(event: InnerEvent) {
            clearTimeout(failing);
            waiting.splice(waiting.indexOf(entry), 1);
            resolve(event);
          },
        };
        waiting.push(entry);
      });
    },
    breakConnections() {
      for (const socket of sockets.values()) socket.destroy();
    },
    stop() {
      isStopped = true;
      clock.stop();
      clearTimeout(timer);
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
