/**
 * Carries sealed bytes between callers away from home and their units, and keeps one caller from crowding out another.
 * It gives each request a tag of its own, so a caller hears the answers to what he asked and nobody else's. It holds
 * visits in memory only, and knows nothing of sockets.
 * @source PROTOCOL 7.7
 */
import { toHex } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import {
  decodeRelayedReply,
  decodeRelayedRequest,
  encodeRelayedReply,
  encodeRelayedRequest,
  RELAY_TAG_BYTES,
} from "#wire/link/relay.ts";
import { DOWN } from "#wire/link/topics.ts";
import { BODY_BYTES_MAX, encodeRefusal, MESSAGE_1_MARK } from "#wire/sessions/session.ts";
import type { LinkedDevice } from "./broker.ts";
import type { Caller } from "./caller-gate.ts";
import { createRelayBudget } from "./relay-budget.ts";
import { placeFor, type Visit } from "./visits.ts";

/** A visit in which nothing is said for so long ends. */
const IDLE_MS = 600_000;
/** Requests of one visit whose answer is awaited; a caller asks one thing at a time. */
const PENDING_MAX = 4;

export interface RelayDeskOptions {
  /** Publishes below a unit's own topic; false when it isn't connected. */
  toDevice(device: LinkedDevice, name: string, payload: Uint8Array): Promise<boolean>;
  toCaller(name: string, payload: Uint8Array): void;
  /** Ends a caller's connection and what he could show. */
  dismiss(name: string): void;
  random(byteLength: number): Uint8Array;
  nowMs(): number;
  /** Calls back after a while. */
  later(milliseconds: number, then: () => void): void;
}

export interface RelayDesk {
  /** Takes a caller in, or refuses with SESSION_FULL; another visit may have to give way (visits.ts). */
  admit(caller: Caller): Result<Caller>;
  /** What a caller sent. */
  said(name: string, payload: Uint8Array): void;
  /** What a unit answered. */
  replied(device: LinkedDevice, payload: Uint8Array): void;
  /** A caller's connection has ended. */
  gone(name: string): void;
  /** Ends visits that are idle, and those whose chains have run out. @param wallMs The time of day. */
  sweep(wallMs: number): void;
  /** Ends the visits of those who may not stay: something was revoked. @param breathe Lets others work in between. */
  checkAgain(mayStay: (caller: Caller) => boolean, breathe: () => Promise<void>): Promise<void>;
  readonly counts: { readonly visits: number; readonly forwarded: number; readonly heldOff: number };
}

export function createRelayDesk(options: RelayDeskOptions): RelayDesk {
  const { toDevice, toCaller, nowMs } = options;
  /** The least recently used first. */
  const visits = new Map<string, Visit>();
  const pending = new Map<string, { readonly visit: Visit; readonly tag: Uint8Array }>();
  const budget = createRelayBudget();
  const counts = { forwarded: 0, heldOff: 0 };

  const end = ({ caller, tags }: Visit): void => {
    for (const tag of tags) pending.delete(tag);
    visits.delete(caller.name);
    options.dismiss(caller.name);
  };

  const touch = (visit: Visit): void => {
    visit.usedAtMs = nowMs();
    visits.delete(visit.caller.name);
    visits.set(visit.caller.name, visit);
  };

  const refuseTo = (visit: Visit, tag: Uint8Array, fault: Fault): void => {
    toCaller(visit.caller.name, encodeRelayedReply({ tag, accepted: false, body: encodeRefusal(fault) }));
  };

  const forward = async (
    visit: Visit,
    request: { tag: Uint8Array; path: "key" | "edhoc" | "record"; body: Uint8Array },
  ) => {
    if (visits.get(visit.caller.name) !== visit) return;
    const tag = options.random(RELAY_TAG_BYTES);
    const name = toHex(tag);
    pending.set(name, { visit, tag: request.tag });
    visit.tags.push(name);
    if (visit.tags.length > PENDING_MAX) pending.delete(visit.tags.shift() as string);
    counts.forwarded++;
    if (await toDevice(visit.caller.device, DOWN.relay, encodeRelayedRequest({ ...request, tag }))) return;
    if (pending.delete(name)) refuseTo(visit, request.tag, "SESSION_UNREACHABLE");
  };

  return {
    admit(caller) {
      const leaving = placeFor(caller, visits);
      if (leaving === "full") return refuse("SESSION_FULL");
      if (leaving !== undefined) end(leaving);
      visits.set(caller.name, { caller, usedAtMs: nowMs(), tags: [] });
      return ok(caller);
    },
    said(name, payload) {
      const visit = visits.get(name);
      if (visit === undefined) return;
      if (payload.length === 0) return end(visit);
      const request = decodeRelayedRequest(payload);
      if (!request.ok || request.value.body.length > BODY_BYTES_MAX) return;
      touch(visit);
      const { tag, path, body } = request.value;
      const isHandshake = path === "edhoc" && body[0] === MESSAGE_1_MARK;
      if (isHandshake && !budget.takeHandshake(visit.caller, nowMs())) {
        counts.heldOff++;
        return refuseTo(visit, tag, "SESSION_RATE");
      }
      const delayMs = budget.takeAsk(visit.caller, nowMs());
      // What is dropped here is sent again by a caller who means it: it has had no answer.
      if (delayMs === undefined) return void counts.heldOff++;
      if (delayMs === 0) void forward(visit, request.value);
      else options.later(delayMs, () => void forward(visit, request.value));
    },
    replied(device, payload) {
      const reply = decodeRelayedReply(payload);
      const name = reply.ok ? toHex(reply.value.tag) : "";
      const asked = pending.get(name);
      // A unit answers its own callers: a tag of another's is none of its.
      if (!reply.ok || asked === undefined || asked.visit.caller.device.id !== device.id) return;
      pending.delete(name);
      toCaller(asked.visit.caller.name, encodeRelayedReply({ ...reply.value, tag: asked.tag }));
    },
    gone(name) {
      const visit = visits.get(name);
      if (visit !== undefined) end(visit);
    },
    sweep(wallMs) {
      for (const visit of [...visits.values()]) {
        const isOver = (visit.caller.expiresAtS ?? Number.POSITIVE_INFINITY) * 1000 <= wallMs;
        if (isOver || visit.usedAtMs + IDLE_MS <= nowMs()) end(visit);
      }
    },
    async checkAgain(mayStay, breathe) {
      for (const visit of [...visits.values()]) {
        if (visits.get(visit.caller.name) === visit && !mayStay(visit.caller)) end(visit);
        await breathe();
      }
    },
    counts: {
      get visits() {
        return visits.size;
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
