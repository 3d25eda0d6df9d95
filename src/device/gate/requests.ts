/**
 * Handles a session's requests: calls of the app's functions, reads, events and descriptions. Each request is decided
 * anew.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { namesOf, rightOf } from "#device/app-names.ts";
import { diagnosticsOf } from "#device/diagnostics.ts";
import { entryOf } from "#trust/grants/revocations.ts";
import { timeAt } from "#trust/time-floor.ts";
import { encodeAnswer, type SessionRequest } from "#wire/sessions/session.ts";
import { decideAsk } from "./ask.ts";
import { control } from "./control.ts";
import type { Origin } from "./endpoint.ts";
import { dropSession } from "./session-table.ts";
import type { Session, StepContext } from "./state.ts";

/** The plaintext of a reply. */
export type Answer = Uint8Array;

/**
 * Does one thing.
 * @returns The plaintext of the reply, or the number of the call whose answer the app still owes.
 */
export function perform(
  context: StepContext,
  session: Session,
  request: SessionRequest,
  origin: Origin,
): Answer | number {
  switch (request.op) {
    case "call":
      return call(context, session, request.name, request.args, origin);
    case "describe":
      return encodeAnswer(describe(context, session));
    case "description":
      return encodeAnswer(described(context, request.part));
    case "close":
      dropSession(context.state.table, session);
      return encodeAnswer(ok(null));
    case "events":
      return encodeAnswer(events(context, session, request.after, origin));
    default:
      return encodeAnswer(control(context, session, request, origin));
  }
}

function call(context: StepContext, session: Session, name: string, args: Uint8Array, origin: Origin): Answer | number {
  const { options, state, effects } = context;
  const right = rightOf(options.app, name);
  if (right === undefined || right === "subscribe") return encodeAnswer(refuse("APP_NO_SUCH_NAME"));
  const verdict = decideAsk(context, session, right, origin, name, args);
  if (!verdict.ok) return encodeAnswer(verdict);
  const id = ++state.callId;
  effects.push({ kind: "call", id, name, args });
  return id;
}

/**
 * Describes the app's names with their rights, and the facts that a holder needs to mint links beneath the holder's
 * own link.
 */
function describe({ options, state, memory, nowMs }: StepContext, session: Session): Result<Cbor> {
  const { appFault } = state;
  return ok(
    new Map<string, Cbor>([
      ["names", namesOf(options.app)],
      ...(options.app.isDevelopment === true ? [["development", true] as const] : []),
      ["product", memory.product],
      ["owner", session.isOwner],
      ["claimed", memory.claimed],
      ["fleetCalls", memory.fleetCalls],
      ["diagnostics", diagnosticsOf(memory.facts)],
      ["floor", entryOf(memory.revocations, session.holder).floor],
      ["time", timeAt(memory.time, nowMs).grade],
      ["zone", memory.zone?.rule ?? null],
      ["cloud", memory.cloud.address?.bytes ?? null],
      ["cloudTls", memory.cloud.tls?.bytes ?? null],
      ["link", state.link ?? null],
      ["keySet", state.keySet ?? null],
      ["state", state.unitState ?? null],
      ["app", appFault === undefined ? null : [appFault.isStopped, appFault.fault, appFault.name, appFault.count]],
    ]),
  );
}

/** One part of the app's description: [number of parts, JSON]. */
function described({ options }: StepContext, part: number): Result<Cbor> {
  const told = options.described?.(part);
  return told === undefined ? refuse("SESSION_REQUEST") : ok(told);
}

/** Events after a number, [number, name, value as encoded], of those that the chain may subscribe to. */
function events(context: StepContext, session: Session, after: number, origin: Origin): Result<Cbor> {
  const raised = context.state.events.filter(({ number }) => number > after);
  const verdicts = new Map<string, boolean>();
  for (const { name } of raised) {
    if (!verdicts.has(name)) verdicts.set(name, decideAsk(context, session, "subscribe", origin, name).ok);
  }
  return ok(raised.filter(({ name }) => verdicts.get(name)).map(({ number, name, value }) => [number, name, value]));
}
