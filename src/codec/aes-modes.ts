/** AES-128 modes that foreign protocols use, built on the single-block AES that every board supplies. */
import { concat } from "#base/bytes.ts";

/** One block both ways (FIPS 197): key and block are 16 bytes. */
export interface AesBlocks {
  aes128EncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
  aes128DecryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
}

const BLOCK_BYTES = 16;

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number));
}

/** CBC (SP 800-38A section 6.2) with PKCS #7 padding (RFC 5652 section 6.3). */
export function cbcEncrypt(aes: AesBlocks, key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const padBytes = BLOCK_BYTES - (plaintext.length % BLOCK_BYTES);
  const padded = concat(plaintext, new Uint8Array(padBytes).fill(padBytes));
  let previous = iv;
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) {
    previous = aes.aes128EncryptBlock(key, xor(padded.subarray(at, at + BLOCK_BYTES), previous));
    padded.set(previous, at);
  }
  return padded;
}

/** @returns The plaintext, or undefined when the length is no whole blocks or the padding is not PKCS #7. */
export function cbcDecrypt(
  aes: AesBlocks,
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0) return undefined;
  const padded = new Uint8Array(ciphertext.length);
  let previous = iv;
  for (let at = 0; at < ciphertext.length; at += BLOCK_BYTES) {
    const block = ciphertext.subarray(at, at + BLOCK_BYTES);
    padded.set(xor(aes.aes128DecryptBlock(key, block), previous), at);
    previous = block;
  }
  const padBytes = padded[padded.length - 1] as number;
  if (padBytes < 1 || padBytes > BLOCK_BYTES) return undefined;
  if (padded.subarray(-padBytes).some((byte) => byte !== padBytes)) return undefined;
  return padded.subarray(0, padded.length - padBytes);
}

/** ECB (SP 800-38A section 6.1) over whole blocks. */
export function ecbEncrypt(aes: AesBlocks, key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const ciphertext = new Uint8Array(plaintext.length);
  for (let at = 0; at < plaintext.length; at += BLOCK_BYTES) {
    ciphertext.set(aes.aes128EncryptBlock(key, plaintext.subarray(at, at + BLOCK_BYTES)), at);
  }
  return ciphertext;
}

export function ecbDecrypt(aes: AesBlocks, key: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const plaintext = new Uint8Array(ciphertext.length);
  for (let at = 0; at < ciphertext.length; at += BLOCK_BYTES) {
    plaintext.set(aes.aes128DecryptBlock(key, ciphertext.subarray(at, at + BLOCK_BYTES)), at);
  }
  return plaintext;
}

/** OFB (SP 800-38A section 6.4) of at most one block; it is its own inverse. */
export function ofbBlock(aes: AesBlocks, key: Uint8Array, iv: Uint8Array, block: Uint8Array): Uint8Array {
  return xor(block, aes.aes128EncryptBlock(key, iv));
}
