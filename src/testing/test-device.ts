/**
 * A device under test: the maker's app on the runtime that ships, in virtual time, with a board in memory and callers with real
 * keys. One hour of operation takes milliseconds.
 */
import { createIoModel, type IoModel } from "#app/testing/io-model.ts";
import type { BoardIo, BoardPins } from "#base/board-io.ts";
import type { Result } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { App } from "#device/app-interface.ts";
import { createAppReporter } from "#device/app-reporter.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import type { DeviceEvent, InnerEvent, Machine } from "#device/machine.ts";
import type { PortEvent, WakeReason } from "#device/port.ts";
import { run } from "#device/runner.ts";
import { openSettings } from "#device/settings.ts";
import { createSntp } from "#device/sntp.ts";
import { historyOf } from "#phone/history.ts";
import { openSession, type Session } from "#phone/session.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import type { SessionRequest } from "#wire/sessions/session.ts";
import { type Caller, Refused } from "./caller.ts";
import type { TestDevice } from "./device-interface.ts";
import { createMemoryFlash, PowerCut } from "./memory-flash.ts";
import { createTestIdentity, guestOf, type TestCaller } from "./test-unit-identity.ts";
import { timeServerAt } from "./time-server.ts";
import { ADDRESS, TCP_PORT, unitTransport } from "./unit-transport.ts";
import { createVirtualBoard, Restart, type Slept, type VirtualBoard } from "./virtual-port.ts";

const SETTINGS = { start: 0, bytes: 65_536 };
const AUDIT = { start: 65_536, bytes: 16_384 };
const TIME_SERVER = "10.0.0.9";
/** When the build was made: no unit takes an earlier second for the present. */
const BUILT_S = 1_790_000_000;
/** Taken now, since a test may put others in their place later. */
const { setImmediate } = globalThis;

interface TestOptions {
  readonly product?: string;
  /** What the board has for the IO classes, as `pins` and `io` of a board.json. */
  readonly board?: { readonly pins: BoardPins; readonly io?: BoardIo };
  /** Sets inputs and puts devices on buses before the unit starts. */
  prepare?(hardware: IoModel): void;
  /**
   * What the SNTP server of the network says the time is, Unix seconds, whenever the unit asks; undefined where it does not answer.
   * Without it there is no such server.
   */
  timeServer?(): number | undefined;
  /** Values of pins at the start. */
  readonly pins?: Readonly<Record<string, number>>;
}

/** Starts an app on a unit that has an owner. */
export async function startDevice(first: App, options: TestOptions = {}): Promise<TestDevice> {
  const identity = createTestIdentity(options.product ?? "test");
  const flash = createMemoryFlash(AUDIT.start + AUDIT.bytes);
  const pins = new Map(Object.entries(options.pins ?? {}));
  const lines: string[] = [];
  const failures: { name: string; message: string }[] = [];
  const raised: { name: string; value: Cbor }[] = [];
  const sessions = new Map<TestCaller, Session>();
  const globals: Record<string, unknown> = {};
  const hardwareEvents: PortEvent[] = [];
  const hardware = createIoModel(options.board ?? { pins: {} }, { emit: (event) => void hardwareEvents.push(event) });
  options.prepare?.(hardware);
  let app = first;
  let board: VirtualBoard | undefined;
  /** While the unit sleeps: what it waits for, and how long it has slept. */
  let asleep: (Slept & { sleptMs: number }) | undefined;
  const readPin = (pin: string) => pins.get(pin) ?? hardware.value(`digital ${pin}`);
  let isUpdating = false;
  let connections = 0;

  const store = openSettings(flash, SETTINGS);
  for (const [name, value] of identity.values) store.put(name, value);

  const watcher: Machine<null> = {
    name: "test",
    initial: null,
    step(state, event: DeviceEvent) {
      if (event.kind === "app-failed") failures.push({ name: event.name, message: event.message });
      if (event.kind === "raised") {
        const value = decodeCbor(event.value);
        raised.push({ name: event.name, value: value.ok ? value.value : null });
      }
      const isOver = event.kind === "console-data" && isUpdating;
      return { state, effects: isOver ? [{ kind: "restart", reason: "update" }] : [] };
    },
  };

  function end(): void {
    isUpdating = false;
    sessions.clear();
    hardwareEvents.length = 0;
    for (const ended of board?.ended.splice(0) ?? []) ended();
  }

  function boot(by?: WakeReason): void {
    end();
    const woken = by && asleep && { by, kept: asleep.kept };
    asleep = undefined;
    const next = createVirtualBoard({ flash, io: hardware.io, pins, lines, woken, readPin });
    // As a board does, between the events that others cause: what promises led to waits for it.
    next.isDue = () =>
      void setImmediate(() => board === next && next.wakeAtMs <= next.nowMs && deliver({ kind: "timer" }));
    board = next;
    const gate = createGate({
      ...{ crypto: primitives, app, tcpPort: TCP_PORT, buildS: BUILT_S },
      audit: flashLogIn(flash, AUDIT),
    });
    const servers = options.timeServer === undefined ? [] : [TIME_SERVER];
    const sntp = createSntp({ crypto: primitives, servers, buildS: BUILT_S });
    next.sentDatagram = timeServerAt(TIME_SERVER, options.timeServer, (event) => void hardwareEvents.push(event));
    const machines = [sntp, gate, createAppReporter("test"), watcher] as readonly Machine<unknown>[];
    within(() => run(next.port, machines, app, openSettings(flash, SETTINGS), globals));
    deliver({ kind: "online", ipv4: ADDRESS } satisfies InnerEvent as unknown as PortEvent);
  }

  /** Runs the unit; a restart or a cut of its power starts it anew. */
  function within(work: () => void): void {
    const own = Object.fromEntries(Object.keys(globals).map((name) => [name, Reflect.get(globalThis, name)]));
    Object.assign(globalThis, globals);
    let isOver = false;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Restart) && !(error instanceof PowerCut)) throw error;
      isOver = true;
    } finally {
      Object.assign(globalThis, own);
    }
    if (!isOver) return;
    const slept = board?.slept;
    if (slept === undefined) return boot();
    asleep = { ...slept, sleptMs: 0 };
    end();
  }

  const deliver = (event: PortEvent) => {
    if (asleep === undefined) within(() => board?.emit(event));
  };

  /** Lets the unit sleep for at most so long. @returns Milliseconds that are left once it is awake; undefined while it sleeps on. */
  async function sleepFor(unit: Slept & { sleptMs: number }, leftMs: number): Promise<number | undefined> {
    const isChanged = unit.pin !== "" && readPin(unit.pin) !== unit.value;
    const tookMs = isChanged ? 0 : Math.max(0, unit.forMs - unit.sleptMs);
    if (tookMs > leftMs) {
      unit.sleptMs += leftMs;
      return undefined;
    }
    boot(isChanged ? "pin" : "timer");
    await settle();
    return leftMs - tookMs;
  }

  /** Lets promises of the app go on until nothing more comes of them. */
  async function settle(): Promise<void> {
    const next = () => hardwareEvents.shift() ?? hardware.look();
    for (let event = next(); event !== undefined; event = next()) deliver(event);
    const own = Object.fromEntries(Object.keys(globals).map((name) => [name, Reflect.get(globalThis, name)]));
    Object.assign(globalThis, globals);
    try {
      await new Promise<void>((resolve) => setImmediate(resolve));
    } finally {
      Object.assign(globalThis, own);
    }
    const { wakeAtMs, nowMs } = running();
    if (asleep === undefined && wakeAtMs <= nowMs) return settle();
  }

  async function sessionOf(caller: TestCaller): Promise<Session> {
    if (asleep !== undefined) throw new Refused("the session", "SESSION_ASLEEP");
    const open = sessions.get(caller);
    if (open !== undefined) return open;
    const transport = unitTransport(running(), deliver, () => ++connections);
    const { id: deviceId } = identity;
    const opened = await openSession({ primitives, transport, deviceId, holderSeed: caller.seed, chain: caller.chain });
    if (!opened.ok) throw new Refused("the session", opened.fault);
    sessions.set(caller, opened.value);
    return opened.value;
  }

  /** Works in a session, and once more in a new one where the unit knows the old one no more. */
  async function inSession<T>(caller: TestCaller, work: (session: Session) => Promise<Result<T>>): Promise<Result<T>> {
    const answer = await work(await sessionOf(caller));
    if (answer.ok || answer.fault !== "SESSION_UNKNOWN") return answer;
    sessions.delete(caller);
    return work(await sessionOf(caller));
  }

  const ask = (caller: TestCaller, request: SessionRequest) => inSession(caller, (session) => session.request(request));

  const told = <T>(what: string, answer: Result<T>): T => {
    if (!answer.ok) throw new Refused(what, answer.fault);
    return answer.value;
  };

  function callerOf(key: TestCaller): Caller {
    const call = async (name: string, args: Readonly<Record<string, Cbor>> = {}) => {
      const encoded = encodeCbor(new Map(Object.entries(args)));
      const value = told(name, await ask(key, { op: "call", name, args: encoded }));
      await settle();
      return value;
    };
    return {
      call,
      set: (name, value) => call(name, { value }),
      history: async (name) =>
        told(`the history of ${name}`, await inSession(key, (session) => historyOf(session, name))).values,
      async events() {
        const all = told("events", await ask(key, { op: "events", after: 0 }));
        return (all as readonly [number, string, Uint8Array][]).map(([, name, bytes]) => {
          const value = decodeCbor(bytes);
          return { name, value: value.ok ? value.value : null };
        });
      },
    };
  }

  const running = () => board as VirtualBoard;
  boot();
  await settle();
  const owner = callerOf(identity.owner);
  return {
    ...owner,
    pins,
    hardware,
    lines,
    failures,
    raised,
    get isAsleep() {
      return asleep !== undefined;
    },
    async advance(milliseconds) {
      await settle();
      let leftMs = milliseconds;
      for (;;) {
        if (asleep !== undefined) {
          const awakeMs = await sleepFor(asleep, leftMs);
          if (awakeMs === undefined) return;
          leftMs = awakeMs;
          continue;
        }
        const now = running();
        const tookMs = Math.max(0, now.wakeAtMs - now.nowMs);
        if (tookMs > leftMs) break;
        leftMs -= tookMs;
        now.nowMs += tookMs;
        deliver({ kind: "timer" });
        await settle();
      }
      running().nowMs += leftMs;
    },
    async setTime(unixS, grade = "trusted") {
      if (grade === "hint") {
        deliver({ kind: "time-hinted", hintS: unixS } satisfies InnerEvent as unknown as PortEvent);
        return settle();
      }
      const nonce = told("a nonce", await ask(identity.owner, { op: "nonce" })) as Uint8Array;
      const statement = signTime(identity.timeSigner, Uint8Array.of(1), { timeS: unixS, nonce });
      told("the time", await ask(identity.owner, { op: "time", statement }));
      await settle();
    },
    async setZone(rule) {
      told("the zone", await ask(identity.owner, { op: "zone", rule }));
      await settle();
    },
    async press(heldMs) {
      if (asleep !== undefined) boot("button");
      running().nowMs += heldMs;
      deliver({ kind: "button", heldMs });
      await settle();
    },
    guest: (limits) => callerOf(guestOf(identity, limits)),
    async powerCut() {
      boot();
      await settle();
    },
    cutPowerInWrite(after = 0) {
      flash.cutAt = flash.operations + after;
    },
    async update(next) {
      app = next;
      isUpdating = true;
      deliver({ kind: "console-data", bytes: new Uint8Array(0) });
      await settle();
    },
  };
}
