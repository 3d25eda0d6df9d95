import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { rsMessage, rsSymbols } from "#codec/reed-solomon.ts";
import { openAir, sealAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeAirRing, RING_FRAMES, SYMBOLS } from "#wire/air/air.ts";
import type { AirCredentials } from "#wire/air/air-credentials.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { type AirBody, decodeAirBody, encodeAirBody, messageSymbols, symbolsMessage } from "#wire/air/air-message.ts";

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
  const random = createRandomSource(1);
  for (const k of [1, 2, 34, 70, 142]) {
    const message = Uint16Array.from({ length: k }, () => random.below(512));
    const indices = Array.from({ length: SYMBOLS }, (_, i) => i)
      .map((index) => [random.next(), index] as const)
      .sort(([a], [b]) => a - b)
      .slice(0, k)
      .map(([, index]) => index);
    const all = rsSymbols(message, SYMBOLS);
    const symbols = indices.map((index) => all[index] as number);
    expect(rsMessage(indices, symbols)).toEqual(message);
  }
});

test("a message's symbols give it back, of every size", () => {
  const random = createRandomSource(2);
  for (const [i, bytes] of [17, 25, 33, 41, 49, 57, 66, 75, 84, 102, 120, 138].entries()) {
    const message = random.bytes(21 + bytes);
    expect(symbolsMessage(messageSymbols(message), i + 1)).toEqual(message);
  }
});

test("a body comes back, of every size, with the hint where it is not the counter; what doesn't fit is refused", () => {
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
    for (const counter of [2 ** 39, 2 ** 39 + 1]) {
      const encoded = encodeAirBody(body, counter);
      if (!encoded.ok) throw new Error(encoded.fault);
      expect(decodeAirBody(encoded.value, counter)).toEqual({ ok: true, value: body });
    }
  }
  for (const change of [
    { ssid: new Uint8Array(0) },
    { ssid: new Uint8Array(33) },
    { passphrase: new Uint8Array(65) },
    { extra: new Uint8Array(33) },
  ]) {
    expect(encodeAirBody({ ...BODY, ...change }, 1)).toEqual({ ok: false, fault: "AIR_FIELD" });
  }
});

test("the tag stands over counter and body, and hides whether two messages say the same", () => {
  const message = sealed();
  expect(openAir(message, KEY, nodePrimitives)).toMatchObject({ ok: true, value: { ...BODY, counter: 1_800_000_000 } });
  for (let at = 0; at < message.length; at++) {
    const bad = message.slice();
    bad[at] = (bad[at] as number) ^ 0x80;
    expect(openAir(bad, KEY, nodePrimitives)).toEqual({ ok: false, fault: "AIR_SEAL" });
  }
  // Nothing random: only the very same message under the very same counter looks the same.
  expect(sealed()).toEqual(message);
  const later = sealed(BODY, 1_800_000_001);
  const same = later.subarray(5).filter((byte, i) => byte === message[5 + i]).length;
  expect(same).toBeLessThan(message.length / 4);
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
    let found: AirCredentials | undefined;
    let frames = 0;
    for (; found === undefined && frames < 400; frames++) {
      const length = ring[(start + frames) % RING_FRAMES] as number;
      found = decoder.push(length, frames === 0 ? 0 : 1, 5000 * frames, everyone);
    }
    expect(found).toMatchObject({ protocol: "air", ssid: body.ssid, passphrase: body.passphrase });
    // 142 symbols, an anchor for every 19 of them, and one anchor more than that at most.
    expect(frames).toBeLessThanOrEqual(142 + 8 + 1);
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
  let found: AirCredentials | undefined;
  for (let i = 0; i < 600 && found === undefined; i++) found = push(second[i % RING_FRAMES], 1);
  expect(found).toMatchObject({ passphrase: utf8("other horses!") });
});

test("random lengths cost few solutions: in the long run at most one for every 64 frames", () => {
  const random = createRandomSource(3);
  let asked = 0;
  const decoder = airDecoder(() => {
    asked++;
    return undefined;
  });
  for (let i = 0; i < 20_000; i++) decoder.push(64 + random.below(1037), 1, 5000 * i, everyone);
  expect(asked).toBeLessThan(20_000 / 64);
});

/** The ring of Air version 1, as PROTOCOL said it: only its shape, since its symbols are noise to a unit. */
function versionOneRing(seed: number): number[] {
  const random = createRandomSource(seed);
  return Array.from({ length: 255 }, (_, place) =>
    place % 17 === 0 ? 832 + 15 * 6 + place / 17 : 64 + 256 * (place % 3) + random.below(256),
  );
}

test("Air version 1 is noticed and refused by a fault of its own, whatever is lost; nothing else is taken for it", () => {
  for (const loss of [0, 0.3, 0.5]) {
    const random = createRandomSource(7);
    const decoder = airDecoder(open);
    let step = 0;
    for (let n = 0; n < 600; n++) {
      step++;
      if (random.next() < loss) continue;
      expect(decoder.push(versionOneRing(7)[n % 255] as number, step, 5000 * n, everyone)).toBeUndefined();
      step = 0;
    }
    expect(decoder.fault?.()).toBe("AIR_VERSION");
  }
  const random = createRandomSource(8);
  const [noise, current] = [airDecoder(open), airDecoder(() => undefined)];
  const ring = encodeAirRing(sealed());
  for (let n = 0; n < 20_000; n++) {
    noise.push(64 + random.below(1037), 1, 5000 * n, everyone);
    current.push(ring[n % RING_FRAMES] as number, n === 0 ? 0 : 1, 5000 * n, everyone);
  }
  expect(noise.fault?.()).toBeUndefined();
  expect(current.fault?.()).toBeUndefined();
});

interface AirVector {
  readonly name: string;
  readonly input: { readonly airKey: string; readonly counter: number; readonly timeHintS: number } & Readonly<
    Record<"ssid" | "passphrase" | "extra", string>
  >;
  readonly expect: { readonly message: string; readonly ring: readonly number[] };
}

const hex = (text: string) => fromHex(text) as Uint8Array;

test.each(JSON.parse(readFileSync("test/vectors/air.json", "utf8")) as AirVector[])("vector: $name", (vector) => {
  const { airKey, counter, timeHintS, ssid, passphrase, extra } = vector.input;
  const body = { ssid: hex(ssid), passphrase: hex(passphrase), extra: hex(extra), timeHintS };
  const message = sealAir(body, hex(airKey), counter, nodePrimitives);
  if (!message.ok) throw new Error(message.fault);
  expect(toHex(message.value)).toBe(vector.expect.message);
  expect(encodeAirRing(message.value)).toEqual(vector.expect.ring);
  expect(openAir(hex(vector.expect.message), hex(airKey), nodePrimitives)).toMatchObject({ ok: true, value: body });
});
