/**
 * The cryptographic primitives that the pure rooms are given. A board supplies them natively (libsodium, mbedTLS),
 * a host through node:crypto, a browser through tweetnacl. All are synchronous; none throws on bytes of the stated
 * lengths. Policy (which signatures are acceptable, which point results are refused) is never here but in trust.
 */
export interface Primitives {
  /** RFC 8032 verification as the library does it; only trust/ed25519-strict.ts may call it. */
  ed25519VerifyRaw(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** RFC 8032 signature (64 bytes) with a 32-byte seed. */
  ed25519Sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
  /** Public key (32 bytes) of a 32-byte Ed25519 seed. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** RFC 7748: u-coordinate (32 bytes) of scalar times point; all zero for a small-order point. */
  x25519(scalar: Uint8Array, point: Uint8Array): Uint8Array;
  /** Of the parts one after another (FIPS 180-4): 32 bytes. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  sha512(message: Uint8Array): Uint8Array;
  /** RFC 8439: ciphertext with the 16-byte tag appended; key 32 bytes, nonce 12 bytes. */
  chacha20Poly1305Seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or undefined when the tag does not hold. */
  chacha20Poly1305Open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  /** One AES-128 block (FIPS 197), 16 bytes in and out. Modes are built above it. */
  aes128EncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
  aes128DecryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** Bytes from a cryptographic random source. */
  random(byteLength: number): Uint8Array;
}
