/** Implements the primitives for a browser or a phone with tweetnacl; what tweetnacl lacks is injected. */
import nacl from "tweetnacl";
import type { Primitives } from "#trust/primitives.ts";

/** What tweetnacl has no code for; a page that never opens a session may leave these to throw. */
type Rest = Omit<Primitives, keyof ReturnType<typeof fromTweetnacl>>;

export function tweetnaclPrimitives(rest: Rest): Primitives {
  return { ...rest, ...fromTweetnacl() };
}

function fromTweetnacl() {
  return {
    ed25519VerifyRaw: (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) =>
      nacl.sign.detached.verify(message, signature, publicKey),
    ed25519Sign: (message: Uint8Array, seed: Uint8Array) =>
      nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey),
    ed25519PublicKey: (seed: Uint8Array) => nacl.sign.keyPair.fromSeed(seed).publicKey,
    x25519: (scalar: Uint8Array, point: Uint8Array) => nacl.scalarMult(scalar, point),
    sha512: (message: Uint8Array) => nacl.hash(message),
    random: (byteLength: number) => nacl.randomBytes(byteLength),
  };
}
