/**
 * A timestamp: the maker's word, over the unit's own nonce, on which release is current right now. A unit asks for one
 * before it begins, when it is back, and before a trial; a halt means that none names the release any more.
 * Payload: [2, product, sequence, releaseId, nonce, unixS, deviceId], signed by a timestamp key. The device ID keeps a
 * unit's nonce from being answered with what is current for another unit.
 * @source PROTOCOL 8.12
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";

export const TIMESTAMP_BYTES_MAX = 224;
const VERSION = 2;
const DEVICE_ID_BYTES = 12;
export const TIMESTAMP_NONCE_BYTES = 16;

export interface Timestamp {
  readonly product: string;
  /** Sequence of the release that is current for the unit; 0 when none is. */
  readonly sequence: number;
  /** releaseIdOf the signed release; zeros when none is current. */
  readonly releaseId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly unixS: number;
  /** 12 bytes: the unit that this is for. */
  readonly deviceId: Uint8Array;
}

export function encodeTimestamp(timestamp: Timestamp): Uint8Array {
  const { product, sequence, releaseId, nonce, unixS, deviceId } = timestamp;
  return encodeCbor([VERSION, product, sequence, releaseId, nonce, unixS, deviceId]);
}

/** @returns The timestamp, or TIMESTAMP_SHAPE, or TIMESTAMP_VERSION for a list that begins with another version. */
export function decodeTimestamp(payload: Uint8Array): Result<Timestamp> {
  const item = decodeCbor(payload, { bytesMax: TIMESTAMP_BYTES_MAX, depthMax: 2 });
  if (!item.ok || !Array.isArray(item.value)) return refuse("TIMESTAMP_SHAPE");
  const [version, product, sequence, releaseId, nonce, unixS, deviceId] = item.value as readonly Cbor[];
  if (typeof version === "number" && version !== VERSION) return refuse("TIMESTAMP_VERSION");
  if (version !== VERSION || item.value.length !== 7 || typeof product !== "string") return refuse("TIMESTAMP_SHAPE");
  if (typeof sequence !== "number" || !Number.isInteger(sequence) || sequence < 0) return refuse("TIMESTAMP_SHAPE");
  if (typeof unixS !== "number" || !Number.isInteger(unixS) || unixS < 0) return refuse("TIMESTAMP_SHAPE");
  if (!(releaseId instanceof Uint8Array) || releaseId.length !== 16) return refuse("TIMESTAMP_SHAPE");
  if (!(nonce instanceof Uint8Array) || nonce.length !== TIMESTAMP_NONCE_BYTES) return refuse("TIMESTAMP_SHAPE");
  if (!(deviceId instanceof Uint8Array) || deviceId.length !== DEVICE_ID_BYTES) return refuse("TIMESTAMP_SHAPE");
  return ok({ product, sequence, releaseId, nonce, unixS, deviceId });
}
