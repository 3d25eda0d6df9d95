/** HKDF (RFC 5869) over SHA-256 and SHA-512, and the HMAC (RFC 2104) that it stands on. */
import { assert } from "#base/assert.ts";
import { concat } from "#base/bytes.ts";

/** A hash function with its sizes in bytes. */
interface Hash {
  readonly digest: (message: Uint8Array) => Uint8Array;
  readonly blockBytes: number;
  readonly digestBytes: number;
}

export function sha512Hash(primitives: { sha512(message: Uint8Array): Uint8Array }): Hash {
  return { digest: (message) => primitives.sha512(message), blockBytes: 128, digestBytes: 64 };
}

export function hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(hash.blockBytes);
  block.set(key.length > hash.blockBytes ? hash.digest(key) : key);
  const inner = hash.digest(
    concat(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return hash.digest(
    concat(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

/** HKDF-Extract: the pseudorandom key, as long as a digest. */
export function hkdfExtract(hash: Hash, salt: Uint8Array, inputKey: Uint8Array): Uint8Array {
  return hmac(hash, salt, inputKey);
}

/** HKDF-Expand: byteLength bytes (at most 255 digests) for one use, named by info. */
function hkdfExpand(hash: Hash, pseudorandomKey: Uint8Array, info: Uint8Array, byteLength: number): Uint8Array {
  assert(byteLength <= 255 * hash.digestBytes, "HKDF gives at most 255 digests");
  const output = new Uint8Array(byteLength);
  let previous: Uint8Array = new Uint8Array(0);
  for (let counter = 1, offset = 0; offset < byteLength; counter++, offset += hash.digestBytes) {
    previous = hmac(hash, pseudorandomKey, concat(previous, info, Uint8Array.of(counter)));
    output.set(previous.subarray(0, byteLength - offset), offset);
  }
  return output;
}

/** Extract, then expand. */
export function hkdf(
  hash: Hash,
  salt: Uint8Array,
  inputKey: Uint8Array,
  info: Uint8Array,
  byteLength: number,
): Uint8Array {
  return hkdfExpand(hash, hkdfExtract(hash, salt, inputKey), info, byteLength);
}
