/**
 * A signed time: one second, signed over the unit's nonce by the maker's time service or by the signer of a link
 * (PROTOCOL 4.10).
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, encodeCbor, isBytes, isCount } from "#codec/cbor.ts";
import { readStatement, type Signed } from "#wire/signed.ts";
import { CLAIM } from "./grant.ts";

export const NONCE_BYTES = 16;
/** The kid by which a signed time names the one key that the factory pinned for it. */
export const TIME_KID = Uint8Array.of(1);
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

/** Reads a signed time, or refuses what readStatement refuses, then TIME_SHAPE. With a kid it is a time key's. */
export function readTime(bytes: Uint8Array): Result<{ readonly signed: Signed; readonly content: SignedTime }> {
  const statement = readStatement(bytes, "optional", "TIME_SHAPE");
  if (!statement.ok) return statement;
  const { signed, payload } = statement.value;
  const timeS = payload.get(CLAIM.iat);
  const nonce = payload.get(CLAIM.nonce);
  if (!isCount(timeS, TIME_MAX_S) || !isBytes(nonce, NONCE_BYTES)) return refuse("TIME_SHAPE");
  return ok({ signed, content: { timeS, nonce } });
}
