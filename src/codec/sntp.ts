/**
 * SNTP version 4 as a client speaks it: what it asks, and what it makes of an answer. Nothing in it is signed: whoever is on the
 * way may say anything.
 * @source RFC 4330 sections 4, 5 and 8; RFC 5905 section 7.4 (kiss-o'-death)
 */
import { equal, viewOf } from "#base/bytes.ts";

export const SNTP_PORT = 123;
/** Of a message without authentication; what follows is passed over. */
const MESSAGE_BYTES = 48;
/** Bytes that the server sends back unchanged: they tell an answer from what somebody else sent. */
export const TRANSACTION_BYTES = 8;
const VERSION = 4;
const CLIENT = 3;
const SERVER = 4;
const NOT_SYNCHRONIZED = 3;
const STRATUM_MAX = 15;
/** From 1900, where NTP begins to count, to 1970. */
const EPOCH_S = 2_208_988_800;
const ERA_S = 2 ** 32;
/** Root delay and root dispersion in units of 2^-16 s: beyond it a server doesn't know the time itself (RFC 5905, MAXDISP). */
const ROOT_MAX = 16 * 2 ** 16;

/** What a server answered: a time in Unix seconds, with fractions, or a code by which it sends clients away. */
type SntpAnswer =
  | { readonly kind: "time"; readonly unixS: number }
  /** Four letters: DENY and RSTR forbid to ask again, RATE asks for longer pauses. */
  | { readonly kind: "kiss"; readonly code: string };

/** @param transaction Random: it stands where a client's own time would, which no server needs to know. */
export function encodeSntpRequest(transaction: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  bytes[0] = (VERSION << 3) | CLIENT;
  bytes.set(transaction, 40);
  return bytes;
}

/**
 * Reads a datagram as the answer to a request.
 * @param earliestS Unix seconds: 2^32 seconds from here on can be told, since NTP counts no further.
 * @returns Undefined for what answers another request, or none at all; and where the server does not know the time.
 */
export function readSntpAnswer(bytes: Uint8Array, transaction: Uint8Array, earliestS: number): SntpAnswer | undefined {
  if (bytes.length < MESSAGE_BYTES || !equal(bytes.subarray(24, 24 + TRANSACTION_BYTES), transaction)) return undefined;
  const view = viewOf(bytes);
  const [first = 0, stratum = 0] = bytes;
  if ((first & 7) !== SERVER || ((first >> 3) & 7) !== VERSION) return undefined;
  if (stratum === 0) return { kind: "kiss", code: String.fromCharCode(...bytes.subarray(12, 16)) };
  if (stratum > STRATUM_MAX || first >> 6 === NOT_SYNCHRONIZED) return undefined;
  if (view.getUint32(4) > ROOT_MAX || view.getUint32(8) > ROOT_MAX) return undefined;
  const seconds = view.getUint32(40);
  const fraction = view.getUint32(44);
  if (seconds === 0 && fraction === 0) return undefined;
  const eras = Math.ceil((earliestS + EPOCH_S - seconds) / ERA_S);
  return { kind: "time", unixS: seconds + eras * ERA_S - EPOCH_S + fraction / ERA_S };
}
