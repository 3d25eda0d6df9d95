import { describe, expect, it } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { encodeSntpRequest, readSntpAnswer } from "#codec/sntp.ts";
import { sntpAnswer } from "#testing/time-server.ts";

const TRANSACTION = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const BUILT_S = 1_790_000_000;
const REQUEST = encodeSntpRequest(TRANSACTION);

/** A server's answer with some bytes changed. */
function changed(says: number, ...changes: readonly (readonly [at: number, byte: number])[]): Uint8Array {
  const bytes = sntpAnswer(REQUEST, says);
  for (const [at, byte] of changes) bytes[at] = byte;
  return bytes;
}

describe("an SNTP request", () => {
  it("asks as a client of version 4 and tells nothing of the unit but a random number", () => {
    expect([...REQUEST]).toEqual([0x23, ...new Array<number>(39).fill(0), ...TRANSACTION]);
  });
});

describe("an SNTP answer", () => {
  it("is read field by field as RFC 4330 section 4 lays it out", () => {
    // Stratum 3, root delay and dispersion of half a millisecond, reference 192.168.0.1; half a second past a whole one.
    const bytes = fromHex(
      ["240306e9", "00000020", "0000001f", "c0a80001", "eeb6f0f500000000", "0102030405060708"].join("") +
        "eeb6f15580000000".repeat(2),
    ) as Uint8Array;
    expect(readSntpAnswer(bytes, TRANSACTION, BUILT_S)).toEqual({
      kind: "time",
      unixS: 0xeeb6f155 - 2_208_988_800 + 0.5,
    });
  });
  it("counts on after 2036, where NTP's seconds begin again", () => {
    for (const saysS of [BUILT_S, 2_085_978_495, 2_085_978_497, BUILT_S + 30 * 31_557_600]) {
      expect(readSntpAnswer(sntpAnswer(REQUEST, saysS), TRANSACTION, BUILT_S)).toEqual({ kind: "time", unixS: saysS });
    }
  });
  it("is none to another request, of another form, or of a server that does not know the time", () => {
    const wrong = [
      changed(BUILT_S, [24, 9]),
      changed(BUILT_S, [0, 0x23]),
      changed(BUILT_S, [0, 0x1c]),
      changed(BUILT_S, [0, 0xe4]),
      changed(BUILT_S, [1, 16]),
      changed(BUILT_S, [5, 17]),
      changed(BUILT_S, [8, 1]),
      changed(-2_208_988_800),
      sntpAnswer(REQUEST, BUILT_S).subarray(0, 47),
      new Uint8Array(0),
    ];
    for (const bytes of wrong) expect(readSntpAnswer(bytes, TRANSACTION, BUILT_S)).toBeUndefined();
  });
  it("may send clients away", () => {
    expect(readSntpAnswer(sntpAnswer(REQUEST, "RATE"), TRANSACTION, BUILT_S)).toEqual({ kind: "kiss", code: "RATE" });
    const toOthers = sntpAnswer(encodeSntpRequest(new Uint8Array(8)), "DENY");
    expect(readSntpAnswer(toOthers, TRANSACTION, BUILT_S)).toBeUndefined();
  });
});
