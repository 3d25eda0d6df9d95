import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { FAULTS, type Fault } from "#base/faults.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { decodeUnitState, encodeUnitState, STAGE, type Stage, type UnitState } from "#wire/link/unit-state.ts";

describe("what a unit says of itself", () => {
  it("is a few bytes", () => {
    expect(toHex(encodeUnitState({ sequence: 3, epoch: 1, attempt: undefined }))).toBe("84010301f6");
    const attempt = { sequence: 4, stage: "rejected", fault: "TRIAL_CRASH", percent: 100 } as const;
    expect(toHex(encodeUnitState({ sequence: 3, epoch: 1, attempt }))).toBe("8401030184040619023c1864");
  });

  it("reads back as it was said", () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const attempt = fc.record({
      sequence: u32,
      stage: fc.constantFrom(...(Object.keys(STAGE) as Stage[])),
      fault: fc.option(fc.constantFrom(...(Object.keys(FAULTS) as Fault[])), { nil: undefined }),
      percent: fc.integer({ min: 0, max: 100 }),
    });
    const state = fc.record({ sequence: u32, epoch: u32, attempt: fc.option(attempt, { nil: undefined }) });
    fc.assert(
      fc.property(state, fc.option(u32, { nil: undefined }), (said, revoked) => {
        const each = revoked === undefined ? said : { ...said, revoked };
        expect(decodeUnitState(encodeUnitState(each))).toEqual({ ok: true, value: each });
      }),
      { seed: 1 },
    );
  });

  it("refuses what is none, and never throws on chance bytes", () => {
    const wrong = [
      [1, 2, 3],
      [2, 0, 0, null],
      [1, -1, 0, null],
      [1, 0, 0, [1, 9, 0, 0]],
      [1, 0, 0, [1, 2, 0, 101]],
      [1, 0, 0, null, -1],
      7,
    ];
    for (const each of wrong) expect(decodeUnitState(encodeCbor(each)).ok).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const state = decodeUnitState(bytes);
        return (
          !state.ok ||
          toHex(encodeUnitState(state.value as UnitState)) === toHex(bytes) ||
          state.value.attempt !== undefined
        );
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
