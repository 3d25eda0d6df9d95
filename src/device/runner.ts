/**
 * Performs the effects that the machines return. It is the only part of the runtime that uses the port: it shows
 * every event to every machine in the order of core.ts, performs the effects in order, and wakes each machine when it
 * asked to be woken.
 */
import { faultText } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { timeAt } from "#trust/time-floor.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { LogLevel } from "#wire/sessions/unit-log.ts";
import { changeIo, pressApp, startApp, stopApp } from "./app-call.ts";
import { appGlobals } from "./app-globals.ts";
import { rejected } from "./app-guard.ts";
import { answerCall, createAppRuntime, learnTime, logLine, nextAppMs, wakeApp } from "./app-host.ts";
import type { App } from "./app-interface.ts";
import { provideIo } from "./app-io.ts";
import { forgetValues, writeState } from "./app-keeping.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { forgetBadStarts } from "./app-starts.ts";
import { lookAgain } from "./app-timers.ts";
import { type AppNetwork, deliverNetwork, provideNetwork } from "./fetch/app-network.ts";
import { provideUnit } from "./late-machine.ts";
import type { DeviceEvent, Effect, InnerEvent, Machine } from "./machine.ts";
import type { Port, PortEvent } from "./port.ts";
import {
  closeAfter,
  closeNow,
  closeOverdue,
  createSendQueue,
  nextOverdueMs,
  onClosed,
  onDrained,
  type SendQueue,
  writeTo,
} from "./send-queue.ts";
import { performOp, type Settings } from "./settings.ts";
import { openStore, performStore, type Store, unreadableNames } from "./store/store.ts";
import { clearLog, keepLine } from "./unit-log.ts";

/** A machine with the state it is in and the moment it wants to be woken. */
interface Slot {
  readonly machine: Machine<unknown>;
  state: unknown;
  wakeAtMs: number;
}

/** All that a running unit holds. */
interface Runtime {
  readonly port: Port;
  readonly store: Store;
  readonly app: AppRuntime;
  readonly slots: Slot[];
  readonly queue: (PortEvent | InnerEvent)[];
  /** The runtime's part of the app's work, which waits for the queue to be worked off. */
  readonly later: (() => void)[];
  /** The update goes on with the board's next event, so that its long work keeps neither network nor watchdog waiting. */
  isUpdating: boolean;
  readonly sending: SendQueue;
  isWorking: boolean;
  isLinked: boolean;
}

/**
 * Starts the runtime on a port; returns once the start event has been worked off.
 * @param scope The object of the global variables, to which the app's own are added.
 */
export function run(
  port: Port,
  machines: readonly Machine<unknown>[],
  app: App,
  settings: Settings,
  scope: object = {},
): void {
  const store = openStore(settings);
  const runtime: Runtime = {
    port,
    store,
    app: createAppRuntime({
      ...{ port, app, store },
      tell: (event) => {
        runtime.queue.push(event);
        arm(runtime);
      },
      later: (work) => {
        runtime.later.push(work);
        arm(runtime);
      },
      arm: () => arm(runtime),
      log: (text) => log(port, text),
    }),
    slots: machines.map((machine) => ({
      machine,
      state: machine.initial,
      wakeAtMs: Number.POSITIVE_INFINITY,
    })),
    queue: [],
    later: [],
    isUpdating: false,
    sending: createSendQueue(port.tcp),
    isWorking: false,
    isLinked: false,
  };
  clearLog();
  provideIo(port.io);
  provideNetwork(appNetworkOf(runtime));
  provideUnit({
    ...{ port, app: runtime.app, isLinked: () => runtime.isLinked },
    isBusy: () =>
      runtime.slots.some(({ machine, state }) => machine.isBusy?.(state, port.clock.milliseconds()) === true),
    add: (machine) => addLate(runtime, machine),
  });
  Object.assign(
    scope,
    appGlobals(runtime.app, (level, text) => log(port, logLine(level, text), level)),
  );
  port.onEvent((event) => receive(runtime, event));
  reportUnreadable(runtime);
  receive(runtime, { kind: "start", facts: runtime.store.facts, stored: settings });
  const { tell } = runtime.app;
  runtime.isWorking = true;
  startApp(runtime.app, port.system.isTrial, (passed) => tell({ kind: "app-started", passed }));
  workOff(runtime);
  port.system.feedWatchdog();
}

/** The network for the app's `fetch`: under TLS alone, and with what is known of the time. */
function appNetworkOf({ port, app, sending }: Runtime): AppNetwork {
  return {
    connect(host, to, builtS, pinned) {
      const { clock } = app;
      const time = clock.trusted && timeAt(clock.trusted, port.clock.milliseconds());
      const isTrusted = time?.grade === "trusted";
      const earliestS = Math.max(builtS, isTrusted ? time.earliestS : (clock.floorS ?? 0));
      const latestS = isTrusted ? time.latestS : Number.POSITIVE_INFINITY;
      return port.tcp.connect(host, to, { ...pinned, earliestS, latestS });
    },
    write: (connection, bytes) => writeTo(sending, connection, bytes),
    close: (connection) => closeNow(sending, connection),
    after: (milliseconds, run) => app.io.after(milliseconds, run),
    cancel: (timer) => app.io.cancel(timer),
  };
}

/** Adds a machine to a unit that runs. @returns What gives it a `timer` event as soon as there is time for one. */
function addLate(runtime: Runtime, machine: Machine<unknown>): () => void {
  const slot: Slot = { machine, state: machine.initial, wakeAtMs: Number.POSITIVE_INFINITY };
  runtime.slots.push(slot);
  return () => {
    slot.wakeAtMs = 0;
    arm(runtime);
  };
}

function receive(runtime: Runtime, event: PortEvent | InnerEvent): void {
  const { port, queue, sending } = runtime;
  queue.push(event);
  if (runtime.isWorking) return;
  if (runtime.isUpdating) queue.push({ kind: "ota-continue" });
  runtime.isUpdating = false;
  if (event.kind === "tcp-drained") onDrained(sending, event.connection);
  if (event.kind === "tcp-closed" || event.kind === "tcp-accepted") onClosed(sending, event.connection);
  closeOverdue(sending, port.clock.milliseconds());
  workOff(runtime);
  port.system.feedWatchdog();
}

/** Works off what waits. @throws What ends a trial. */
function workOff(runtime: Runtime): void {
  const { app, queue, later } = runtime;
  runtime.isWorking = true;
  while (queue.length > 0 || later.length > 0) {
    later.shift()?.();
    const next = queue.shift();
    if (next === undefined) continue;
    // No machine has to do with the app's own hardware.
    if (next.kind === "io") changeIo(app, next.resource, next.value);
    else if (next.kind === "rejected") rejected(app, "promise", next.reason);
    else if (!deliverNetwork(next)) show(runtime, next);
    if (next.kind === "button") pressApp(app, next.heldMs);
    if (next.kind === "timer") wakeApp(app);
  }
  runtime.isWorking = false;
  if (app.crash !== undefined) throw app.crash.error;
  arm(runtime);
}

/** Asks the board for a timer event at the first moment at which somebody wants one. */
function arm({ port, app, slots, queue, later, sending, isUpdating, isWorking }: Runtime): void {
  if (isWorking) return;
  const wakeAtMs = Math.min(nextOverdueMs(sending), nextAppMs(app), ...slots.map((slot) => slot.wakeAtMs));
  port.clock.wakeAt(isUpdating || queue.length > 0 || later.length > 0 ? 0 : wakeAtMs);
}

function show(runtime: Runtime, event: PortEvent | InnerEvent): void {
  const stamped: DeviceEvent = { ...event, nowMs: runtime.port.clock.milliseconds() };
  learnTime(runtime.app, stamped);
  if (event.kind === "link-up") runtime.isLinked = true;
  if (event.kind === "link-down") runtime.isLinked = false;
  for (const slot of runtime.slots) {
    if (event.kind === "timer" && slot.wakeAtMs > stamped.nowMs) continue;
    const failed = step(runtime, slot, stamped);
    if (failed === undefined) continue;
    log(runtime.port, `settings: ${failed} not written, ${faultText("STORE_FAILED")}`);
    // The machine took its step for done: it hears otherwise before anything else reaches it.
    step(runtime, slot, { kind: "store-failed", name: failed, nowMs: stamped.nowMs });
  }
}

/** Shows a machine one event and performs what it decides. @returns The name of a value that the flash did not take. */
function step(runtime: Runtime, slot: Slot, event: DeviceEvent): string | undefined {
  const { state, effects, wakeAtMs } = slot.machine.step(slot.state, event);
  slot.state = state;
  slot.wakeAtMs = wakeAtMs ?? Number.POSITIVE_INFINITY;
  for (const effect of effects) {
    // What follows a write that failed must not happen: a mark would stand for what is not there.
    if (effect.kind === "store" || effect.kind === "forget") {
      if (!performStore(runtime.store, slot.machine.name, effect)) return effect.name;
      if (effect.name === OWN.zone) lookAgain(runtime.app);
      if (effect.name === OWN.appSettings || effect.name === OWN.appState) forgetValues(runtime.app);
    } else if (perform(runtime, effect) === "failed") return undefined;
  }
  return undefined;
}

// biome-ignore lint/suspicious/noConfusingVoidType: most effects have no outcome that matters
function perform(runtime: Runtime, effect: Exclude<Effect, { kind: "store" | "forget" }>): "failed" | void {
  const { port, queue, sending } = runtime;
  switch (effect.kind) {
    case "emit":
      if (effect.event.kind !== "ota-continue") return void queue.push(effect.event);
      runtime.isUpdating = true;
      return;
    case "flash-erase":
    case "flash-write":
      return performOp(port.flash, effect) ? undefined : flashFailed(queue, effect.address);
    case "append":
      return void effect.ops.every((op) => performOp(port.flash, op));
    case "radio-country":
      return port.radio.country(effect.country);
    case "radio-scan":
      return port.radio.scan();
    case "radio-listen":
      return port.radio.listen(effect.channel);
    case "radio-join":
      return port.radio.join(effect.ssid, effect.passphrase);
    case "radio-leave":
      return port.radio.leave();
    case "radio-access-point":
      return port.radio.accessPoint(effect.ssid);
    case "tcp-listen":
      return port.tcp.listen(effect.port);
    case "tcp-connect":
      return void queue.push({
        kind: "tcp-opening",
        tag: effect.tag,
        connection: port.tcp.connect(effect.host, effect.port, effect.secure),
      });
    case "tcp-write":
      if (!writeTo(sending, effect.connection, effect.bytes))
        queue.push({ kind: "tcp-closed", connection: effect.connection });
      return;
    case "tcp-close":
      if (effect.isAtOnce === true) closeNow(sending, effect.connection);
      else closeAfter(sending, effect.connection, port.clock.milliseconds());
      return;
    case "udp-listen":
      return port.udp.listen(effect.port, effect.group);
    case "udp-send":
      return port.udp.send(effect.host, effect.port, effect.bytes, effect.from);
    case "call":
      return answerCall(runtime.app, effect);
    case "console-write":
      return port.console.write(effect.bytes);
    case "log":
      return log(port, effect.text, effect.level);
    case "restart":
      stopApp(runtime.app);
      forgetBadStarts(runtime.app, true);
      writeState(runtime.app, true);
      return effect.by === undefined ? port.system.restart(effect.reason) : effect.by();
  }
}

function flashFailed(queue: Runtime["queue"], address: number): "failed" {
  queue.push({ kind: "flash-failed", address });
  return "failed";
}

/** One line for each entry that cannot be read: the unit then permits less, and somebody will ask why. */
function reportUnreadable({ port, store }: Runtime): void {
  for (const name of unreadableNames(store.facts)) log(port, `settings: ${name} cannot be read`);
}

function log(port: Port, text: string, level: LogLevel = "info"): void {
  const line = utf8(`${text}\n`);
  keepLine(port.clock.milliseconds(), level, text, line.length);
  port.console.write(line);
}
