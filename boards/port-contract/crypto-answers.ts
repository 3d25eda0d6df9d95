/** Known answers that every board's native cryptography must give. */
import type { Primitives } from "#trust/primitives.ts";

type Bytes = (hex: string) => Uint8Array;
type Answer = readonly [
  name: string,
  got: (crypto: Primitives, bytes: Bytes) => Uint8Array | boolean | undefined,
  want: string,
];

const SEED = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
const PUBLIC = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
const SIGNATURE =
  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
const AES_KEY = "000102030405060708090a0b0c0d0e0f";
const SEALED = "8a7d9f5ef12b900685f34833c9cc694f38bca096";

export const CRYPTO_ANSWERS: readonly Answer[] = [
  // FIPS 180-4
  [
    "sha256",
    (crypto, bytes) => crypto.sha256(bytes("616263")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "sha256 of parts",
    (crypto, bytes) => crypto.sha256(bytes("61"), bytes(""), bytes("6263")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "sha512",
    (crypto, bytes) => crypto.sha512(bytes("616263")),
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
  // RFC 8032 section 7.1, test 3
  ["ed25519 public key", (crypto, bytes) => crypto.ed25519PublicKey(bytes(SEED)), PUBLIC],
  ["ed25519 signs", (crypto, bytes) => crypto.ed25519Sign(bytes("af82"), bytes(SEED)), SIGNATURE],
  [
    "ed25519 accepts",
    (crypto, bytes) => crypto.ed25519VerifyRaw(bytes("af82"), bytes(SIGNATURE), bytes(PUBLIC)),
    "true",
  ],
  [
    "ed25519 refuses",
    (crypto, bytes) => crypto.ed25519VerifyRaw(bytes("af83"), bytes(SIGNATURE), bytes(PUBLIC)),
    "false",
  ],
  // RFC 7748 section 5.2
  [
    "x25519",
    (crypto, bytes) =>
      crypto.x25519(
        bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
      ),
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
  ],
  ["x25519 of a small-order point", (crypto, bytes) => crypto.x25519(bytes(SEED), new Uint8Array(32)), "00".repeat(32)],
  // FIPS 197 appendix C.1
  [
    "aes128 encrypts",
    (crypto, bytes) => crypto.aes128EncryptBlock(bytes(AES_KEY), bytes("00112233445566778899aabbccddeeff")),
    "69c4e0d86a7b0430d8cdb78070b4c55a",
  ],
  [
    "aes128 decrypts",
    (crypto, bytes) => crypto.aes128DecryptBlock(bytes(AES_KEY), bytes("69c4e0d86a7b0430d8cdb78070b4c55a")),
    "00112233445566778899aabbccddeeff",
  ],
  // RFC 8439's construction over key 01.., nonce 02.., aad 0304, "lamp"
  [
    "chacha20-poly1305 seals",
    (crypto, bytes) =>
      crypto.chacha20Poly1305Seal(bytes("01".repeat(32)), bytes("02".repeat(12)), bytes("0304"), bytes("6c616d70")),
    SEALED,
  ],
  [
    "chacha20-poly1305 opens",
    (crypto, bytes) =>
      crypto.chacha20Poly1305Open(bytes("01".repeat(32)), bytes("02".repeat(12)), bytes("0304"), bytes(SEALED)),
    "6c616d70",
  ],
  [
    "chacha20-poly1305 refuses",
    (crypto, bytes) =>
      crypto.chacha20Poly1305Open(bytes("01".repeat(32)), bytes("02".repeat(12)), bytes("0305"), bytes(SEALED)),
    "undefined",
  ],
];
