/** EDHOC as Latchkey uses it: suite 4, one-byte kids, a critical item in EAD_3. */
import { describe, expect, it } from "vitest";
import { concat, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { type Ead, exportKey } from "#trust/sessions/edhoc.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { answerMessage2, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { finish, openMessage3, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";

function party(kid: number, fill: number) {
  const seed = new Uint8Array(32).fill(fill);
  const publicKey = primitives.ed25519PublicKey(seed);
  return {
    id: kidMap(Uint8Array.of(kid)),
    item: concat(Uint8Array.of(0x58, 0x20), publicKey),
    publicKey,
    sign: (message: Uint8Array) => primitives.ed25519Sign(message, seed),
  };
}

const phone = party(0, 1);
const unit = party(1, 2);
const stranger = party(0, 3);

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

const fault = (result: Result<unknown>) => (result.ok ? "accepted" : result.fault);

function upTo2(ownId = Uint8Array.of(0)) {
  const initiated = initiate(primitives, SUITE_4, ownId);
  const message1 = must(readMessage1(initiated.message1, [SUITE_4]));
  return { initiated, responded: must(respond(primitives, message1, Uint8Array.of(7), unit)) };
}

function upTo3(ead: readonly Ead[] = [], own = phone) {
  const { initiated, responded } = upTo2();
  const opened = must(openMessage2(primitives, initiated, responded.message2));
  return { initiated, responded, answered: must(answerMessage2(primitives, opened, unit, own, ead)) };
}

describe("a handshake with suite 4", () => {
  it("gives both sides one secret, and the responder what EAD_3 carries", () => {
    const ead = [{ label: -36864, value: Uint8Array.of(1, 2, 3) }];
    const { responded, answered } = upTo3(ead);
    const opened = must(openMessage3(primitives, responded, answered.message3));
    expect(opened.proof.ead).toEqual(ead);
    const secret = must(finish(primitives, responded, opened, phone));
    const key = (side: typeof secret) => toHex(exportKey(primitives, side, 36864, new Uint8Array(0), 64));
    expect(key(secret)).toBe(key(answered.secret));
    expect(toHex(answered.secret.peerId)).toBe("07");
    expect(toHex(secret.peerId)).toBe("00");
  });

  it("leaves no secret in common between two handshakes of the same parties", () => {
    expect(toHex(upTo3().answered.secret.prkOut)).not.toBe(toHex(upTo3().answered.secret.prkOut));
  });

  it("takes at most 230 bytes for its three messages", () => {
    const { initiated, responded, answered } = upTo3();
    expect(initiated.message1.length + responded.message2.length + answered.message3.length).toBeLessThanOrEqual(230);
  });

  it("ignores padding and an unknown item that isn't critical", () => {
    const { responded, answered } = upTo3([{ label: 0, value: new Uint8Array(5) }, { label: 40000 }]);
    const opened = must(openMessage3(primitives, responded, answered.message3));
    expect(opened.proof.ead).toEqual([{ label: 40000 }]);
    expect(finish(primitives, responded, opened, phone).ok).toBe(true);
  });
});

describe("what the initiator refuses", () => {
  it("message 2 with any one bit changed", () => {
    for (let at = 0; at < upTo2().responded.message2.length; at++) {
      const { initiated, responded } = upTo2();
      const message2 = responded.message2.slice();
      message2[at] = (message2[at] as number) ^ (1 << (at % 8));
      const opened = openMessage2(primitives, initiated, message2);
      const verdict = opened.ok ? answerMessage2(primitives, opened.value, unit, phone, []) : opened;
      expect(["EDHOC_MESSAGE", "EDHOC_SIGNATURE", "EDHOC_CREDENTIAL", "EDHOC_EAD", "EDHOC_KEY"]).toContain(
        fault(verdict),
      );
    }
  });

  it("message 2 cut short", () => {
    const { initiated, responded } = upTo2();
    for (const byteLength of [0, 1, 2, 34, responded.message2.length - 1]) {
      expect(fault(openMessage2(primitives, initiated, responded.message2.subarray(0, byteLength)))).toBe(
        "EDHOC_MESSAGE",
      );
    }
  });

  it("message 2 of another unit, and of another handshake", () => {
    const { initiated, responded } = upTo2();
    const opened = must(openMessage2(primitives, initiated, responded.message2));
    const other = { ...unit, publicKey: stranger.publicKey, item: stranger.item };
    expect(fault(answerMessage2(primitives, opened, other, phone, []))).toBe("EDHOC_SIGNATURE");
    const replayed = openMessage2(primitives, upTo2().initiated, responded.message2);
    const verdict = replayed.ok ? answerMessage2(primitives, replayed.value, unit, phone, []) : replayed;
    expect(verdict.ok).toBe(false);
  });

  it("a unit that takes the initiator's own connection identifier", () => {
    const initiated = initiate(primitives, SUITE_4, Uint8Array.of(7));
    const responded = must(
      respond(primitives, must(readMessage1(initiated.message1, [SUITE_4])), Uint8Array.of(7), unit),
    );
    expect(fault(openMessage2(primitives, initiated, responded.message2))).toBe("EDHOC_MESSAGE");
  });
});

describe("what the responder refuses", () => {
  it("message 3 with any one bit changed, or cut short", () => {
    const { responded, answered } = upTo3();
    for (let at = 2; at < answered.message3.length; at++) {
      const message3 = answered.message3.slice();
      message3[at] = (message3[at] as number) ^ (1 << (at % 8));
      expect(fault(openMessage3(primitives, responded, message3))).toBe("EDHOC_SEAL");
    }
    expect(fault(openMessage3(primitives, responded, answered.message3.subarray(0, 40)))).toBe("EDHOC_MESSAGE");
    expect(fault(openMessage3(primitives, responded, Uint8Array.of(0x41, 0)))).toBe("EDHOC_SEAL");
  });

  it("message 3 of another handshake", () => {
    expect(fault(openMessage3(primitives, upTo3().responded, upTo3().answered.message3))).toBe("EDHOC_SEAL");
  });

  it("an initiator that can't sign for the key its chain names", () => {
    const { responded, answered } = upTo3([], { ...phone, sign: stranger.sign });
    const opened = must(openMessage3(primitives, responded, answered.message3));
    expect(fault(finish(primitives, responded, opened, phone))).toBe("EDHOC_SIGNATURE");
  });

  it("an initiator that names another credential", () => {
    const { responded, answered } = upTo3([], { ...phone, id: kidMap(Uint8Array.of(5)) });
    const opened = must(openMessage3(primitives, responded, answered.message3));
    expect(fault(finish(primitives, responded, opened, phone))).toBe("EDHOC_CREDENTIAL");
  });
});
