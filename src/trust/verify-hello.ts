/** Decides whether a hello comes from the unit that a label names. */
import { concat, equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { decodeHello, type Hello, type HelloBinding, helloToSign } from "#wire/sessions/hello.ts";
import { isKeyOf } from "./device-id.ts";
import { verifyEd25519 } from "./ed25519-strict.ts";
import type { Primitives } from "./primitives.ts";

function isSameBinding(a: HelloBinding, b: HelloBinding): boolean {
  if (a.kind === "air" && b.kind === "air") return a.counter === b.counter && equal(a.tag, b.tag);
  if (a.kind === "digest" && b.kind === "digest") return equal(a.digest, b.digest);
  return a.kind === b.kind;
}

/**
 * Checks a datagram as the hello of one device, in answer to one broadcast.
 * @param deviceId The 12 bytes on the label: the first of SHA-512(public key).
 * @param answers  What the broadcast was; undefined takes a hello that answers anything.
 * @returns The hello, or HELLO_FORGED (form, identity, hash of the key, signature), then HELLO_STALE (other broadcast).
 * @source PROTOCOL 6.9
 */
export function verifyHello(
  bytes: Uint8Array,
  deviceId: Uint8Array,
  answers: HelloBinding | undefined,
  primitives: Primitives,
): Result<Hello> {
  const decoded = decodeHello(bytes);
  if (!decoded.ok) return decoded;
  const { hello, signature } = decoded.value;
  if (!equal(hello.deviceId, deviceId)) return refuse("HELLO_FORGED");
  if (!isKeyOf(primitives, deviceId, hello.publicKey)) return refuse("HELLO_FORGED");
  if (!verifyEd25519(primitives, helloToSign(hello), signature, hello.publicKey)) return refuse("HELLO_FORGED");
  if (answers !== undefined && !isSameBinding(hello.binding, answers)) return refuse("HELLO_STALE");
  return ok(hello);
}

/** The unit's side: the datagram, signed. */
export function signHello(hello: Hello, seed: Uint8Array, primitives: Primitives): Uint8Array {
  const body = helloToSign(hello);
  return concat(body.subarray(16), primitives.ed25519Sign(body, seed));
}
