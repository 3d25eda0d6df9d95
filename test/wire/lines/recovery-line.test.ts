/** The station's half of recovery: what it sends, and what it makes of a unit's words. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { encodeLineFrame, lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRecoveryWord, encodeRecoveryOffer, encodeRecoveryParts, PART_BYTES } from "#wire/lines/recovery-line.ts";

test("a block goes out in parts that say where they belong", () => {
  const block = Uint8Array.from({ length: 600 }, (_, i) => i);
  const frames = lineFrameReader()(encodeRecoveryParts(1, 0x102, block));
  expect(frames.map(({ payload }) => payload.length)).toEqual([
    5 + PART_BYTES,
    5 + PART_BYTES,
    5 + 600 - 2 * PART_BYTES,
  ]);
  expect([...(frames[1]?.payload ?? [])].slice(0, 6)).toEqual([1, 2, 1, 0, 1, block[256]]);
  expect(lineFrameReader()(encodeRecoveryOffer(utf8("signed")))[0]).toEqual({ type: 0x11, payload: utf8("signed") });
});

test("a unit's words, and what is none of them", () => {
  const word = (type: number, ...payload: number[]) => decodeRecoveryWord({ type, payload: Uint8Array.from(payload) });
  expect(word(0x91, 2, 0, 0, 0, 0x6c)).toEqual({ ok: true, value: { kind: "waiting", epoch: 2, product: "l" } });
  expect(word(0x92, 1, 0xff, 0xff)).toEqual({ ok: true, value: { kind: "want", component: 1, index: 0xffff } });
  expect(word(0x93, 0xf5, 1)).toEqual({ ok: true, value: { kind: "refused", fault: "RELEASE_SIGNATURE" } });
  expect(word(0x94)).toEqual({ ok: true, value: { kind: "done" } });
  for (const bad of [
    word(0x91, 1, 2, 3),
    word(0x91, 0, 0, 0, 0, 0xff),
    word(0x92, 1),
    word(0x93, 1),
    word(0x94, 0),
    word(0x11),
  ])
    expect(bad).toEqual({ ok: false, fault: "RECOVERY_LINE" });
  expect(lineFrameReader()(encodeLineFrame(0x94, new Uint8Array(0)))).toHaveLength(1);
});
