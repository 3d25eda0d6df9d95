import { describe, expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import {
  decodeRelayedReply,
  decodeRelayedRequest,
  encodeRelayedReply,
  encodeRelayedRequest,
} from "#wire/link/relay.ts";
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeAnswerOf,
  encodeRefusal,
  encodeRequest,
  readRefusal,
  type SessionRequest,
} from "#wire/sessions/session.ts";

const bytes = Uint8Array.of(1, 2);

const REQUESTS: readonly SessionRequest[] = [
  { op: "call", name: "setLamp", args: Uint8Array.of(0xa0) },
  { op: "describe" },
  { op: "close" },
  { op: "events", after: 0 },
  { op: "nonce" },
  { op: "time", statement: bytes },
  { op: "discharge", statement: bytes },
  { op: "revoke", delivery: bytes },
  { op: "vouch", link: 1, statement: bytes },
  { op: "raise-floor", epoch: 3 },
  { op: "audit", from: 9 },
  { op: "update", sequence: 12 },
  { op: "resale", holder: new Uint8Array(32), airKey: new Uint8Array(32) },
  { op: "agree", agreed: true },
  { op: "grant" },
  { op: "air-key", airKey: new Uint8Array(32) },
];

describe("requests within a session", () => {
  it.each(REQUESTS)("$op is read as it was written", (request) => {
    expect(decodeRequest(encodeRequest(request))).toEqual({ ok: true, value: request });
  });

  it("are refused in any other form", () => {
    const wrong = [
      [],
      [0],
      [99],
      ["call"],
      [1, "setLamp"],
      [1, "setLamp", "args"],
      [1, "setLamp", bytes, 0],
      [2, 0],
      [3, -1],
      [3, 1.5],
      [19, -1],
      [23, new Uint8Array(32), new Uint8Array(31)],
      [24, 1],
      [25, 1],
      [26, new Uint8Array(33)],
      [27, bytes, 1],
    ];
    for (const fields of wrong) {
      expect(decodeRequest(encodeCbor(fields as never))).toEqual({ ok: false, fault: "SESSION_REQUEST" });
    }
    expect(decodeRequest(new Uint8Array(0)).ok).toBe(false);
    expect(decodeRequest(Uint8Array.of(0x9f, 2, 0xff)).ok).toBe(false);
  });
});

describe("answers", () => {
  it("carry a value or a refusal", () => {
    expect(decodeAnswer(encodeAnswer({ ok: true, value: [1, "a"] }))).toEqual({ ok: true, value: [1, "a"] });
    expect(decodeAnswer(encodeAnswerOf(encodeCbor(null)))).toEqual({ ok: true, value: null });
    expect(decodeAnswer(encodeAnswer({ ok: false, fault: "GRANT_AUDIENCE" }))).toEqual({
      ok: false,
      fault: "GRANT_AUDIENCE",
    });
  });

  it("of another form, or with a fault from the future, are still refusals", () => {
    expect(decodeAnswer(encodeCbor([999_999]))).toEqual({ ok: false, fault: "SESSION_REFUSED" });
    for (const wrong of [[], [0], [0, 1, 2], [201, 1], "no", [null]]) {
      expect(decodeAnswer(encodeCbor(wrong as never))).toEqual({ ok: false, fault: "SESSION_ANSWER" });
    }
  });
});

describe("what is said in clear", () => {
  it("names a fault, and nothing else that a sender makes up", () => {
    expect(readRefusal(encodeRefusal("SESSION_RATE"))).toBe("SESSION_RATE");
    for (const wrong of [
      new Uint8Array(0),
      encodeCbor(1),
      Uint8Array.of(1, 0x68, ...new TextEncoder().encode("toString")),
    ]) {
      expect(readRefusal(wrong)).toBe("SESSION_REFUSED");
    }
  });

  it("is relayed with a tag", () => {
    const tag = new Uint8Array(8).fill(9);
    for (const path of ["key", "edhoc", "record"] as const) {
      const request = { tag, path, body: bytes };
      expect(decodeRelayedRequest(encodeRelayedRequest(request))).toEqual({ ok: true, value: request });
    }
    const reply = { tag, accepted: false, body: bytes };
    expect(decodeRelayedReply(encodeRelayedReply(reply))).toEqual({ ok: true, value: reply });
    for (const wrong of [
      [tag, 3, bytes],
      [bytes, 1, bytes],
      [tag, 1],
      [tag, 1, "x"],
      [tag, true],
    ]) {
      expect(decodeRelayedRequest(encodeCbor(wrong as never)).ok).toBe(false);
      expect(decodeRelayedReply(encodeCbor(wrong as never)).ok).toBe(false);
    }
  });
});
