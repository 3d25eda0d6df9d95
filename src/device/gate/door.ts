/** The gate's two doors: HTTP on the unit's own network, and the broker's relay. What comes in is the same behind both. */
import { concat } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { encodeHttpResponse, httpStatusOf, readHttpRequest } from "#device/http-request.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { decodeRelayedRequest, encodeRelayedReply } from "#wire/link/relay.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { encodeRefusal, PATH, type SessionPath } from "#wire/sessions/session.ts";

const CONNECTIONS_MAX = 8;
/** A connection that sends no whole request for so long is closed. */
const CONNECTION_IDLE_MS = 30_000;

/** Where an answer goes. */
export type Origin =
  | { readonly kind: "lan"; readonly connection: number; readonly keepAlive: boolean }
  | { readonly kind: "relay"; readonly tag: Uint8Array };

export interface Visit {
  readonly origin: Origin;
  /** Whom to count this for: an address, or the relay as a whole. */
  readonly source: string;
  readonly path: SessionPath;
  readonly body: Uint8Array;
}

interface Connection {
  readonly peer: string;
  received: Uint8Array;
  heardAtMs: number;
  /** One request at a time: what follows waits here until it is answered. */
  isAnswering: boolean;
}

export interface Door {
  readonly port: number;
  readonly connections: Map<number, Connection>;
}

export function createDoor(port: number): Door {
  return { port, connections: new Map() };
}

const METHOD: Readonly<Record<SessionPath, string>> = { edhoc: "POST", record: "POST", key: "GET" };
const PATHS = Object.keys(PATH) as SessionPath[];

function routeOf(method: string, path: string): Result<SessionPath> {
  const route = PATHS.find((each) => PATH[each] === path);
  if (route === undefined) return refuse("HTTP_PATH");
  return METHOD[route] === method ? ok(route) : refuse("HTTP_METHOD");
}

/** The next whole request of a connection, if there is one; bad ones are answered here and end the connection. */
function nextVisit(door: Door, connection: number, effects: Effect[]): Visit | undefined {
  const state = door.connections.get(connection);
  if (state === undefined || state.isAnswering || state.received.length === 0) return undefined;
  const read = readHttpRequest(state.received);
  if (read.ok && read.value === undefined) return undefined;
  state.isAnswering = true;
  const request = read.ok ? read.value : undefined;
  const route = request === undefined ? (read as { ok: false; fault: Fault }) : routeOf(request.method, request.path);
  if (request === undefined || !route.ok) {
    state.received = new Uint8Array(0);
    answerAt(door, { kind: "lan", connection, keepAlive: false }, route as { ok: false; fault: Fault }, effects);
    return undefined;
  }
  state.received = state.received.slice(request.byteLength);
  const origin: Origin = { kind: "lan", connection, keepAlive: request.keepAlive };
  return { origin, source: state.peer, path: route.value, body: request.body };
}

/**
 * Takes an event of the network or the link.
 * @returns What somebody asks, or undefined when the event brought nothing whole.
 */
export function visitOf(door: Door, event: DeviceEvent, effects: Effect[]): Visit | undefined {
  switch (event.kind) {
    case "tcp-accepted":
      if (event.port !== door.port) return undefined;
      if (door.connections.size >= CONNECTIONS_MAX) effects.push({ kind: "tcp-close", connection: event.connection });
      else {
        const received = new Uint8Array(0);
        const connection = { peer: event.peer, received, heardAtMs: event.nowMs, isAnswering: false };
        door.connections.set(event.connection, connection);
      }
      return undefined;
    case "tcp-data": {
      const connection = door.connections.get(event.connection);
      if (connection === undefined) return undefined;
      connection.heardAtMs = event.nowMs;
      connection.received = connection.received.length === 0 ? event.bytes : concat(connection.received, event.bytes);
      return nextVisit(door, event.connection, effects);
    }
    case "tcp-closed":
      door.connections.delete(event.connection);
      return undefined;
    case "link-message": {
      const relayed = event.topic === DOWN.relay ? decodeRelayedRequest(event.payload) : undefined;
      if (relayed === undefined || !relayed.ok) return undefined;
      const { tag, path, body } = relayed.value;
      return { origin: { kind: "relay", tag }, source: "relay", path, body };
    }
    default:
      return undefined;
  }
}

/**
 * Sends an answer where its question came from.
 * @returns What the same connection asks next, when it has sent it already.
 */
export function answerAt(door: Door, origin: Origin, answer: Result<Uint8Array>, effects: Effect[]): Visit | undefined {
  const body = answer.ok ? answer.value : encodeRefusal(answer.fault);
  if (origin.kind === "relay") {
    const payload = encodeRelayedReply({ tag: origin.tag, accepted: answer.ok, body });
    effects.push({ kind: "emit", event: { kind: "publish", topic: UP.reply, payload, retain: false } });
    return undefined;
  }
  const connection = door.connections.get(origin.connection);
  if (connection === undefined) return undefined;
  const status = answer.ok ? 200 : httpStatusOf(answer.fault);
  const bytes = encodeHttpResponse(status, body, origin.keepAlive);
  effects.push({ kind: "tcp-write", connection: origin.connection, bytes });
  connection.isAnswering = false;
  if (origin.keepAlive) return nextVisit(door, origin.connection, effects);
  effects.push({ kind: "tcp-close", connection: origin.connection });
  door.connections.delete(origin.connection);
  return undefined;
}

/** Closes connections that stay silent. */
export function closeIdle(door: Door, nowMs: number, effects: Effect[]): void {
  for (const [number, { heardAtMs }] of door.connections) {
    if (nowMs - heardAtMs < CONNECTION_IDLE_MS) continue;
    effects.push({ kind: "tcp-close", connection: number });
    door.connections.delete(number);
  }
}

/** When the next connection has been silent for too long, in board milliseconds. */
export function nextIdleMs(door: Door): number {
  return Math.min(...[...door.connections.values()].map(({ heardAtMs }) => heardAtMs + CONNECTION_IDLE_MS));
}
