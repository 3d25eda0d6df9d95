/**
 * Relays sealed messages between remote callers and their units, and keeps one caller from crowding out another. Each
 * request gets its own tag, so a caller receives the answers to its own requests only. Sessions are held in memory
 * only, and the service doesn't touch sockets.
 * @source PROTOCOL 7.7
 */
import { equal, toHex } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import {
  decodeRelayedReply,
  decodeRelayedRequest,
  encodeRelayedAsleep,
  encodeRelayedReply,
  encodeRelayedRequest,
  RELAY_TAG_BYTES,
  type RelayedRequest,
} from "#wire/link/relay.ts";
import { DOWN } from "#wire/link/topics.ts";
import { BODY_BYTES_MAX, encodeRefusal, MESSAGE_1_MARK } from "#wire/sessions/session.ts";
import type { LinkedDevice } from "./broker.ts";
import type { Caller } from "./caller-gate.ts";
import { createRelayBudget } from "./relay-budget.ts";
import { placeFor, type RelaySession } from "./relay-sessions.ts";

/** A session in which nothing is said for so long ends. */
const IDLE_MS = 600_000;
/** Who waits for a unit that sleeps may be silent for so long. */
const WAIT_MS = 24 * 3_600_000;
/** Requests of one session whose answer is awaited; a caller asks one thing at a time. */
const PENDING_MAX = 4;

interface RelayServiceOptions {
  /** Publishes below a unit's own topic; false when it isn't connected. */
  toDevice(device: LinkedDevice, name: string, payload: Uint8Array): Promise<boolean>;
  toCaller(name: string, payload: Uint8Array): void;
  /** Until when a unit sleeps, Unix seconds: 0 where no time is known, undefined for one that does not sleep. */
  asleepUntilS(deviceId: string): number | undefined;
  /** Ends a caller's connection and invalidates its password. */
  dismiss(name: string): void;
  random(byteLength: number): Uint8Array;
  nowMs(): number;
  /** Calls back after a while. */
  later(milliseconds: number, then: () => void): void;
}

export interface RelayService {
  /** Takes a caller in, or refuses with SESSION_FULL; another session may have to give way (relay-sessions.ts). */
  admit(caller: Caller): Result<Caller>;
  /** What a caller sent. */
  said(name: string, payload: Uint8Array): void;
  /** What a unit answered. */
  replied(device: LinkedDevice, payload: Uint8Array): void;
  /** A unit's connection has ended: if it sleeps, what it has not answered waits. */
  left(deviceId: string): void;
  /** A unit has reported, and hears: what waited for it goes out. */
  awake(deviceId: string): void;
  /** A caller's connection has ended. */
  gone(name: string): void;
  /** Ends sessions that are idle, and those whose chains have run out. @param wallMs The time of day. */
  sweep(wallMs: number): void;
  /** Ends the sessions of those who may not stay: something was revoked. @param breathe Lets others work in between. */
  checkAgain(mayStay: (caller: Caller) => boolean, breathe: () => Promise<void>): Promise<void>;
  readonly counts: { readonly sessions: number; readonly forwarded: number; readonly heldOff: number };
}

export function createRelayService(options: RelayServiceOptions): RelayService {
  const { toDevice, toCaller, nowMs } = options;
  /** The least recently used first. */
  const sessions = new Map<string, RelaySession>();
  const pending = new Map<string, { readonly session: RelaySession; readonly request: RelayedRequest }>();
  const budget = createRelayBudget();
  const counts = { forwarded: 0, heldOff: 0 };

  const end = ({ caller, tags }: RelaySession): void => {
    for (const tag of tags) pending.delete(tag);
    sessions.delete(caller.name);
    options.dismiss(caller.name);
  };

  const touch = (session: RelaySession): void => {
    session.usedAtMs = nowMs();
    sessions.delete(session.caller.name);
    sessions.set(session.caller.name, session);
  };

  const refuseTo = (session: RelaySession, tag: Uint8Array, fault: Fault): void => {
    toCaller(session.caller.name, encodeRelayedReply({ tag, accepted: false, body: encodeRefusal(fault) }));
  };

  /** Keeps a request until its unit wakes, and tells the caller. False for a unit that doesn't sleep. */
  const hold = (session: RelaySession, request: RelayedRequest): boolean => {
    const untilS = options.asleepUntilS(session.caller.device.id);
    if (untilS === undefined) return false;
    const { waiting } = session;
    if (!waiting.some(({ tag }) => equal(tag, request.tag))) waiting.push(request);
    if (waiting.length > PENDING_MAX) waiting.shift();
    toCaller(session.caller.name, encodeRelayedAsleep(request.tag, untilS));
    return true;
  };

  const forward = async (session: RelaySession, request: RelayedRequest) => {
    if (sessions.get(session.caller.name) !== session || hold(session, request)) return;
    const tag = options.random(RELAY_TAG_BYTES);
    const name = toHex(tag);
    pending.set(name, { session, request });
    session.tags.push(name);
    if (session.tags.length > PENDING_MAX) pending.delete(session.tags.shift() as string);
    counts.forwarded++;
    if (await toDevice(session.caller.device, DOWN.relay, encodeRelayedRequest({ ...request, tag }))) return;
    if (pending.delete(name) && !hold(session, request)) refuseTo(session, request.tag, "SESSION_UNREACHABLE");
  };

  return {
    admit(caller) {
      const leaving = placeFor(caller, sessions);
      if (leaving === "full") return refuse("SESSION_FULL");
      if (leaving !== undefined) end(leaving);
      sessions.set(caller.name, { caller, usedAtMs: nowMs(), tags: [], waiting: [] });
      return ok(caller);
    },
    said(name, payload) {
      const session = sessions.get(name);
      if (session === undefined) return;
      if (payload.length === 0) return end(session);
      const request = decodeRelayedRequest(payload);
      if (!request.ok || request.value.body.length > BODY_BYTES_MAX) return;
      touch(session);
      const { tag, path, body } = request.value;
      const isHandshake = path === "edhoc" && body[0] === MESSAGE_1_MARK;
      if (isHandshake && !budget.takeHandshake(session.caller, nowMs())) {
        counts.heldOff++;
        return refuseTo(session, tag, "SESSION_RATE");
      }
      const delayMs = budget.takeAsk(session.caller, nowMs());
      // What is dropped here is sent again by a caller who means it: it has had no answer.
      if (delayMs === undefined) return void counts.heldOff++;
      if (delayMs === 0) void forward(session, request.value);
      else options.later(delayMs, () => void forward(session, request.value));
    },
    replied(device, payload) {
      const reply = decodeRelayedReply(payload);
      const name = reply.ok ? toHex(reply.value.tag) : "";
      const asked = pending.get(name);
      // A unit answers its own callers: a tag of another's is none of its.
      if (!reply.ok || asked === undefined || asked.session.caller.device.id !== device.id) return;
      pending.delete(name);
      toCaller(asked.session.caller.name, encodeRelayedReply({ ...reply.value, tag: asked.request.tag }));
    },
    left(deviceId) {
      for (const [name, { session, request }] of [...pending]) {
        if (session.caller.device.id === deviceId && hold(session, request)) pending.delete(name);
      }
    },
    awake(deviceId) {
      for (const session of [...sessions.values()]) {
        if (session.caller.device.id !== deviceId || session.waiting.length === 0) continue;
        touch(session);
        for (const request of session.waiting.splice(0)) void forward(session, request);
      }
    },
    gone(name) {
      const session = sessions.get(name);
      if (session !== undefined) end(session);
    },
    sweep(wallMs) {
      for (const session of [...sessions.values()]) {
        const isOver = (session.caller.expiresAtS ?? Number.POSITIVE_INFINITY) * 1000 <= wallMs;
        const silentMs = session.waiting.length > 0 ? WAIT_MS : IDLE_MS;
        if (isOver || session.usedAtMs + silentMs <= nowMs()) end(session);
      }
    },
    async checkAgain(mayStay, breathe) {
      for (const session of [...sessions.values()]) {
        if (sessions.get(session.caller.name) === session && !mayStay(session.caller)) end(session);
        await breathe();
      }
    },
    counts: {
      get sessions() {
        return sessions.size;
      },
      get forwarded() {
        return counts.forwarded;
      },
      get heldOff() {
        return counts.heldOff;
      },
    },
  };
}
