/** A fresh "yes" of a named key about one link, over the unit's nonce (PROTOCOL 4.12): the second factor. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { COSE_TAG } from "#codec/cose.ts";
import { CLAIM, CTI_BYTES } from "./grant.ts";
import { readSignedBytes, type Signed } from "./signed.ts";
import { NONCE_BYTES } from "./signed-time.ts";

export const DISCHARGE_TAGS = [COSE_TAG.sign1];

export interface Discharge {
  /** The link whose caveat this answers. */
  readonly cti: Uint8Array;
  readonly nonce: Uint8Array;
}

export function encodeDischarge({ cti, nonce }: Discharge): Uint8Array {
  return encodeCbor(
    new Map<CborKey, Cbor>([
      [CLAIM.cti, cti],
      [CLAIM.nonce, nonce],
    ]),
  );
}

/** Reads a discharge, or refuses what readSignedBytes refuses (a kid: COSE_HEADER), then DISCHARGE_SHAPE. */
export function readDischarge(bytes: Uint8Array): Result<{ readonly signed: Signed; readonly content: Discharge }> {
  const signed = readSignedBytes(bytes, DISCHARGE_TAGS, "absent");
  if (!signed.ok) return signed;
  const payload = decodeCbor(signed.value.payload);
  if (!payload.ok) return payload;
  if (!(payload.value instanceof Map) || payload.value.size !== 2) return refuse("DISCHARGE_SHAPE");
  const cti = payload.value.get(CLAIM.cti);
  const nonce = payload.value.get(CLAIM.nonce);
  if (!(cti instanceof Uint8Array) || cti.length !== CTI_BYTES) return refuse("DISCHARGE_SHAPE");
  if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES) return refuse("DISCHARGE_SHAPE");
  return ok({ signed: signed.value, content: { cti, nonce } });
}
