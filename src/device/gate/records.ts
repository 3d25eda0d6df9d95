/** Sealed records at the unit: each request runs at most once, in order, and is answered once. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { openRequest, readRequestRecord, sealReply } from "#trust/sessions/sealed-record.ts";
import { decodeRequest, encodeAnswer } from "#wire/sessions/session.ts";
import type { IncomingRequest, Origin } from "./endpoint.ts";
import { type Answer, perform } from "./requests.ts";
import { dropSession } from "./session-table.ts";
import { type Session, type StepContext, tagOf } from "./state.ts";

/** Whether a step wrote anything from some effect on. */
export function hasWritten({ effects }: StepContext, from: number): boolean {
  return effects.slice(from).some(({ kind }) => kind === "store" || kind === "forget");
}

/** Waits with a session's answer until all that this step stores is in flash: then, and only then, it is true. */
export function awaitFlash(
  { state, effects }: StepContext,
  session: Session,
  pending: { readonly origin: Origin; readonly answer?: Uint8Array; readonly isOpening?: boolean },
): undefined {
  const id = ++state.callId;
  session.pending = { callId: id, ...pending };
  state.waiting.push(session);
  effects.push({ kind: "emit", event: { kind: "answer-stored", id } });
  return undefined;
}

/**
 * Takes one record.
 * @returns The sealed reply; undefined while the app works on it or the flash is to hold what it says; or, in clear: SESSION_RECORD, SESSION_UNKNOWN,
 *          SESSION_REPLAY (a counter that was used), SESSION_ORDER (a counter that is not the next), SESSION_SEAL.
 * @source PROTOCOL 5.8 to 5.11
 */
export function takeRecord(context: StepContext, { origin, body }: IncomingRequest): Result<Uint8Array> | undefined {
  const { options, state, nowMs } = context;
  const record = readRequestRecord(body);
  if (!record.ok) return record;
  const { sessionId, counter } = record.value;
  const session = state.table.open.find(({ id }) => sessionId.length === 1 && id === sessionId[0]);
  if (session === undefined) return refuse("SESSION_UNKNOWN");
  if (counter <= session.counter) return repeat(session, counter, body, origin);
  if (counter !== session.counter + 1 || session.pending !== undefined) return refuse("SESSION_ORDER");
  const plaintext = openRequest(options.crypto, session.keys, record.value);
  if (!plaintext.ok) return plaintext;
  session.counter = counter;
  session.requestTag = tagOf(body);
  session.reply = undefined;
  session.usedAtMs = nowMs;
  prove(context, session, origin);
  const request = decodeRequest(plaintext.value);
  const before = context.effects.length;
  const answer = request.ok ? perform(context, session, request.value, origin) : encodeAnswer(request);
  if (typeof answer === "number") {
    session.pending = { callId: answer, origin };
    return undefined;
  }
  if (hasWritten(context, before)) return awaitFlash(context, session, { origin, answer });
  return ok(reply(context, session, answer));
}

/** The last record again: the caller didn't get its reply. Any older one, or another under its counter, is a replay. */
function repeat(session: Session, counter: number, body: Uint8Array, origin: Origin): Result<Uint8Array> | undefined {
  if (counter !== session.counter || !equal(tagOf(body), session.requestTag)) return refuse("SESSION_REPLAY");
  if (session.reply !== undefined) return ok(session.reply);
  if (session.pending !== undefined) session.pending.origin = origin;
  return undefined;
}

/** Seals the one reply to the session's last request and keeps it in case it gets lost. */
function reply({ options }: StepContext, session: Session, plaintext: Answer): Uint8Array {
  session.reply = sealReply(options.crypto, session.keys, session.counter, plaintext);
  return session.reply;
}

export interface Answered {
  readonly origin: Origin;
  readonly answer: Result<Uint8Array>;
}

/**
 * The reply for which a session waited, and where it goes; undefined when its session is gone.
 * @param plaintext What the app answered; absent when the answer waited for the flash.
 */
export function replyToCall(context: StepContext, callId: number, plaintext?: Uint8Array): Answered | undefined {
  const { open } = context.state.table;
  const session = [...open, ...context.state.waiting].find(({ pending }) => pending?.callId === callId);
  if (session?.pending === undefined) return undefined;
  const { origin, isOpening, answer } = session.pending;
  session.pending = undefined;
  const place = context.state.waiting.indexOf(session);
  if (place >= 0) context.state.waiting.splice(place, 1);
  session.usedAtMs = context.nowMs;
  if (isOpening === true) return { origin, answer: ok(new Uint8Array(0)) };
  const text = plaintext ?? answer;
  return text && { origin, answer: ok(reply(context, session, text)) };
}

/**
 * What is said to those whose answers waited for what the last step could not store.
 * @param isDecided Whether that step did what it was asked nevertheless: a resale counts from its first write on.
 */
export function answerUnstored(context: StepContext, isDecided: boolean): readonly Answered[] {
  const { table, waiting, before } = context.state;
  const sessions = new Set([...table.open, ...waiting].filter(({ pending }) => (pending?.callId ?? 0) > before.callId));
  return [...sessions].flatMap((session) => {
    const { callId, origin, isOpening } = session.pending as NonNullable<Session["pending"]>;
    const refusal = isDecided ? undefined : encodeAnswer(refuse("STORE_FAILED"));
    const answered = replyToCall(context, callId, refusal);
    if (isOpening !== true) return answered ?? [];
    dropSession(table, session);
    return { origin, answer: refuse("STORE_FAILED") };
  });
}

/** Reports that the owner opened a session on the local network, which proves that this image can be reached. */
function prove({ effects }: StepContext, session: Session, origin: Origin): void {
  if (session.hasProved || !session.isOwner || origin.kind !== "lan") return;
  session.hasProved = true;
  effects.push({ kind: "emit", event: { kind: "peer-proved", by: "session" } });
}
