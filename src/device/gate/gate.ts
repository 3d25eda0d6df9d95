/**
 * The gate: decides offline who may do what on this unit. Callers connect over the local network or through the
 * broker's relay, and prove a key and a chain of grants. Each request is decided, recorded in the audit log and
 * answered once.
 * @source PROTOCOL 5
 */
import { toHex } from "#base/bytes.ts";
import { faultNumber, ok, type Result } from "#base/faults.ts";
import { nextCloseMs } from "#device/http-server.ts";
import { cloudOf } from "#device/link/cloud.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import type { Facts } from "#device/store/facts.ts";
import { deliveryTagOf } from "#wire/grants/revocation.ts";
import { ALL, DOWN } from "#wire/link/topics.ts";
import { localNameOf } from "#wire/sessions/discovery.ts";
import { encodeAnswer, encodeAnswerOf } from "#wire/sessions/session.ts";
import { writeAudit } from "./audit-log.ts";
import { takeDelivery } from "./control.ts";
import { answerAt, type IncomingRequest, requestIn } from "./endpoint.ts";
import { handshake } from "./handshake.ts";
import { openMemory, rereadMemory } from "./memory.ts";
import { RESET_HOLD_MS, reset, resumeResale } from "./owner.ts";
import { type Answered, answerUnstored, hasWritten, replyToCall, takeRecord } from "./records.ts";
import { nextTimeoutMs, sweep } from "./session-table.ts";
import { createGateState, type GateOptions, type GateState, keepEvent, type StepContext } from "./state.ts";
import { askCloud, onCloudTime, onLink } from "./time.ts";

/** Whoever asked something may ask more: a unit that wants to sleep waits for so long. */
const LINGER_MS = 3_000;
/** Where the fleet's revocations arrive, below the fleet's topic. */
const REVOCATIONS = `all/${ALL.revocation}`;

function start(options: GateOptions, state: GateState, facts: Facts, nowMs: number, effects: Effect[]): void {
  state.memory = openMemory(options.crypto, facts, options.buildS, nowMs);
  // A bare unit has no one to answer to.
  if (state.memory === undefined) return;
  state.endpoint.names.local = localNameOf(toHex(state.memory.id));
  // Listens first: with flash that takes no more, the unit still answers.
  effects.push({ kind: "tcp-listen", port: options.tcpPort }, ...resumeResale(facts));
}

function visited(context: StepContext, request: IncomingRequest): Result<Uint8Array> | undefined {
  switch (request.path) {
    case "key":
      context.state.keyAskedMs = context.nowMs;
      return ok(context.memory.publicKey);
    case "edhoc":
      return handshake(context, request);
    case "record":
      return takeRecord(context, request);
  }
}

function serve(context: StepContext, request: IncomingRequest | undefined): void {
  const answer = request && visited(context, request);
  if (request !== undefined && answer !== undefined) send(context, { origin: request.origin, answer });
}

function answerCall(context: StepContext, id: number, plaintext?: Uint8Array): void {
  const answered = replyToCall(context, id, plaintext);
  if (answered !== undefined) send(context, answered);
}

function send(context: StepContext, { origin, answer }: Answered): void {
  answerAt(context.state.endpoint, origin, answer, context.nowMs, context.effects);
}

/** The flash is what counts: the memory goes back to it, and whoever waits for an answer is told that nothing came of it. */
function notStored(context: StepContext): void {
  const { memory, state } = context;
  rereadMemory(memory);
  const isResold = memory.facts.resale !== undefined && !state.before.hasResale;
  for (const answered of answerUnstored(context, isResold)) send(context, answered);
}

/** A board may tell of one press more than once while it lasts: one reset is enough. */
function press(context: StepContext, heldMs: number): void {
  const { state, nowMs } = context;
  const before = state.button;
  const isSame = before !== undefined && nowMs - heldMs <= before.atMs;
  state.button = { heldMs, atMs: nowMs };
  if (heldMs >= RESET_HOLD_MS && !(isSame && before.heldMs >= RESET_HOLD_MS)) reset(context);
}

/** What was taken is told to the cloud, which can't know otherwise; what was refused comes again at the next link. */
function delivered(context: StepContext, delivery: Uint8Array): void {
  if (!takeDelivery(context, delivery).ok) return;
  const tag = deliveryTagOf(context.options.crypto.sha256, delivery);
  context.effects.push({ kind: "emit", event: { kind: "revocations-taken", tag } });
}

/** A stopped app's last failure is why it was stopped. */
function noteFailure(state: GateState, { fault, name }: DeviceEvent & { readonly kind: "app-failed" }): void {
  const before = state.appFault;
  const count = (before?.count ?? 0) + 1;
  if (fault !== "APP_STOPPED") {
    state.appFault = { isStopped: before?.isStopped ?? false, fault: faultNumber(fault), name, count };
  } else state.appFault = { fault: 0, name: "", ...before, isStopped: true, count };
}

function on(context: StepContext, event: DeviceEvent): void {
  const { state, nowMs, effects } = context;
  switch (event.kind) {
    case "online":
      state.endpoint.names.ipv4 = event.ipv4;
      return;
    case "link-down":
      return onLink(context, false);
    case "button":
      return press(context, event.heldMs);
    case "link-message":
      if (event.topic === DOWN.revocation || event.topic === REVOCATIONS) return delivered(context, event.payload);
      if (event.topic === DOWN.time) return onCloudTime(context, event.payload);
      return serve(context, requestIn(state.endpoint, event, effects));
    case "raised":
      return keepEvent(state, event.name, event.value);
    case "link-up":
      state.link = 0;
      return onLink(context, true);
    case "link-failed":
      state.link = faultNumber(event.fault);
      return;
    case "key-set-known":
      state.keySet = event.version;
      return;
    case "unit-state":
      state.unitState = event.payload;
      return;
    case "cloud-moved":
      state.link = undefined;
      context.memory.cloud = cloudOf(context.memory.facts);
      return;
    case "app-failed":
      return noteFailure(state, event);
    case "located":
      state.fix = { place: event.place, atMs: nowMs };
      return;
    case "time-guessed":
      context.memory.guess = { atS: event.unixS, atMs: nowMs };
      return;
    case "time-hinted":
      context.memory.hint = { atS: event.hintS, atMs: nowMs };
      return;
    case "store-failed":
      return notStored(context);
    case "answer-stored":
      return answerCall(context, event.id);
    case "called":
      return answerCall(context, event.id, encodeAnswerOf(event.result));
    case "call-failed":
      return answerCall(context, event.id, encodeAnswer({ ok: false, fault: event.fault }));
    default:
      return serve(context, requestIn(state.endpoint, event, effects));
  }
}

function step(options: GateOptions, state: GateState, event: DeviceEvent): Step<GateState> {
  const { nowMs } = event;
  const effects: Effect[] = [];
  if (event.kind === "start") start(options, state, event.facts, nowMs, effects);
  const { memory } = state;
  if (memory === undefined) return { state, effects };
  sweep(state.table, nowMs);
  if (event.kind !== "store-failed") {
    state.before = { callId: state.callId, hasResale: memory.facts.resale !== undefined };
  }
  const context = { options, state, memory, nowMs, effects };
  if (event.kind !== "start") {
    on(context, event);
    // What an unfinished resale would overwrite at the next start must not be written before it.
    if (memory.facts.resale !== undefined && hasWritten(context, 0)) effects.unshift(...resumeResale(memory.facts));
    askCloud(context);
  }
  const ops = state.audit === undefined ? [] : writeAudit(options.audit, state.audit);
  // First of all: whoever cuts the power when the lamp goes on finds that in the log.
  if (ops.length > 0) effects.unshift({ kind: "append", ops });
  const wakeAtMs = Math.min(nextTimeoutMs(state.table), nextCloseMs(state.endpoint.http), state.timeAsking.dueMs);
  return wakeAtMs === Number.POSITIVE_INFINITY ? { state, effects } : { state, effects, wakeAtMs };
}

export function createGate(options: GateOptions): Machine<GateState> {
  return {
    name: "gate",
    initial: createGateState(options.tcpPort, options.appOrigins),
    step: (state, event) => step(options, state, event),
    isBusy: ({ table, keyAskedMs }, nowMs) =>
      nowMs - keyAskedMs < LINGER_MS ||
      table.half.length > 0 ||
      table.open.some(({ pending, usedAtMs }) => pending !== undefined || nowMs - usedAtMs < LINGER_MS),
  };
}
