/**
 * The unit's HTTP connections: a bounded number, one request at a time, each request complete within a time limit. A
 * connection can be made to give way to another, so that no client occupies all of them.
 * @source PROTOCOL 5.15
 */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import {
  createRequestReader,
  type RequestHead,
  type RequestReader,
  readBody,
  readHead,
  takePiece,
} from "./http-request.ts";
import type { DeviceEvent, Effect } from "./machine.ts";

/** One fewer than a board accepts (device/port.ts), so that a newcomer gets in and an older one gives way. */
const CONNECTIONS_MAX = 5;
/** From its first byte, or from the connection's begin, until a request is whole. */
const REQUEST_MS = 10_000;
/** A connection that asked before and says nothing more is closed after so long. */
const IDLE_MS = 30_000;

export interface Request {
  readonly connection: number;
  readonly peer: string;
  /** Whether the peer is on the unit's own subnet. */
  readonly isOnSubnet: boolean;
  readonly head: RequestHead;
  readonly body: Uint8Array;
}

interface Connection {
  readonly peer: string;
  readonly isOnSubnet: boolean;
  reader: RequestReader;
  /** When it is closed unless something comes of it. */
  deadlineMs: number;
  /** When it last asked something whole. */
  askedMs: number;
  /** What it sends before it has its answer is not kept: it ends the connection behind the answer. */
  isAnswering: boolean;
  isHasty: boolean;
}

export interface HttpServer {
  readonly port: number;
  readonly connections: Map<number, Connection>;
}

/** What came of an event: a request, or the fault for which the connection is to be answered and closed. */
type Asked =
  | { readonly ok: true; readonly request: Request }
  | { readonly ok: false; readonly fault: Fault; readonly connection: number };

export function createHttpServer(port: number): HttpServer {
  return { port, connections: new Map() };
}

/**
 * Takes an event of the network.
 * @param admit Judges a head before a byte of the body is looked at.
 * @returns What somebody asks, or undefined when the event brought nothing whole.
 */
export function takeHttpEvent(
  server: HttpServer,
  event: DeviceEvent,
  effects: Effect[],
  admit: (head: RequestHead) => Result<unknown>,
): Asked | undefined {
  switch (event.kind) {
    case "tcp-accepted":
      if (event.port === server.port) accept(server, event, effects);
      return undefined;
    case "tcp-data":
      return takeBytes(server, event, admit);
    case "tcp-closed":
      server.connections.delete(event.connection);
      return undefined;
    case "timer":
      closeOverdue(server, event.nowMs, effects);
      return undefined;
    default:
      return undefined;
  }
}

function accept(server: HttpServer, event: DeviceEvent & { kind: "tcp-accepted" }, effects: Effect[]): void {
  const { connections } = server;
  const { connection, peer, isOnSubnet, nowMs } = event;
  // A map keeps the order in which its entries came, and numbers are given again.
  connections.delete(connection);
  connections.set(connection, {
    ...{ peer, isOnSubnet, reader: createRequestReader(), deadlineMs: nowMs + REQUEST_MS },
    ...{ askedMs: Number.NEGATIVE_INFINITY, isAnswering: false, isHasty: false },
  });
  if (connections.size > CONNECTIONS_MAX) closeNow(server, leastMissed(server, connection), effects);
}

/** Of the peer that holds the most places, the newcomer's included: the connection that asked something longest ago, if ever. */
function leastMissed({ connections }: HttpServer, newcomer: number): number {
  const held = new Map<string, number>();
  for (const { peer } of connections.values()) held.set(peer, (held.get(peer) ?? 0) + 1);
  const most = Math.max(...held.values());
  let found = newcomer;
  let askedMs = Number.POSITIVE_INFINITY;
  for (const [number, connection] of connections) {
    if (number === newcomer || held.get(connection.peer) !== most || connection.askedMs >= askedMs) continue;
    found = number;
    askedMs = connection.askedMs;
  }
  return found;
}

function takeBytes(
  { connections }: HttpServer,
  event: DeviceEvent & { kind: "tcp-data" },
  admit: (head: RequestHead) => Result<unknown>,
): Asked | undefined {
  const connection = connections.get(event.connection);
  if (connection === undefined) return undefined;
  if (connection.isAnswering) {
    connection.isHasty = true;
    return undefined;
  }
  const { reader, peer, isOnSubnet } = connection;
  if (reader.pieces === 0 && connection.askedMs > Number.NEGATIVE_INFINITY) {
    connection.deadlineMs = event.nowMs + REQUEST_MS;
  }
  const read = readRequest(reader, event.bytes, admit);
  if (read.ok && read.value === undefined) return undefined;
  connection.isAnswering = true;
  connection.reader = createRequestReader();
  // Where no answer comes of it (its session ended meanwhile) the caller is not kept waiting for ever.
  connection.deadlineMs = event.nowMs + IDLE_MS;
  if (!read.ok || read.value === undefined) {
    connection.isHasty = true;
    return { ...(read as { ok: false; fault: Fault }), connection: event.connection };
  }
  const { head, body } = read.value;
  connection.askedMs = event.nowMs;
  connection.isHasty = reader.received.length > head.headBytes + head.bodyBytes;
  return { ok: true, request: { connection: event.connection, peer, isOnSubnet, head, body } };
}

function readRequest(
  reader: RequestReader,
  bytes: Uint8Array,
  admit: (head: RequestHead) => Result<unknown>,
): Result<{ readonly head: RequestHead; readonly body: Uint8Array } | undefined> {
  const taken = takePiece(reader, bytes);
  const head = taken.ok ? readHead(reader) : taken;
  if (!head.ok) return head;
  if (head.value === undefined) return ok(undefined);
  const admitted = admit(head.value);
  if (!admitted.ok) return refuse(admitted.fault);
  const body = readBody(reader, head.value);
  return ok(body && { head: head.value, body });
}

/** Whether the answer that is now given ends the connection, whatever its request said. */
export function endsAfterAnswer({ connections }: HttpServer, connection: number): boolean {
  return connections.get(connection)?.isHasty !== false;
}

/** Answers the request of a connection. Nothing happens when it is gone. */
export function answerHttp(
  { connections }: HttpServer,
  connection: number,
  bytes: Uint8Array,
  keepAlive: boolean,
  nowMs: number,
  effects: Effect[],
): void {
  const asking = connections.get(connection);
  if (asking === undefined) return;
  effects.push({ kind: "tcp-write", connection, bytes });
  asking.isAnswering = false;
  asking.deadlineMs = nowMs + IDLE_MS;
  if (keepAlive && !asking.isHasty) return;
  effects.push({ kind: "tcp-close", connection });
  connections.delete(connection);
}

function closeNow({ connections }: HttpServer, connection: number, effects: Effect[]): void {
  effects.push({ kind: "tcp-close", connection, isAtOnce: true });
  connections.delete(connection);
}

/** Closes connections whose request did not become whole in time, and those that stay silent. */
function closeOverdue(server: HttpServer, nowMs: number, effects: Effect[]): void {
  for (const [number, { deadlineMs }] of server.connections) if (nowMs >= deadlineMs) closeNow(server, number, effects);
}

/** When the next connection is to be closed, in board milliseconds. */
export function nextCloseMs({ connections }: HttpServer): number {
  return Math.min(...[...connections.values()].map(({ deadlineMs }) => deadlineMs));
}

/** Forgets all connections: the network they came from is gone. */
export function forgetConnections({ connections }: HttpServer): void {
  connections.clear();
}
