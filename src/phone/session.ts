/**
 * The caller's side of a session: performs the handshake, verifies the unit's key, then sends one request after the
 * other.
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { isKeyOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { answerMessage2, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { COUNTER_MAX, openReply, type RecordKeys, recordKeys, sealRequest } from "#trust/sessions/sealed-record.ts";
import {
  CALLER_ID,
  CALLER_KID,
  CHAIN_EAD_LABEL,
  credentialItem,
  decodeAnswer,
  encodeRequest,
  MESSAGE_1_MARK,
  type SessionRequest,
  UNIT_KID,
} from "#wire/sessions/session.ts";
import type { Transport } from "./transport.ts";

const NOTHING = new Uint8Array(0);
/** How often a body is sent before the caller is told that the unit can't be reached. */
const SENDINGS_MAX = 3;

interface SessionOptions {
  readonly primitives: Primitives;
  readonly transport: Transport;
  /** The 12 bytes on the label. */
  readonly deviceId: Uint8Array;
  /** Ed25519 seed of the key that the last link of the chain names. */
  readonly holderSeed: Uint8Array;
  /**
   * The grant and its children, encoded: [1, [grant, child...]]. The owner needs none: the unit holds the owner's
   * grant.
   */
  readonly chain?: Uint8Array;
  /** How often each body is sent when no answer comes. */
  readonly sendingsMax?: number;
}

export interface Session {
  /** The unit's Ed25519 key, proven. */
  readonly unitKey: Uint8Array;
  /**
   * Asks for one thing and waits for the answer. Requests are sent one after the other; each runs at most once.
   * @returns The answer's value, or the unit's refusal. SESSION_UNREACHABLE, SESSION_UNKNOWN and SESSION_ANSWER leave
   *          open whether the unit did it; ask again in a new session only what may be done twice.
   */
  request(request: SessionRequest): Promise<Result<Cbor>>;
  /** Tells the unit that the session ends, if the unit can be reached, and closes the transport. */
  close(): Promise<void>;
}

/** Sends a body until something answers. */
async function exchange(
  transport: Transport,
  path: "key" | "edhoc" | "record",
  body: Uint8Array,
  sendingsMax: number,
): Promise<Result<Uint8Array>> {
  for (let sending = 1; ; sending++) {
    const answer = await transport.exchange(path, body);
    if (answer.ok || answer.fault !== "SESSION_UNREACHABLE" || sending >= sendingsMax) return answer;
  }
}

/**
 * Opens a session.
 * @returns The session, or what refused it, in order: SESSION_UNREACHABLE; SESSION_DEVICE when the key that answers is not
 *          the one that the device ID commits to; EDHOC_*; what the unit refused of the chain (GRANT_*, SESSION_FULL,
 *          SESSION_RATE and so on), which until the session stands is a hint that anyone could have sent.
 * @source PROTOCOL 5.5
 */
export async function openSession(options: SessionOptions): Promise<Result<Session>> {
  const { primitives, transport, holderSeed, sendingsMax = SENDINGS_MAX } = options;
  const send = (path: "key" | "edhoc" | "record", body: Uint8Array) => exchange(transport, path, body, sendingsMax);

  const key = await send("key", NOTHING);
  if (!key.ok) return key;
  const unitKey = key.value;
  if (!isKeyOf(primitives, options.deviceId, unitKey)) return refuse("SESSION_DEVICE");

  const initiated = initiate(primitives, SUITE_4, CALLER_ID);
  const message2 = await send("edhoc", concat(Uint8Array.of(MESSAGE_1_MARK), initiated.message1));
  if (!message2.ok) return message2;
  const opened = openMessage2(primitives, initiated, message2.value);
  if (!opened.ok) return opened;
  const unit = { id: kidMap(UNIT_KID), item: credentialItem(unitKey), publicKey: unitKey };
  const own = {
    id: kidMap(CALLER_KID),
    item: credentialItem(primitives.ed25519PublicKey(holderSeed)),
    sign: (message: Uint8Array) => primitives.ed25519Sign(message, holderSeed),
  };
  const ead = [{ label: -CHAIN_EAD_LABEL, value: options.chain ?? NOTHING }];
  const answered = answerMessage2(primitives, opened.value, unit, own, ead);
  if (!answered.ok) return answered;
  const { message3, secret } = answered.value;
  const accepted = await send("edhoc", concat(secret.peerId, message3));
  if (!accepted.ok) return accepted;
  return ok(createSession(primitives, transport, recordKeys(primitives, secret), secret.peerId, unitKey, send));
}

function createSession(
  primitives: Primitives,
  transport: Transport,
  keys: RecordKeys,
  sessionId: Uint8Array,
  unitKey: Uint8Array,
  send: (path: "record", body: Uint8Array) => Promise<Result<Uint8Array>>,
): Session {
  let counter = 0;
  /** The request before is over, whatever became of it. */
  let before: Promise<unknown> = Promise.resolve();
  /** Set when an answer is missing: the unit may have moved on, or not, so no later counter is safe to use. */
  let isBroken = false;

  async function ask(request: SessionRequest): Promise<Result<Cbor>> {
    if (isBroken || counter >= COUNTER_MAX) return refuse("SESSION_UNREACHABLE");
    counter++;
    const record = sealRequest(primitives, keys, sessionId, counter, encodeRequest(request));
    const answer = await send("record", record);
    const plaintext = answer.ok ? openReply(primitives, keys, counter, answer.value) : answer;
    if (!plaintext.ok) {
      isBroken = true;
      return plaintext;
    }
    return decodeAnswer(plaintext.value);
  }

  function inTurn(request: SessionRequest): Promise<Result<Cbor>> {
    const answer = before.then(() => ask(request));
    before = answer.catch(() => undefined);
    return answer;
  }

  return {
    unitKey,
    request: inTurn,
    async close() {
      // Politeness: without it the unit keeps the place for as long as a session may be idle.
      if (!isBroken) await inTurn({ op: "close" });
      await transport.close();
    },
  };
}
