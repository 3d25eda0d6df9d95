/**
 * The single rule by which Latchkey accepts an Ed25519 signature, applied before the platform's own verifier. Libraries
 * differ on malleable and small-order inputs; refusing those first leaves only what all of them agree on.
 */
import { concat } from "#base/bytes.ts";
import type { Primitives } from "./primitives.ts";

/** Group order L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 section 5.1). */
const ORDER = littleEndian("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
/** Field prime p = 2^255 - 19, little-endian. */
const PRIME = littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
/** y-coordinates of the eight points of small order: 0, 1, p - 1 and two of order eight. */
const SMALL_ORDER = [
  littleEndian("00"),
  littleEndian("01"),
  littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
  littleEndian("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
  littleEndian("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
];

/**
 * Decides whether a signature is good. Never throws.
 * Refuses, in order: lengths other than 64 and 32; S >= L; A or R not canonical (y >= p); A or R of small order; then
 * whatever the cofactorless check of the injected verifier refuses.
 * @param message   Any bytes.
 * @param signature R (32 bytes), S (32 bytes).
 * @param publicKey A, 32 bytes.
 * @source RFC 8032 section 5.1.7; PROTOCOL 2.6; "Taming the many EdDSAs" (SSR 2020) for the classes of inputs
 */
export function verifyEd25519(
  primitives: Pick<Primitives, "ed25519VerifyRaw">,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  if (!isBelow(signature.subarray(32), ORDER)) return false;
  return (
    isAcceptablePoint(signature.subarray(0, 32)) &&
    isAcceptablePoint(publicKey) &&
    primitives.ed25519VerifyRaw(message, signature, publicKey)
  );
}

/** Tells whether 32 bytes could be a public key or an R: canonical and not of small order. Not whether it is on the curve. */
export function isAcceptablePoint(point: Uint8Array): boolean {
  if (point.length !== 32) return false;
  const y = concat(point);
  y[31] = (y[31] as number) & 0x7f;
  return isBelow(y, PRIME) && !SMALL_ORDER.some((small) => small.every((byte, i) => byte === y[i]));
}

/** Compares two little-endian numbers of 32 bytes. Public values only: time depends on them. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function littleEndian(hex: string): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < hex.length / 2; i++) {
    bytes[i] = Number.parseInt(hex.slice(hex.length - 2 * i - 2, hex.length - 2 * i), 16);
  }
  return bytes;
}
