/**
 * A session's messages relayed over MQTT. The frame carries what HTTP expresses by path, connection and status
 * (PROTOCOL 5.20).
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { SessionPath } from "#wire/sessions/session.ts";

/** Bytes of the tag by which a caller knows the answer to what it asked. */
export const RELAY_TAG_BYTES = 8;

const PATHS: readonly SessionPath[] = ["key", "edhoc", "record"];

export interface RelayedRequest {
  readonly tag: Uint8Array;
  readonly path: SessionPath;
  readonly body: Uint8Array;
}

export interface RelayedReply {
  readonly tag: Uint8Array;
  /** False when the body is a refusal in clear. */
  readonly accepted: boolean;
  readonly body: Uint8Array;
}

/** [tag, 0 key | 1 edhoc | 2 record, body] */
export function encodeRelayedRequest({ tag, path, body }: RelayedRequest): Uint8Array {
  return encodeCbor([tag, PATHS.indexOf(path), body]);
}

/** [tag, accepted, body] */
export function encodeRelayedReply({ tag, accepted, body }: RelayedReply): Uint8Array {
  return encodeCbor([tag, accepted, body]);
}

/** Tells a caller that the unit sleeps and its request waits: [tag, Unix seconds until when, 0 where no time is known, no bytes]. */
export function encodeRelayedAsleep(tag: Uint8Array, untilS: number): Uint8Array {
  return encodeCbor([tag, Math.ceil(untilS), new Uint8Array(0)]);
}

/** Reads that notice; undefined when it is none. */
export function decodeRelayedAsleep(
  payload: Uint8Array,
): { readonly tag: Uint8Array; readonly untilS: number } | undefined {
  const [tag = null, untilS = null] = threeOf(payload);
  return isTag(tag) && typeof untilS === "number" ? { tag, untilS } : undefined;
}

function threeOf(payload: Uint8Array): readonly Cbor[] {
  const item = decodeCbor(payload);
  return item.ok && Array.isArray(item.value) && item.value.length === 3 ? item.value : [];
}

function isTag(item: Cbor): item is Uint8Array {
  return item instanceof Uint8Array && item.length === RELAY_TAG_BYTES;
}

/** Reads what a caller sent; SESSION_RELAY when it is none of ours. */
export function decodeRelayedRequest(payload: Uint8Array): Result<RelayedRequest> {
  const [tag, number, body] = threeOf(payload);
  const path = typeof number === "number" ? PATHS[number] : undefined;
  if (!isTag(tag) || path === undefined || !(body instanceof Uint8Array)) return refuse("SESSION_RELAY");
  return ok({ tag, path, body });
}

/** Reads what a unit sent; SESSION_RELAY when it is none of ours. */
export function decodeRelayedReply(payload: Uint8Array): Result<RelayedReply> {
  const [tag, accepted, body] = threeOf(payload);
  if (!isTag(tag) || typeof accepted !== "boolean" || !(body instanceof Uint8Array)) return refuse("SESSION_RELAY");
  return ok({ tag, accepted, body });
}
