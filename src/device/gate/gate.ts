/**
 * The gate: decides alone who may do what on this unit, now, offline. Callers come over the unit's own network or by
 * the broker's relay, prove a key and a chain of grants, and ask; each ask is decided, noted and answered once.
 * @source PROTOCOL 5
 */
import { faultNumber, ok, type Result } from "#base/faults.ts";
import { cloudOf } from "#device/link/cloud.ts";
import type { DeviceEvent, Effect, Machine, Step, Stored } from "#device/machine.ts";
import { deliveryTagOf } from "#wire/grants/revocation.ts";
import { ALL, DOWN } from "#wire/link/topics.ts";
import { encodeAnswer, encodeAnswerOf } from "#wire/sessions/session.ts";
import { writeAudit } from "./audit-log.ts";
import { takeDelivery } from "./control.ts";
import { answerAt, closeIdle, nextIdleMs, type Visit, visitOf } from "./door.ts";
import { handshake } from "./handshake.ts";
import { openMemory } from "./memory.ts";
import { RESET_HOLD_MS, reset, resumeResale } from "./owner.ts";
import { replyToCall, takeRecord } from "./records.ts";
import { nextTimeoutMs, sweep } from "./session-table.ts";
import { createGateState, type GateOptions, type GateState, keepEvent, type Moment } from "./state.ts";

/** Where the fleet's revocations arrive, below the fleet's topic. */
const REVOCATIONS = `all/${ALL.revocation}`;

/** What is stored once these effects are performed. */
function withStores(stored: Stored, effects: readonly Effect[]): Stored {
  const pending = new Map(effects.flatMap((effect) => (effect.kind === "store" ? [[effect.name, effect.value]] : [])));
  return { get: (name) => pending.get(name) ?? stored.get(name), names: () => stored.names() };
}

function start(options: GateOptions, state: GateState, stored: Stored, nowMs: number, effects: Effect[]): void {
  const resumed = resumeResale(stored);
  effects.push(...resumed);
  state.stored = stored;
  state.memory = openMemory(options.crypto, withStores(stored, resumed), options.buildS, nowMs);
  // A bare unit has no one to answer to.
  if (state.memory !== undefined) effects.push({ kind: "tcp-listen", port: options.tcpPort });
}

function visited(moment: Moment, visit: Visit): Result<Uint8Array> | undefined {
  switch (visit.path) {
    case "key":
      return ok(moment.memory.publicKey);
    case "edhoc":
      return handshake(moment, visit);
    case "record":
      return takeRecord(moment, visit);
  }
}

/** Answers a visit, and what the same caller sent behind it. */
function serve(moment: Moment, first: Visit | undefined): void {
  for (let visit = first; visit !== undefined; ) {
    const answer = visited(moment, visit);
    visit = answer === undefined ? undefined : answerAt(moment.state.door, visit.origin, answer, moment.effects);
  }
}

function answerCall(moment: Moment, id: number, plaintext: Uint8Array): void {
  const reply = replyToCall(moment, id, plaintext);
  if (reply === undefined) return;
  serve(moment, answerAt(moment.state.door, reply.origin, ok(reply.sealed), moment.effects));
}

/** A board may tell of one press more than once while it lasts: one reset is enough. */
function press(moment: Moment, heldMs: number): void {
  const { state, nowMs } = moment;
  const before = state.button;
  const isSame = before !== undefined && nowMs - heldMs <= before.atMs;
  state.button = { heldMs, atMs: nowMs };
  if (heldMs >= RESET_HOLD_MS && !(isSame && before.heldMs >= RESET_HOLD_MS)) reset(moment);
}

/** What was taken is told to the cloud, which can't know otherwise; what was refused comes again at the next link. */
function delivered(moment: Moment, delivery: Uint8Array): void {
  if (!takeDelivery(moment, delivery).ok) return;
  const tag = deliveryTagOf(moment.options.crypto.sha256, delivery);
  moment.effects.push({ kind: "emit", event: { kind: "revocations-taken", tag } });
}

function on(moment: Moment, event: DeviceEvent): void {
  const { state, nowMs, effects } = moment;
  switch (event.kind) {
    case "timer":
      return closeIdle(state.door, nowMs, effects);
    case "button":
      return press(moment, event.heldMs);
    case "link-message":
      if (event.topic === DOWN.revocation || event.topic === REVOCATIONS) return delivered(moment, event.payload);
      return serve(moment, visitOf(state.door, event, effects));
    case "raised":
      return keepEvent(state, event.name, event.value);
    case "link-up":
      state.link = 0;
      return;
    case "link-failed":
      state.link = faultNumber(event.fault);
      return;
    case "key-set-known":
      state.keySet = event.version;
      return;
    case "cloud-moved":
      state.link = undefined;
      if (state.stored !== undefined) moment.memory.cloud = cloudOf(state.stored);
      return;
    case "located":
      state.fix = { place: event.place, atMs: nowMs };
      return;
    case "time-hinted":
      moment.memory.hint = { atS: event.hintS, atMs: nowMs };
      return;
    case "called":
      return answerCall(moment, event.id, encodeAnswerOf(event.result));
    case "call-failed":
      return answerCall(moment, event.id, encodeAnswer({ ok: false, fault: event.fault }));
    default:
      return serve(moment, visitOf(state.door, event, effects));
  }
}

function step(options: GateOptions, state: GateState, event: DeviceEvent): Step<GateState> {
  const { nowMs } = event;
  const effects: Effect[] = [];
  if (event.kind === "start") start(options, state, event.stored, nowMs, effects);
  const { memory } = state;
  if (memory === undefined) return { state, effects };
  sweep(state.table, nowMs);
  if (event.kind !== "start") on({ options, state, memory, nowMs, effects }, event);
  const ops = state.audit === undefined ? [] : writeAudit(options.audit, state.audit);
  // First of all: whoever cuts the power when the lamp goes on finds that in the log.
  if (ops.length > 0) effects.unshift({ kind: "append", ops });
  const wakeAtMs = Math.min(nextTimeoutMs(state.table), nextIdleMs(state.door));
  return wakeAtMs === Number.POSITIVE_INFINITY ? { state, effects } : { state, effects, wakeAtMs };
}

export function createGate(options: GateOptions): Machine<GateState> {
  return {
    name: "gate",
    initial: createGateState(options.tcpPort),
    step: (state, event) => step(options, state, event),
  };
}
