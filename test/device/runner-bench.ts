/** The runner over a port that notes every native call, and machines that a test writes as one function each. */
import { fromUtf8 } from "#base/utf8.ts";
import type { DeviceEvent, Effect, Machine } from "#device/machine.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { run } from "#device/runner.ts";
import type { Settings } from "#device/settings.ts";
import { appNamed } from "./app-named.ts";
import { settingsOver } from "./start-of.ts";

type Seen = DeviceEvent["kind"];
/** What a machine of the test does about an event. */
export type Script = (
  event: DeviceEvent,
) => { readonly effects?: readonly Effect[]; readonly wakeAtMs?: number } | undefined;

export class PowerLost extends Error {}

interface Bench {
  /** Native calls, in order, as [name, ...arguments]. */
  readonly calls: unknown[][];
  /** Events by machine, in order. */
  readonly seen: [machine: string, kind: Seen][];
  readonly events: DeviceEvent[];
  readonly values: Map<string, Uint8Array>;
  nowMs: number;
  emit(event: PortEvent): void;
}

interface BenchOptions {
  readonly machines: Readonly<Record<string, Script>>;
  readonly app?: object;
  /** Names that the flash does not take, or does not forget. */
  readonly refused?: ReadonlySet<string>;
  /** Addresses at which flash operations fail. */
  readonly worn?: ReadonlySet<number>;
  /** What the native calls answer. */
  readonly connection?: number;
  readonly accepts?: () => boolean;
  /** The power fails in this native call, counted from the first button event. */
  readonly cutAt?: number;
}

export function bench(options: BenchOptions): Bench {
  const { refused = new Set(), worn = new Set(), accepts = () => true } = options;
  let receive: (event: PortEvent) => void = () => undefined;
  let isArmed = false;
  const called = (...call: unknown[]) => {
    if (isArmed && options.cutAt !== undefined && b.calls.length >= options.cutAt) throw new PowerLost();
    b.calls.push(call);
  };
  const values = new Map<string, Uint8Array>();
  const over = settingsOver(values);
  const settings: Settings = {
    ...over,
    put: (name, value) => {
      called("put", name);
      return !refused.has(name) && over.put(name, value);
    },
    remove: (name) => {
      called("remove", name);
      return !refused.has(name) && over.remove(name);
    },
  };
  const b: Bench = {
    ...{ calls: [], seen: [], events: [], values, nowMs: 5 },
    emit(event) {
      if (event.kind === "button") {
        isArmed = true;
        b.calls.length = 0;
        b.seen.length = 0;
        b.events.length = 0;
      }
      receive(event);
    },
  };
  const port = {
    onEvent: (take: typeof receive) => {
      receive = take;
    },
    clock: { milliseconds: () => b.nowMs, wakeAt: (atMs: number) => called("wakeAt", atMs) },
    flash: {
      eraseSector(address: number) {
        called("eraseSector", address);
        return !worn.has(address);
      },
      write(address: number, bytes: Uint8Array) {
        called("write", address, [...bytes]);
        return !worn.has(address);
      },
    },
    radio: {
      country: (code: Uint8Array) => called("country", fromUtf8(code)),
      scan: () => called("scan"),
      listen: (channel: number) => called("listen", channel),
      join: (ssid: Uint8Array, passphrase: Uint8Array) => called("join", fromUtf8(ssid), fromUtf8(passphrase)),
      leave: () => called("leave"),
      accessPoint: (ssid: Uint8Array) => called("accessPoint", fromUtf8(ssid)),
    },
    tcp: {
      listen: (port: number) => called("tcpListen", port),
      connect: (host: string, port: number, secure: unknown) => {
        called("connect", host, port, secure);
        return options.connection ?? 3;
      },
      write: (connection: number, bytes: Uint8Array) => {
        if (!accepts()) return false;
        called("tcpWrite", connection, bytes.length);
        return true;
      },
      close: (connection: number) => called("close", connection),
    },
    udp: {
      listen: (port: number, group: unknown) => called("udpListen", port, group),
      send: (host: string, port: number, bytes: Uint8Array, from: unknown) =>
        called("udpSend", host, port, bytes.length, from),
    },
    pins: { write: (pin: string, value: number) => called("pin", pin, value), read: () => 1 },
    console: { write: (bytes: Uint8Array) => called("console", fromUtf8(bytes)) },
    system: {
      restart: (reason: string) => called("restart", reason),
      feedWatchdog: () => called("feed"),
      isTrial: false,
    },
  } as unknown as Port;
  const machines = Object.entries(options.machines).map(
    ([name, script]): Machine<unknown> => ({
      name,
      initial: undefined,
      step(state, event) {
        b.seen.push([name, event.kind]);
        b.events.push(event);
        const { effects = [], wakeAtMs } = script(event) ?? {};
        return wakeAtMs === undefined ? { state, effects } : { state, effects, wakeAtMs };
      },
    }),
  );
  const app = appNamed(
    [
      ["f", "call"],
      ["pressed", "subscribe"],
    ],
    options.app,
  );
  run(port, machines, app, settings);
  return b;
}

export const BUTTON: PortEvent = { kind: "button", heldMs: 1 };
/** Effects for the one event of a test, from the machine that owns what it stores. */
export const onButton =
  (...effects: Effect[]): Script =>
  (event) =>
    event.kind === "button" ? { effects } : undefined;
/** The native calls of an effect, without what ends every event. */
export function callsOf(
  effects: readonly Effect[],
  options: Partial<BenchOptions> = {},
  machine = "gate",
): unknown[][] {
  const b = bench({ machines: { [machine]: onButton(...effects) }, ...options });
  b.emit(BUTTON);
  return b.calls.filter(([name]) => name !== "wakeAt" && name !== "feed");
}
export const log = (text: string): Effect => ({ kind: "log", text });
export const says = (text: string) => ["console", `${text}\n`];
