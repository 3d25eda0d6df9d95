/**
 * A unit's gate in a small world of its own: what it stores, its connections, its app, and a clock that tests move.
 * Long because every gate test needs all of these around one gate.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { callApp } from "#device/app-call.ts";
import type { App, AppIo, DescribedPart } from "#device/app-interface.ts";
import type { AppRuntime } from "#device/app-runtime.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import type { GateState } from "#device/gate/state.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import type { Flash, PortEvent } from "#device/port.ts";
import { performOp } from "#device/settings.ts";
import { openStore, performStore } from "#device/store/store.ts";
import type { Transport } from "#phone/transport.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL, type Scope } from "#wire/grants/scope.ts";
import { decodeRelayedReply, encodeRelayedRequest } from "#wire/link/relay.ts";
import { PATH, readRefusal, type SessionPath } from "#wire/sessions/session.ts";
import { flashModel, GEOMETRIES, type Geometry } from "../../powercut/flash-model.ts";
import { appNamed } from "../app-named.ts";
import { settingsOver } from "../start-of.ts";

export const TCP_PORT = 8080;
/** The unit's address on its network. */
export const ADDRESS = "10.0.0.1";
/** 2026-11-23, 12:00 UTC. */
export const NOW_S = 1_795_435_200;
export const seedOf = (fill: number) => new Uint8Array(32).fill(fill);

export const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
export const timeSigner = seedSigner(primitives, seedOf(102));
const CARD_SECRET = new Uint8Array(16).fill(7);

let ctis = 0;
export const cti = () => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(4, ++ctis);
  return bytes;
};

export interface World {
  readonly id: Uint8Array;
  readonly stored: Map<string, Uint8Array>;
  /** What the app was asked to do, in order. */
  readonly calls: { name: string; args: Map<string, Cbor> }[];
  readonly effects: Effect[];
  readonly emitted: InnerEvent[];
  /** What the gate holds in memory. */
  readonly state: GateState;
  /** Whether a unit that wants to sleep would wait. */
  isBusy(): boolean;
  nowMs: number;
  /** Bytes on their way between caller and unit pass through here; undefined loses them. */
  tamper: {
    request?: (path: SessionPath, body: Uint8Array) => Uint8Array | undefined;
    reply?: (path: SessionPath, body: Uint8Array) => Uint8Array | undefined;
  };
  /** When set, the app keeps its answers until they are taken from here. */
  held: (() => void)[] | undefined;
  show(event: PortEvent | InnerEvent): void;
  advance(milliseconds: number): void;
  /** Loses all that isn't stored and starts anew. */
  restart(): void;
  /** Stops performing effects after so many more stores: the power goes in between. */
  cutAfterStores: number;
  /** Whether the flash refuses to write, or to forget, the value with this name: nothing by itself. */
  refuses: (name: string) => boolean;
  lan(peer?: string, isOnSubnet?: boolean): Transport;
  relay(): Transport;
  owner: { seed: Uint8Array; grant: Uint8Array };
}

/** It takes any argument, and answers what is given as `on`. */
const APP = appNamed([
  ["setLamp", "call"],
  ["lamp", "read"],
  ["dim", "call"],
  ["fail", "call"],
  ["pressed", "subscribe"],
  ["rename", "config"],
]);
const answerOf = (name: string, args: Map<string, Cbor>): Result<Uint8Array> =>
  name === "fail" ? refuse("APP_THREW") : ok(encodeCbor(args.get("on") ?? null));

interface WorldOptions {
  readonly unitSeed?: Uint8Array;
  readonly ownerScope?: Scope;
  readonly buildS?: number;
  /** Another app than the world's own, and what it may touch. */
  readonly app?: App;
  readonly io?: AppIo;
  /** The description that it tells. */
  readonly described?: DescribedPart;
  /** Where the audit log lies; four sectors of 4 KB when absent. */
  readonly flash?: Flash;
}

/** Flash for an audit log alone, as the boards here have it. */
export const emptyAuditFlash = () => flashModel(GEOMETRIES[0] as Geometry, new Uint8Array(4 * 4096).fill(0xff));

export function createWorld(options: WorldOptions = {}): World {
  const app = options.app ?? APP;
  const unitSeed = options.unitSeed ?? seedOf(50);
  const id = deviceIdOf(primitives, primitives.ed25519PublicKey(unitSeed));
  const ownerSeed = holderSeed(primitives, CARD_SECRET, id);
  const grant = issueGrant(issuer, {
    audience: { kind: "device", id },
    issuedAtS: NOW_S,
    cti: cti(),
    holder: primitives.ed25519PublicKey(ownerSeed),
    scope: options.ownerScope ?? LEVEL.noFlash,
    epoch: 0,
    caveats: [],
  });
  const text = (value: string) => new TextEncoder().encode(value);
  const stored = new Map<string, Uint8Array>([
    [OWN.key, unitSeed],
    [OWN.provisioned, encodeCbor([])],
    [PROVISIONED.product, text("lamp")],
    [PROVISIONED.fleet, text("lamps")],
    [PROVISIONED.ownerGrant, grant],
    [PROVISIONED.airKey, airKey(primitives, CARD_SECRET, id)],
    [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
    [PROVISIONED.timeKey, timeSigner.publicKey],
  ]);
  const make = () =>
    createGate({
      crypto: primitives,
      app,
      audit: flashLogIn(flash, { start: 0, bytes: flash.byteLength }),
      tcpPort: TCP_PORT,
      ...(options.described && { described: options.described }),
      ...(options.buildS !== undefined && { buildS: options.buildS }),
    });
  const flash = options.flash ?? emptyAuditFlash();
  let gate = make();
  let state = gate.initial;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let nextConnection = 0;
  let store = openStore(settingsOver(stored));
  const sockets = new Map<number, { received: number[]; onResponse?: (bytes: Uint8Array) => void; closed?: boolean }>();
  const relayed = new Map<string, (accepted: boolean, body: Uint8Array) => void>();

  const world: World = {
    id,
    stored,
    calls: [],
    effects: [],
    emitted: [],
    isBusy: () => gate.isBusy?.(state, world.nowMs) === true,
    get state() {
      return state;
    },
    nowMs: 1000,
    tamper: {},
    held: undefined,
    cutAfterStores: Number.POSITIVE_INFINITY,
    refuses: () => false,
    owner: { seed: ownerSeed, grant },
    show(event) {
      const step = gate.step(state, { ...event, nowMs: world.nowMs } as DeviceEvent);
      state = step.state;
      wakeAtMs = step.wakeAtMs ?? Number.POSITIVE_INFINITY;
      for (const effect of step.effects) {
        if ((effect.kind === "store" || effect.kind === "forget") && world.refuses(effect.name)) {
          world.show({ kind: "store-failed", name: effect.name });
          return;
        }
        perform(effect);
      }
    },
    advance(milliseconds) {
      const end = world.nowMs + milliseconds;
      while (wakeAtMs <= end) {
        world.nowMs = Math.max(world.nowMs, wakeAtMs);
        const before = wakeAtMs;
        world.show({ kind: "timer" });
        if (wakeAtMs <= before && wakeAtMs <= world.nowMs) throw new Error("the gate wants to be woken for ever");
      }
      world.nowMs = end;
    },
    restart() {
      gate = make();
      state = gate.initial;
      world.nowMs = 1000;
      world.cutAfterStores = Number.POSITIVE_INFINITY;
      sockets.clear();
      store = openStore(settingsOver(stored));
      world.show({ kind: "start", facts: store.facts, stored: store.settings });
      world.show({ kind: "online", ipv4: ADDRESS });
    },
    lan: (peer = "10.0.0.2", isOnSubnet = true) => httpOver(peer, isOnSubnet),
    relay: () => relayOver(),
  };

  function perform(effect: Effect): void {
    world.effects.push(effect);
    switch (effect.kind) {
      case "append":
        effect.ops.every((op) => performOp(flash, op));
        return;
      case "store":
      case "forget":
        if (world.cutAfterStores-- <= 0) return;
        performStore(store, "gate", effect);
        return;
      case "emit": {
        if (effect.event.kind === "answer-stored") return world.show(effect.event);
        world.emitted.push(effect.event);
        if (effect.event.kind !== "publish") return;
        const reply = decodeRelayedReply(effect.event.payload);
        if (reply.ok) relayed.get(String(reply.value.tag))?.(reply.value.accepted, reply.value.body);
        return;
      }
      case "call": {
        const args = decodeCbor(effect.args);
        const map = args.ok && args.value instanceof Map ? (args.value as Map<string, Cbor>) : new Map();
        world.calls.push({ name: effect.name, args: map });
        const answer = () => {
          const running = {
            app,
            io: options.io,
            history: [],
            port: { clock: { milliseconds: () => 0 } },
            tell: () => undefined,
          } as unknown as AppRuntime;
          const told = (result: Result<Uint8Array>) =>
            world.show(
              result.ok
                ? { kind: "called", id: effect.id, result: result.value }
                : { kind: "call-failed", id: effect.id, fault: result.fault },
            );
          if (app === APP) told(answerOf(effect.name, map));
          else callApp(running, effect.name, effect.args, told);
        };
        if (world.held !== undefined) world.held.push(answer);
        else answer();
        return;
      }
      case "tcp-write":
        sockets.get(effect.connection)?.onResponse?.(effect.bytes);
        return;
      case "tcp-close": {
        const socket = sockets.get(effect.connection);
        if (socket !== undefined) socket.closed = true;
        return;
      }
    }
  }

  function through(
    path: SessionPath,
    body: Uint8Array,
    send: (body: Uint8Array) => Result<Uint8Array> | undefined,
  ): Promise<Result<Uint8Array>> {
    const sent = world.tamper.request === undefined ? body : world.tamper.request(path, body);
    if (sent === undefined) return Promise.resolve(refuse("SESSION_UNREACHABLE"));
    const answer = send(sent);
    if (answer === undefined) return Promise.resolve(refuse("SESSION_UNREACHABLE"));
    if (!answer.ok || world.tamper.reply === undefined) return Promise.resolve(answer);
    const heard = world.tamper.reply(path, answer.value);
    return Promise.resolve(heard === undefined ? refuse("SESSION_UNREACHABLE") : ok(heard));
  }

  function httpOver(peer: string, isOnSubnet: boolean): Transport {
    return {
      exchange: (path, body) =>
        through(path, body, (sent) => {
          const connection = nextConnection++;
          let answer: Result<Uint8Array> | undefined;
          sockets.set(connection, {
            received: [],
            onResponse: (bytes) => {
              answer = readResponse(bytes);
            },
          });
          world.show({ kind: "tcp-accepted", connection, port: TCP_PORT, peer, isOnSubnet });
          const method = path === "key" ? "GET" : "POST";
          const head = `${method} ${PATH[path]} HTTP/1.1\r\nHost: ${ADDRESS}:${TCP_PORT}\r\nContent-Length: ${sent.length}\r\n\r\n`;
          world.show({ kind: "tcp-data", connection, bytes: Uint8Array.of(...text(head), ...sent) });
          world.show({ kind: "tcp-closed", connection });
          sockets.delete(connection);
          return answer;
        }),
      close: async () => undefined,
    };
  }

  function relayOver(): Transport {
    return {
      exchange: (path, body) =>
        through(path, body, (sent) => {
          const tag = primitives.random(8);
          let answer: Result<Uint8Array> | undefined;
          relayed.set(String(tag), (accepted, reply) => {
            answer = accepted ? ok(reply) : refuse(readRefusal(reply));
          });
          world.show({
            kind: "link-message",
            topic: "relay",
            payload: encodeRelayedRequest({ tag, path, body: sent }),
          });
          return answer;
        }),
      close: async () => undefined,
    };
  }

  world.restart();
  return world;
}

function readResponse(bytes: Uint8Array): Result<Uint8Array> {
  const whole = new TextDecoder("latin1").decode(bytes);
  const body = bytes.slice(whole.indexOf("\r\n\r\n") + 4);
  return whole.startsWith("HTTP/1.1 200 ") ? ok(body) : refuse(readRefusal(body));
}
