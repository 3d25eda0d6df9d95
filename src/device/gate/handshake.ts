/**
 * The unit's side of the EDHOC handshake: takes a turn before it handles message_1, and verifies the chain in
 * message_3.
 */
import { equal } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { takeTurn } from "#device/rate-limit.ts";
import { type OpenChain, openChain } from "#trust/grants/open-chain.ts";
import { inForce } from "#trust/grants/verify-grant.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { finish, openMessage3, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { recordKeys } from "#trust/sessions/sealed-record.ts";
import { ACT } from "#wire/sessions/audit.ts";
import { CALLER_KID, CHAIN_EAD_LABEL, credentialItem, MESSAGE_1_MARK, UNIT_KID } from "#wire/sessions/session.ts";
import type { IncomingRequest, Origin } from "./endpoint.ts";
import { isOwners, mayOpen, ownersChain, trustOf } from "./memory.ts";
import { adoptReissued, claim } from "./owner.ts";
import { awaitFlash, hasWritten } from "./records.ts";
import { addHalfOpen, admit, dropHalfOpen, freshId, type HalfOpen } from "./session-table.ts";
import { branchOf, note, type Session, type StepContext, tagOf } from "./state.ts";
import { rememberExpiry } from "./time.ts";

const NOTHING = new Uint8Array(0);
const SUITES = [SUITE_4];
const UNIT_ID_CRED = kidMap(UNIT_KID);
const CALLER_ID_CRED = kidMap(CALLER_KID);

/**
 * Takes what was posted to the handshake's path.
 * @returns Message 2, or nothing when message 3 opened a session; undefined while the flash is to hold what that changes. Refusals of message 1, in order: SESSION_RATE,
 *          EDHOC_MESSAGE, EDHOC_METHOD, EDHOC_SUITE, EDHOC_EAD, EDHOC_KEY; of message 3: SESSION_UNKNOWN, EDHOC_MESSAGE,
 *          EDHOC_SEAL, EDHOC_EAD, what the chain is refused for, EDHOC_CREDENTIAL, EDHOC_SIGNATURE, SESSION_FULL.
 * @source PROTOCOL 5.5, 5.12 to 5.15
 */
export function handshake(
  context: StepContext,
  { source, body, origin }: IncomingRequest,
): Result<Uint8Array> | undefined {
  return body[0] === MESSAGE_1_MARK ? onMessage1(context, source, body.subarray(1)) : onMessage3(context, body, origin);
}

function onMessage1(
  { options, state, memory, nowMs }: StepContext,
  source: string,
  bytes: Uint8Array,
): Result<Uint8Array> {
  if (!takeTurn(state.limit, source, nowMs)) return refuse("SESSION_RATE");
  const message1 = readMessage1(bytes, SUITES);
  if (!message1.ok) return message1;
  const id = freshId(state.table, options.crypto.random(1)[0] as number);
  const own = {
    id: UNIT_ID_CRED,
    item: credentialItem(memory.publicKey),
    sign: (message: Uint8Array) => options.crypto.ed25519Sign(message, memory.seed),
  };
  const responded = respond(options.crypto, message1.value, Uint8Array.of(id), own);
  if (!responded.ok) return responded;
  addHalfOpen(state.table, { id, source, responded: responded.value, startedAtMs: nowMs });
  return ok(responded.value.message2);
}

function onMessage3(context: StepContext, body: Uint8Array, origin: Origin): Result<Uint8Array> | undefined {
  const { state } = context;
  const half = state.table.half.find(({ id }) => id === body[0]);
  if (half !== undefined) return complete(context, half, body, origin);
  // The answer to this very message was lost: the session stands, say so again.
  const open = state.table.open.find(({ id }) => id === body[0]);
  return open !== undefined && equal(open.message3Tag, tagOf(body)) ? ok(NOTHING) : refuse("SESSION_UNKNOWN");
}

function complete(
  context: StepContext,
  half: HalfOpen,
  body: Uint8Array,
  origin: Origin,
): Result<Uint8Array> | undefined {
  const { options, state, memory, nowMs } = context;
  const opened = openMessage3(options.crypto, half.responded, body.subarray(1));
  // Anyone may send bytes under this identifier: only what was sealed by the sender of message 1 ends the handshake.
  if (!opened.ok) return opened;
  dropHalfOpen(state.table, half);
  const { ead } = opened.value.proof;
  const chainBytes = ead.find(({ label }) => label === -CHAIN_EAD_LABEL)?.value;
  if (chainBytes === undefined || ead.some(({ label }) => label < 0 && label !== -CHAIN_EAD_LABEL)) {
    return refuse("EDHOC_EAD");
  }
  const trust = trustOf(options.crypto, memory, nowMs);
  const chain = chainBytes.length === 0 ? ownersChain(memory) : openChain(chainBytes, trust);
  const standing = chain.ok ? inForce(chain.value, trust) : chain;
  if (!standing.ok) {
    if (chain.ok && standing.fault === "GRANT_EXPIRED") rememberExpiry(context, chain.value);
    return refused(context, undefined, standing.fault);
  }
  if (!mayOpen(memory, standing.value)) return refused(context, undefined, "STORE_UNREADABLE");
  const { holder } = standing.value;
  const peer = { id: CALLER_ID_CRED, item: credentialItem(holder), publicKey: holder };
  const secret = finish(options.crypto, half.responded, opened.value, peer);
  if (!secret.ok) return refused(context, undefined, secret.fault);
  const before = context.effects.length;
  adoptReissued(context, standing.value, chainBytes);
  const session: Session = {
    id: half.id,
    keys: recordKeys(options.crypto, secret.value),
    holder,
    branch: branchOf(memory, standing.value),
    isOwner: isOwners(memory, standing.value),
    message3Tag: tagOf(body),
    usedAtMs: nowMs,
    chain: standing.value,
    counter: 0,
    requestTag: NOTHING,
    reply: undefined,
    pending: undefined,
    nonce: undefined,
    discharged: [],
    hasProved: false,
  };
  const admitted = admit(state.table, session);
  if (!admitted.ok) return refused(context, standing.value, admitted.fault);
  if (session.isOwner) claim(context);
  note(context, ACT.open, session.chain, undefined);
  return hasWritten(context, before) ? awaitFlash(context, session, { origin, isOpening: true }) : ok(NOTHING);
}

function refused(context: StepContext, chain: OpenChain | undefined, fault: Fault): Result<Uint8Array> {
  note(context, ACT.open, chain, fault);
  return refuse(fault);
}
