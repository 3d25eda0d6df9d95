/**
 * Writes the heads of CBOR byte strings without the general encoder, which on a small engine costs more than the hash
 * that follows.
 */

/** The head of a string of 32 bytes: a hash, a key. */
export const HEAD_32 = Uint8Array.of(0x58, 0x20);

/** The shortest head of a byte string (RFC 8949 section 3.1) below 4 GB. */
export function byteStringHead(byteLength: number): Uint8Array {
  if (byteLength < 24) return Uint8Array.of(0x40 | byteLength);
  if (byteLength < 256) return Uint8Array.of(0x58, byteLength);
  if (byteLength < 65536) return Uint8Array.of(0x59, byteLength >> 8, byteLength & 255);
  return Uint8Array.of(0x5a, byteLength >>> 24, (byteLength >> 16) & 255, (byteLength >> 8) & 255, byteLength & 255);
}
