/** A Node Buffer, whose slice is a view, gives the same verdict as a Uint8Array, and its bytes are not changed. */
import { expect, test } from "vitest";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { hmac, hmacKey } from "#trust/sessions/edhoc-kdf.ts";
import { ccmOpen, ccmSeal } from "./sessions/aes-ccm.ts";

const bytes = (byteLength: number, fill: number) => new Uint8Array(byteLength).fill(fill);

test("a signature is as good in a Buffer, whatever its sign bits", () => {
  for (let fill = 1; fill <= 32; fill++) {
    const seed = bytes(32, fill);
    const message = Buffer.from([fill, 2, 3]);
    const key = Buffer.from(primitives.ed25519PublicKey(seed));
    const signature = Buffer.from(primitives.ed25519Sign(message, seed));
    const before = [message, signature, key].map((each) => each.toString("hex"));
    expect([fill, verifyEd25519(primitives, message, signature, key)]).toEqual([fill, true]);
    expect([message, signature, key].map((each) => each.toString("hex"))).toEqual(before);
  }
});

test("a text in a Buffer is sealed and opened as any, and stays as it was", () => {
  const [key, nonce, aad] = [bytes(16, 1), bytes(13, 2), bytes(5, 3)];
  const plaintext = Buffer.from("said once, and kept");
  const sealed = ccmSeal(primitives, key, nonce, aad, plaintext, 8);
  expect(sealed).toEqual(ccmSeal(primitives, key, nonce, aad, Uint8Array.from(plaintext), 8));
  const carried = Buffer.from(sealed);
  expect(ccmOpen(primitives, key, nonce, aad, carried, 8)).toEqual(Uint8Array.from(plaintext));
  expect([plaintext.toString(), Uint8Array.from(carried)]).toEqual(["said once, and kept", sealed]);
});

test("a key in a Buffer authenticates as the same key", () => {
  const key = Buffer.from(bytes(32, 7));
  const message = bytes(10, 1);
  expect(hmac(primitives, hmacKey(key), message)).toEqual(hmac(primitives, hmacKey(Uint8Array.from(key)), message));
});
