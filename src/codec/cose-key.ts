/**
 * Encodes and decodes an Ed25519 public key as a COSE_Key (RFC 9052 section 7, RFC 9053 section 7.2) with exactly
 * three labels.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, type CborMap, isBytes } from "./cbor.ts";

const LABEL = { kty: 1, crv: -1, x: -2 } as const;
const OKP = 1;
const ED25519 = 6;

export function coseKey(publicKey: Uint8Array): CborMap {
  return new Map<CborKey, Cbor>([
    [LABEL.kty, OKP],
    [LABEL.crv, ED25519],
    [LABEL.x, publicKey],
  ]);
}

/** The 32 bytes of the key, or COSE_KEY for another kind, another length, or a label too many. */
export function readCoseKey(item: Cbor): Result<Uint8Array> {
  if (!(item instanceof Map) || item.size !== 3) return refuse("COSE_KEY");
  const x = item.get(LABEL.x);
  const isEd25519 = item.get(LABEL.kty) === OKP && item.get(LABEL.crv) === ED25519;
  return isEd25519 && isBytes(x, 32) ? ok(x) : refuse("COSE_KEY");
}
