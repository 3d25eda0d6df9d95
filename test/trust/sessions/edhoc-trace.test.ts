/** The traces of RFC 9529: section 2 byte for byte on both sides, section 4's invalid messages refused. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Primitives } from "#trust/primitives.ts";
import { exportKey } from "#trust/sessions/edhoc.ts";
import { answerMessage2, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { edhocKdf, hmacKey } from "#trust/sessions/edhoc-kdf.ts";
import { finish, openMessage3, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { SUITE_0 } from "./edhoc-suite-0.ts";

interface Trace {
  readonly input: Readonly<Record<string, string>>;
  readonly expect: Readonly<Record<string, string>>;
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/edhoc/${name}`, import.meta.url), "utf8")) as T;
}

const trace = load<Trace>("rfc9529-section-2.json");
const invalid = load<{ cases: { name: string; input: string; expect: string }[] }>("rfc9529-section-4.json");

const input = (name: string) => fromHex(trace.input[name] as string) as Uint8Array;
const expected = (name: string) => trace.expect[name] as string;

/** Primitives whose only chance is the trace's ephemeral key. */
function withEphemeral(secret: Uint8Array): Primitives {
  return { ...nodePrimitives, random: () => secret };
}

function must<T>(result: { ok: true; value: T } | { ok: false; fault: string }): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

describe("RFC 9529 section 2: method 0, suite 0, X.509 by x5t", () => {
  const i = {
    id: input("idCredI"),
    item: input("credI"),
    publicKey: input("pkI"),
    sign: (message: Uint8Array) => nodePrimitives.ed25519Sign(message, input("skI")),
  };
  const r = {
    id: input("idCredR"),
    item: input("credR"),
    publicKey: input("pkR"),
    sign: (message: Uint8Array) => nodePrimitives.ed25519Sign(message, input("skR")),
  };

  it("gives every message and secret of the trace", () => {
    const iPrimitives = withEphemeral(input("x"));
    const rPrimitives = withEphemeral(input("y"));

    const initiated = initiate(iPrimitives, SUITE_0, input("cI"));
    expect(toHex(initiated.message1)).toBe(expected("message1"));

    const message1 = must(readMessage1(initiated.message1, [SUITE_0]));
    const responded = must(respond(rPrimitives, message1, input("cR"), r));
    expect(toHex(responded.message2)).toBe(expected("message2"));
    expect(toHex(responded.transcript)).toBe(expected("th3"));

    const opened2 = must(openMessage2(iPrimitives, initiated, responded.message2));
    expect(toHex(opened2.plaintext)).toBe(expected("plaintext2"));
    expect(toHex(opened2.transcript)).toBe(expected("th2"));
    expect(toHex(opened2.proof.signature)).toBe(expected("signature2"));
    const answered = must(answerMessage2(iPrimitives, opened2, r, i, []));
    expect(toHex(answered.message3)).toBe(expected("message3"));

    const opened3 = must(openMessage3(rPrimitives, responded, answered.message3));
    expect(toHex(opened3.plaintext)).toBe(expected("plaintext3"));
    const secret = must(finish(rPrimitives, responded, opened3, i));
    for (const side of [secret, answered.secret]) {
      expect(toHex(side.prkOut)).toBe(expected("prkOut"));
      const none = new Uint8Array(0);
      expect(toHex(exportKey(nodePrimitives, side, 0, none, 16))).toBe(expected("oscoreMasterSecret"));
      expect(toHex(exportKey(nodePrimitives, side, 1, none, 8))).toBe(expected("oscoreMasterSalt"));
    }
    expect(toHex(secret.peerId)).toBe(trace.input.cI);
    expect(toHex(answered.secret.peerId)).toBe(trace.input.cR);
  });

  it("gives message 4, the other use of CCM in the trace", () => {
    const prk = hmacKey(fromHex(expected("prk2e")) as Uint8Array);
    const th4 = fromHex(expected("th4")) as Uint8Array;
    const key = edhocKdf(nodePrimitives, prk, 8, th4, 16);
    const nonce = edhocKdf(nodePrimitives, prk, 9, th4, 13);
    expect([toHex(key), toHex(nonce)]).toEqual([expected("k4"), expected("iv4")]);
    const aad = encodeCbor(["Encrypt0", new Uint8Array(0), th4]);
    const sealed = SUITE_0.seal(nodePrimitives, key, nonce, aad, new Uint8Array(0));
    expect(`48${toHex(sealed)}`).toBe(expected("message4"));
    expect(SUITE_0.open(nodePrimitives, key, nonce, aad, sealed)).toEqual(new Uint8Array(0));
    sealed[0] = (sealed[0] as number) ^ 1;
    expect(SUITE_0.open(nodePrimitives, key, nonce, aad, sealed)).toBeUndefined();
  });
});

describe("RFC 9529 section 4: invalid messages", () => {
  it.each(invalid.cases)("$name: $expect", ({ input: hex, expect: fault }) => {
    const read = readMessage1(fromHex(hex) as Uint8Array, [SUITE_0, SUITE_4]);
    const sign = () => new Uint8Array(64);
    const id = Uint8Array.of(0xa1, 4, 0x41, 1);
    const verdict = read.ok ? respond(nodePrimitives, read.value, Uint8Array.of(1), { id, item: id, sign }) : read;
    expect(verdict).toEqual({ ok: false, fault });
  });
});
