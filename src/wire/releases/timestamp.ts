/**
 * A timestamp: the maker's word, over the unit's own nonce, on which release is current right now. A unit asks for one
 * before it begins, when it is back, and before a trial; a halt means that none names the release any more.
 * Payload: [1, product, sequence, releaseId, nonce, unixS], signed by a timestamp key.
 * @source PROTOCOL 8.12
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";

export const TIMESTAMP_BYTES_MAX = 200;
export const TIMESTAMP_NONCE_BYTES = 16;

export interface Timestamp {
  readonly product: string;
  /** Sequence of the release that is current for the unit; 0 when none is. */
  readonly sequence: number;
  /** releaseIdOf the signed release; zeros when none is current. */
  readonly releaseId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly unixS: number;
}

export function encodeTimestamp(timestamp: Timestamp): Uint8Array {
  const { product, sequence, releaseId, nonce, unixS } = timestamp;
  return encodeCbor([1, product, sequence, releaseId, nonce, unixS]);
}

/** @returns The timestamp, or TIMESTAMP_SHAPE. */
export function decodeTimestamp(payload: Uint8Array): Result<Timestamp> {
  const item = decodeCbor(payload, { bytesMax: TIMESTAMP_BYTES_MAX, depthMax: 2 });
  if (!item.ok || !Array.isArray(item.value) || item.value.length !== 6) return refuse("TIMESTAMP_SHAPE");
  const [version, product, sequence, releaseId, nonce, unixS] = item.value as readonly Cbor[];
  if (version !== 1 || typeof product !== "string") return refuse("TIMESTAMP_SHAPE");
  if (typeof sequence !== "number" || !Number.isInteger(sequence) || sequence < 0) return refuse("TIMESTAMP_SHAPE");
  if (typeof unixS !== "number" || !Number.isInteger(unixS) || unixS < 0) return refuse("TIMESTAMP_SHAPE");
  if (!(releaseId instanceof Uint8Array) || releaseId.length !== 16) return refuse("TIMESTAMP_SHAPE");
  if (!(nonce instanceof Uint8Array) || nonce.length !== TIMESTAMP_NONCE_BYTES) return refuse("TIMESTAMP_SHAPE");
  return ok({ product, sequence, releaseId, nonce, unixS });
}
