import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { createChance } from "#boards/sim/host/air/chance.ts";
import { rsMessage, rsSymbol } from "#codec/reed-solomon.ts";
import { openAir, sealAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type AirBody, decodeAirBody, encodeAirBody, encodeAirRing, RING_FRAMES, SYMBOLS } from "#wire/air/air.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import type { Found } from "#wire/air/found.ts";

const KEY = new Uint8Array(32).fill(5);
const BODY: AirBody = {
  ssid: utf8("Café"),
  passphrase: utf8("correct horse"),
  extra: Uint8Array.of(1, 2, 3),
  timeHintS: 0x12_3456_789a,
};
const everyone = new Uint8Array(6).fill(0xff);

function sealed(body: AirBody = BODY, counter = 1_800_000_000): Uint8Array {
  const message = sealAir(body, KEY, counter, nodePrimitives);
  if (!message.ok) throw new Error(message.fault);
  return message.value;
}

const open = (message: Uint8Array) => {
  const opened = openAir(message, KEY, nodePrimitives);
  return opened.ok ? opened.value : undefined;
};

test("any k Reed-Solomon symbols give the message back", () => {
  const chance = createChance(1);
  for (const k of [1, 2, 45, 93, 165]) {
    const message = chance.bytes(k);
    const indices = Array.from({ length: SYMBOLS }, (_, i) => i)
      .map((index) => [chance.next(), index] as const)
      .sort(([a], [b]) => a - b)
      .slice(0, k)
      .map(([, index]) => index);
    const symbols = indices.map((index) => rsSymbol(message, index));
    expect(rsMessage(indices, symbols)).toEqual(message);
  }
});

test("a body comes back, of every size; what doesn't fit is refused", () => {
  for (const [ssid, passphrase, extra] of [
    [1, 0, 0],
    [10, 12, 32],
    [32, 64, 32],
  ] as const) {
    const body = {
      ssid: new Uint8Array(ssid).fill(7),
      passphrase: new Uint8Array(passphrase),
      extra: new Uint8Array(extra),
      timeHintS: 2 ** 39,
    };
    const encoded = encodeAirBody(body);
    if (!encoded.ok) throw new Error(encoded.fault);
    expect(decodeAirBody(encoded.value)).toEqual({ ok: true, value: body });
  }
  for (const change of [
    { ssid: new Uint8Array(0) },
    { ssid: new Uint8Array(33) },
    { passphrase: new Uint8Array(65) },
    { extra: new Uint8Array(33) },
  ]) {
    expect(encodeAirBody({ ...BODY, ...change })).toEqual({ ok: false, fault: "AIR_FIELD" });
  }
});

test("the tag stands over counter, salt and body", () => {
  const message = sealed();
  expect(openAir(message, KEY, nodePrimitives)).toMatchObject({ ok: true, value: { ...BODY, counter: 1_800_000_000 } });
  for (let at = 0; at < message.length; at++) {
    const bad = message.slice();
    bad[at] = (bad[at] as number) ^ 0x80;
    expect(openAir(bad, KEY, nodePrimitives)).toEqual({ ok: false, fault: "AIR_SEAL" });
  }
  expect(sealed()).not.toEqual(message);
});

test("every length lies within 64 and 1100, and a ring of the longest message is decoded from any start", () => {
  const body = {
    ...BODY,
    ssid: new Uint8Array(32).fill(1),
    passphrase: new Uint8Array(64).fill(2),
    extra: new Uint8Array(32),
  };
  const ring = encodeAirRing(sealed(body));
  expect(ring).toHaveLength(RING_FRAMES);
  expect(Math.min(...ring)).toBeGreaterThanOrEqual(64);
  expect(Math.max(...ring)).toBeLessThanOrEqual(1100);
  for (let start = 0; start < RING_FRAMES; start += 19) {
    const decoder = airDecoder(open);
    let found: Found | undefined;
    let frames = 0;
    for (; found === undefined && frames < 400; frames++) {
      const length = ring[(start + frames) % RING_FRAMES] as number;
      found = decoder.push(length, frames === 0 ? 0 : 1, 5000 * frames, everyone);
    }
    expect(found).toMatchObject({ protocol: "air", ssid: body.ssid, passphrase: body.passphrase });
    // 165 symbols, an anchor for every 16 of them, and one anchor more than that at most.
    expect(frames).toBeLessThanOrEqual(165 + 11 + 1);
  }
});

test("a sender that starts anew with other credentials is believed, not mixed with what came before", () => {
  const first = encodeAirRing(sealed());
  const second = encodeAirRing(sealed({ ...BODY, passphrase: utf8("other horses!") }, 1_800_000_001));
  const decoder = airDecoder(open);
  let us = 0;
  const push = (length: number | undefined, step: number) => {
    us += 5000;
    return decoder.push(length as number, step, us, everyone);
  };
  for (let i = 0; i < 40; i++) push(first[i], i === 0 ? 0 : 1);
  let found: Found | undefined;
  for (let i = 0; i < 600 && found === undefined; i++) found = push(second[i % RING_FRAMES], 1);
  expect(found).toMatchObject({ passphrase: utf8("other horses!") });
});

test("random lengths cost few solutions: in the long run at most one for every 64 frames", () => {
  const chance = createChance(3);
  let asked = 0;
  const decoder = airDecoder(() => {
    asked++;
    return undefined;
  });
  for (let i = 0; i < 20_000; i++) decoder.push(64 + chance.below(1037), 1, 5000 * i, everyone);
  expect(asked).toBeLessThan(20_000 / 64);
});
