/** Sealed records at the unit: each request runs at most once, in order, and is answered once. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { openRequest, readRequestRecord, sealReply } from "#trust/sessions/sealed-record.ts";
import { decodeRequest, encodeAnswer } from "#wire/sessions/session.ts";
import type { Origin, Visit } from "./door.ts";
import { type Answer, perform } from "./requests.ts";
import { type Moment, type Session, tagOf } from "./state.ts";

/**
 * Takes one record.
 * @returns The sealed reply; undefined while the app works on it; or, in clear: SESSION_RECORD, SESSION_UNKNOWN,
 *          SESSION_REPLAY (a counter that was used), SESSION_ORDER (a counter that is not the next), SESSION_SEAL.
 * @source PROTOCOL 5.8 to 5.11
 */
export function takeRecord(moment: Moment, { origin, body }: Visit): Result<Uint8Array> | undefined {
  const { options, state, nowMs } = moment;
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
  prove(moment, session, origin);
  const request = decodeRequest(plaintext.value);
  const answer = request.ok ? perform(moment, session, request.value, origin) : encodeAnswer(request);
  if (typeof answer === "number") {
    session.pending = { callId: answer, origin };
    return undefined;
  }
  return ok(reply(moment, session, answer));
}

/** The last record again: the caller didn't get its reply. Any older one, or another under its counter, is a replay. */
function repeat(session: Session, counter: number, body: Uint8Array, origin: Origin): Result<Uint8Array> | undefined {
  if (counter !== session.counter || !equal(tagOf(body), session.requestTag)) return refuse("SESSION_REPLAY");
  if (session.reply !== undefined) return ok(session.reply);
  if (session.pending !== undefined) session.pending.origin = origin;
  return undefined;
}

/** Seals the one reply to the session's last request and keeps it in case it gets lost. */
function reply({ options }: Moment, session: Session, plaintext: Answer): Uint8Array {
  session.reply = sealReply(options.crypto, session.keys, session.counter, plaintext);
  return session.reply;
}

/** The reply to the call that the app has answered, and where it goes; undefined when its session is gone. */
export function replyToCall(
  moment: Moment,
  callId: number,
  plaintext: Uint8Array,
): { readonly origin: Origin; readonly sealed: Uint8Array } | undefined {
  const session = moment.state.table.open.find(({ pending }) => pending?.callId === callId);
  const origin = session?.pending?.origin;
  if (session === undefined || origin === undefined) return undefined;
  session.pending = undefined;
  session.usedAtMs = moment.nowMs;
  return { origin, sealed: reply(moment, session, plaintext) };
}

/** The owner, on the same network, has answered our key with his: this image can be reached. */
function prove({ effects }: Moment, session: Session, origin: Origin): void {
  if (session.hasProved || !session.isOwner || origin.kind !== "lan") return;
  session.hasProved = true;
  effects.push({ kind: "emit", event: { kind: "peer-proved", by: "session" } });
}
