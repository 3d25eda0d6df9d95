/**
 * A discharge: the fresh consent of a named key to one link, signed over the unit's nonce (PROTOCOL 4.12). It is a
 * second factor.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, encodeCbor, isBytes } from "#codec/cbor.ts";
import { readStatement, type Signed } from "#wire/signed.ts";
import { CLAIM, CTI_BYTES } from "./grant.ts";
import { NONCE_BYTES } from "./signed-time.ts";

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

/** Reads a discharge, or refuses what readStatement refuses (a kid: COSE_HEADER), then DISCHARGE_SHAPE. */
export function readDischarge(bytes: Uint8Array): Result<{ readonly signed: Signed; readonly content: Discharge }> {
  const statement = readStatement(bytes, "absent", "DISCHARGE_SHAPE");
  if (!statement.ok) return statement;
  const { signed, payload } = statement.value;
  const cti = payload.get(CLAIM.cti);
  const nonce = payload.get(CLAIM.nonce);
  if (!isBytes(cti, CTI_BYTES) || !isBytes(nonce, NONCE_BYTES)) return refuse("DISCHARGE_SHAPE");
  return ok({ signed, content: { cti, nonce } });
}
