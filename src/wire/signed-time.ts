/** A second, signed over the unit's own nonce (PROTOCOL 4.10): the maker's time service, or the signer of a link. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { COSE_TAG } from "#codec/cose.ts";
import { CLAIM } from "./grant.ts";
import { readSignedBytes, type Signed } from "./signed.ts";

export const NONCE_BYTES = 16;
export const TIME_TAGS = [COSE_TAG.sign1];
const TIME_MAX_S = 2 ** 40;

export interface SignedTime {
  readonly timeS: number;
  readonly nonce: Uint8Array;
}

export function encodeTime({ timeS, nonce }: SignedTime): Uint8Array {
  return encodeCbor(
    new Map<CborKey, Cbor>([
      [CLAIM.iat, timeS],
      [CLAIM.nonce, nonce],
    ]),
  );
}

/** Reads a signed time, or refuses what readSignedBytes refuses, then TIME_SHAPE. With a kid it is a time key's. */
export function readTime(bytes: Uint8Array): Result<{ readonly signed: Signed; readonly content: SignedTime }> {
  const signed = readSignedBytes(bytes, TIME_TAGS, "optional");
  if (!signed.ok) return signed;
  const payload = decodeCbor(signed.value.payload);
  if (!payload.ok) return payload;
  if (!(payload.value instanceof Map) || payload.value.size !== 2) return refuse("TIME_SHAPE");
  const timeS = payload.value.get(CLAIM.iat);
  const nonce = payload.value.get(CLAIM.nonce);
  if (typeof timeS !== "number" || !Number.isInteger(timeS) || timeS < 0 || timeS > TIME_MAX_S) {
    return refuse("TIME_SHAPE");
  }
  if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES) return refuse("TIME_SHAPE");
  return ok({ signed: signed.value, content: { timeS, nonce } });
}
