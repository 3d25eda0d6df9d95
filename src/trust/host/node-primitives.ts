/**
 * Implements the primitives on Node with node:crypto. Which signatures are acceptable is decided in
 * ed25519-strict.ts.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import type { Primitives } from "#trust/primitives.ts";

// DER wrappings of a raw 32-byte key (RFC 8410): PKCS #8 for private keys, SubjectPublicKeyInfo for public ones.
const PRIVATE = { ed25519: "302e020100300506032b657004220420", x25519: "302e020100300506032b656e04220420" };
const PUBLIC = { ed25519: "302a300506032b6570032100", x25519: "302a300506032b656e032100" };
const PUBLIC_KEYS_MAX = 64;
/** Importing a public key costs about as much as a hash; private keys are never kept. */
const publicKeys = new Map<string, KeyObject>();

function privateKey(kind: keyof typeof PRIVATE, raw: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from(PRIVATE[kind], "hex"), raw]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function publicKey(kind: keyof typeof PUBLIC, raw: Uint8Array): KeyObject {
  const name = PUBLIC[kind] + Buffer.from(raw).toString("hex");
  const known = publicKeys.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.from(name, "hex"), format: "der", type: "spki" });
  if (publicKeys.size >= PUBLIC_KEYS_MAX) publicKeys.delete(publicKeys.keys().next().value as string);
  publicKeys.set(name, key);
  return key;
}

function rawPublicKey(secret: KeyObject): Uint8Array {
  return bytesOf(createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32));
}

/** A plain copy, so that nobody meets a Buffer's own toString or slice. */
function bytesOf(buffer: Uint8Array): Uint8Array {
  return Uint8Array.from(buffer);
}

function aes128Block(key: Uint8Array, block: Uint8Array, encrypt: boolean): Uint8Array {
  const cipher = encrypt ? createCipheriv("aes-128-ecb", key, null) : createDecipheriv("aes-128-ecb", key, null);
  cipher.setAutoPadding(false);
  return bytesOf(Buffer.concat([cipher.update(block), cipher.final()]));
}

export const nodePrimitives: Primitives = {
  ed25519VerifyRaw(message, signature, key) {
    // The key may be a stranger's: one of another length verifies nothing.
    return key.length === 32 && verify(null, message, publicKey("ed25519", key), signature);
  },
  ed25519Sign: (message, seed) => bytesOf(sign(null, message, privateKey("ed25519", seed))),
  ed25519PublicKey: (seed) => rawPublicKey(privateKey("ed25519", seed)),
  x25519(scalar, point) {
    try {
      return bytesOf(
        diffieHellman({ privateKey: privateKey("x25519", scalar), publicKey: publicKey("x25519", point) }),
      );
    } catch {
      // OpenSSL refuses a point of small order instead of giving zero (RFC 7748 section 6.1).
      return new Uint8Array(32);
    }
  },
  sha256(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return bytesOf(hash.digest());
  },
  sha512: (message) => bytesOf(createHash("sha512").update(message).digest()),
  chacha20Poly1305Seal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    return bytesOf(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  chacha20Poly1305Open(key, nonce, aad, ciphertext) {
    if (ciphertext.length < 16) return undefined;
    const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
    cipher.setAAD(aad, { plaintextLength: ciphertext.length - 16 });
    cipher.setAuthTag(ciphertext.subarray(-16));
    const plaintext = cipher.update(ciphertext.subarray(0, -16));
    try {
      cipher.final();
      return bytesOf(plaintext);
    } catch {
      return undefined;
    }
  },
  aes128EncryptBlock: (key, block) => aes128Block(key, block, true),
  aes128DecryptBlock: (key, block) => aes128Block(key, block, false),
  random: (byteLength) => bytesOf(randomBytes(byteLength)),
};
