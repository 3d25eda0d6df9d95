/**
 * Performs the effects that the machines return. It is the only part of the runtime that uses the port: it shows
 * every event to every machine in the order of core.ts, performs the effects in order, and wakes each machine when it
 * asked to be woken.
 */
import { faultText } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Cbor } from "#codec/cbor.ts";
import { callApp, pressApp, type RunningApp, startApp } from "./app-call.ts";
import type { App, AppIo } from "./app-interface.ts";
import { deliverIo, provideIo } from "./app-io.ts";
import { ownEntry } from "./app-names.ts";
import { EVENT_BYTES_MAX, encodeAppValue, messageOf, oneLine } from "./app-values.ts";
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
import { fits } from "./value-schema.ts";

/** A machine with the state it is in and the moment it wants to be woken. */
interface Slot {
  readonly machine: Machine<unknown>;
  state: unknown;
  wakeAtMs: number;
}

/** All that a running unit holds. */
interface Runtime extends RunningApp {
  readonly port: Port;
  readonly store: Store;
  readonly slots: readonly Slot[];
  readonly queue: (PortEvent | InnerEvent)[];
  /** The update goes on with the board's next event, so that its long work keeps neither network nor watchdog waiting. */
  isUpdating: boolean;
  readonly sending: SendQueue;
  isWorking: boolean;
}

/** Starts the runtime on a port; returns once the start event has been worked off. */
export function run(port: Port, machines: readonly Machine<unknown>[], app: App, settings: Settings): void {
  const runtime: Runtime = {
    port,
    app,
    io: {
      pin: (name) => pinOf(port, name),
      raise: (name, value) => raise(runtime, name, value),
      located: (latitude, longitude) => located(runtime, latitude, longitude),
      log: (text) => log(port, `app: ${oneLine(String(text))}`),
    },
    store: openStore(settings),
    slots: machines.map((machine) => ({
      machine,
      state: machine.initial,
      wakeAtMs: Number.POSITIVE_INFINITY,
    })),
    queue: [],
    failed: (name, message, isFatal) => receive(runtime, { kind: "app-failed", name, message, isFatal }),
    isUpdating: false,
    sending: createSendQueue(port.tcp),
    isWorking: false,
  };
  provideIo(port.io);
  port.onEvent((event) => receive(runtime, event));
  reportUnreadable(runtime);
  receive(runtime, { kind: "start", facts: runtime.store.facts, stored: settings });
  receive(runtime, { kind: "app-started", passed: startApp(runtime, port.system.isTrial) });
}

function receive(runtime: Runtime, event: PortEvent | InnerEvent): void {
  const { port, queue, slots, sending } = runtime;
  if (event.kind === "rejected") return runtime.failed("promise", messageOf(event.reason), false);
  queue.push(event);
  if (runtime.isWorking) return;
  if (runtime.isUpdating) queue.push({ kind: "ota-continue" });
  runtime.isUpdating = false;
  if (event.kind === "tcp-drained") onDrained(sending, event.connection);
  if (event.kind === "tcp-closed" || event.kind === "tcp-accepted") onClosed(sending, event.connection);
  closeOverdue(sending, port.clock.milliseconds());
  runtime.isWorking = true;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    // No machine has to do with the app's own hardware.
    if (next.kind === "io") changeApp(runtime, next.resource, next.value);
    else show(runtime, next);
    if (next.kind === "button") pressApp(runtime, next.heldMs);
  }
  runtime.isWorking = false;
  const wakeAtMs = Math.min(nextOverdueMs(sending), ...slots.map((slot) => slot.wakeAtMs));
  port.clock.wakeAt(runtime.isUpdating ? 0 : wakeAtMs);
  port.system.feedWatchdog();
}

function show(runtime: Runtime, event: PortEvent | InnerEvent): void {
  const stamped: DeviceEvent = { ...event, nowMs: runtime.port.clock.milliseconds() };
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
      return call(runtime, effect.id, effect.name, effect.args);
    case "console-write":
      return port.console.write(effect.bytes);
    case "log":
      return log(port, effect.text);
    case "restart":
      return port.system.restart(effect.reason);
  }
}

function changeApp({ failed }: Runtime, resource: number, value: number): void {
  try {
    deliverIo(resource, value);
  } catch (error) {
    failed("onReadable", messageOf(error), false);
  }
}

function flashFailed(queue: Runtime["queue"], address: number): "failed" {
  queue.push({ kind: "flash-failed", address });
  return "failed";
}

function call(runtime: Runtime, id: number, name: string, argsCbor: Uint8Array): void {
  const answer = callApp(runtime, name, argsCbor);
  runtime.queue.push(
    answer.ok ? { kind: "called", id, result: answer.value } : { kind: "call-failed", id, fault: answer.fault },
  );
}

function raise(runtime: Runtime, name: string, value: Cbor): void {
  const event = ownEntry(runtime.app.events, name);
  if (event === undefined) throw new Error(`no event is called ${name}: add it to events`);
  const encoded = encodeAppValue(value ?? null, EVENT_BYTES_MAX);
  if (event.payload !== undefined && !fits(event.payload, value)) {
    throw new Error(`the value of event ${name} is outside its schema (${event.payload.type})`);
  }
  if (typeof encoded === "string") throw new Error(`the value of event ${name} is ${encoded}`);
  receive(runtime, { kind: "raised", name, value: encoded });
}

function located(runtime: Runtime, latitude: number, longitude: number): void {
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) throw new Error("located: no place on Earth");
  receive(runtime, { kind: "located", place: [Math.round(latitude * 1e5), Math.round(longitude * 1e5)] });
}

/** One line for each entry that cannot be read: the unit then permits less, and somebody will ask why. */
function reportUnreadable({ port, store }: Runtime): void {
  for (const name of unreadableNames(store.facts)) log(port, `settings: ${name} cannot be read`);
}

function log(port: Port, text: string): void {
  port.console.write(utf8(`${text}\n`));
}

function pinOf(port: Port, name: string): ReturnType<AppIo["pin"]> {
  return {
    write: (value) => port.pins.write(name, Number(value)),
    read: () => port.pins.read(name),
    level: () => port.pins.read(name),
  };
}
