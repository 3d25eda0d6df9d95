import { describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { hmacKey } from "#trust/sessions/edhoc-kdf.ts";
import {
  openReply,
  openRequest,
  type RecordKeys,
  readRequestRecord,
  recordKeys,
  sealReply,
  sealRequest,
} from "#trust/sessions/sealed-record.ts";

const keys: RecordKeys = { request: new Uint8Array(32).fill(1), reply: new Uint8Array(32).fill(2) };
const otherKeys: RecordKeys = { request: new Uint8Array(32).fill(3), reply: new Uint8Array(32).fill(4) };
const id = Uint8Array.of(7);
const text = Uint8Array.of(1, 2, 3);

const fault = (result: Result<unknown>) => (result.ok ? "accepted" : result.fault);

function opened(record: Uint8Array, under = keys): Result<Uint8Array> {
  const read = readRequestRecord(record);
  return read.ok ? openRequest(primitives, under, read.value) : read;
}

describe("a sealed record", () => {
  it("has a key for each direction", () => {
    const secret = { exporter: hmacKey(new Uint8Array(32)), prkOut: id, ownId: id, peerId: id };
    const { request, reply } = recordKeys(primitives, secret);
    expect([request.length, reply.length]).toEqual([32, 32]);
    expect(toHex(request)).not.toBe(toHex(reply));
  });

  it("is COSE_Encrypt0 with kid and Partial IV, and opens to what was sealed", () => {
    const record = sealRequest(primitives, keys, id, 258, text);
    const item = decodeCbor(record);
    expect(item.ok && item.value).toEqual([
      new Uint8Array(0),
      new Map([
        [4, id],
        [6, Uint8Array.of(1, 2)],
      ]),
      expect.any(Uint8Array),
    ]);
    const read = readRequestRecord(record);
    expect(read.ok && [toHex(read.value.sessionId), read.value.counter]).toEqual(["07", 258]);
    expect(opened(record)).toEqual({ ok: true, value: text });
  });

  it("answers the request of its counter alone", () => {
    const reply = sealReply(primitives, keys, 5, text);
    expect(openReply(primitives, keys, 5, reply)).toEqual({ ok: true, value: text });
    expect(fault(openReply(primitives, keys, 6, reply))).toBe("SESSION_ORDER");
    const item = decodeCbor(reply);
    const parts = item.ok ? (item.value as readonly unknown[]) : [];
    const renumbered = encodeCbor([new Uint8Array(0), new Map([[6, Uint8Array.of(6)]]), parts[2] as Uint8Array]);
    expect(fault(openReply(primitives, keys, 6, renumbered))).toBe("SESSION_SEAL");
  });

  it("is refused with any one bit changed, cut short, or with bytes behind it", () => {
    const record = sealRequest(primitives, keys, id, 1, text);
    for (let at = 0; at < record.length * 8; at++) {
      const changed = record.slice();
      changed[at >> 3] = (changed[at >> 3] as number) ^ (1 << (at & 7));
      const read = readRequestRecord(changed);
      // The kid only says where the keys are: another one leads to other keys, or to none.
      const isKidAlone = read.ok && toHex(read.value.sessionId) !== "07" && read.value.counter === 1;
      if (!isKidAlone) expect(["SESSION_RECORD", "SESSION_SEAL"]).toContain(fault(opened(changed)));
    }
    for (let byteLength = 0; byteLength < record.length; byteLength++) {
      expect(fault(opened(record.subarray(0, byteLength)))).toBe("SESSION_RECORD");
    }
    expect(fault(opened(Uint8Array.of(...record, 0)))).toBe("SESSION_RECORD");
  });

  it("does not open when reflected, or under another session's keys", () => {
    const reply = sealReply(primitives, keys, 1, text);
    expect(fault(opened(reply))).toBe("SESSION_RECORD");
    const item = decodeCbor(reply);
    const parts = item.ok ? (item.value as readonly unknown[]) : [];
    const dressed = encodeCbor([
      new Uint8Array(0),
      new Map([
        [4, id],
        [6, Uint8Array.of(1)],
      ]),
      parts[2] as Uint8Array,
    ]);
    expect(fault(opened(dressed))).toBe("SESSION_SEAL");
    expect(fault(opened(sealRequest(primitives, keys, id, 1, text), otherKeys))).toBe("SESSION_SEAL");
    expect(fault(openReply(primitives, keys, 1, sealRequest(primitives, keys, id, 1, text)))).toBe("SESSION_RECORD");
  });

  it("has one spelling: no leading zero in its counter, nothing protected, nothing more", () => {
    const sealed = new Uint8Array(19);
    const none = new Uint8Array(0);
    const spellings = [
      [
        none,
        new Map([
          [4, id],
          [6, Uint8Array.of(0, 1)],
        ]),
        sealed,
      ],
      [
        none,
        new Map([
          [4, id],
          [6, none],
        ]),
        sealed,
      ],
      [
        none,
        new Map([
          [4, id],
          [6, Uint8Array.of(1, 0, 0, 0, 0)],
        ]),
        sealed,
      ],
      [none, new Map([[4, id]]), sealed],
      [
        none,
        new Map([
          [4, id],
          [5, none],
          [6, Uint8Array.of(1)],
        ]),
        sealed,
      ],
      [
        Uint8Array.of(0xa0),
        new Map([
          [4, id],
          [6, Uint8Array.of(1)],
        ]),
        sealed,
      ],
      [
        none,
        new Map([
          [4, id],
          [6, Uint8Array.of(1)],
        ]),
        sealed.subarray(4),
      ],
    ];
    for (const spelling of spellings) {
      expect(fault(readRequestRecord(encodeCbor(spelling as never)))).toBe("SESSION_RECORD");
    }
  });
});
