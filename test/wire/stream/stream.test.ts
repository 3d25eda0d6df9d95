import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOCK_BYTES, blockCount } from "#wire/releases/blocks.ts";
import { createStreamDecoder } from "#wire/stream/stream-decoder.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";
import { grown, link, programOf } from "./thumb-program.ts";

/** Decodes as a unit does: into pages, with what was written before readable, from a given block on. */
function decode(base: Uint8Array, stream: Uint8Array, imageBytes: number, pageBytes = 256, firstBlock = 0): Uint8Array {
  const image = new Uint8Array(imageBytes);
  const page = new Uint8Array(pageBytes);
  const source = {
    baseBytes: base.length,
    imageBytes,
    readBase: (at: number, size: number) => {
      expect(at >= 0 && at + size <= base.length).toBe(true);
      return base.subarray(at, at + size);
    },
    readImage: (at: number, size: number) => image.subarray(at, at + size),
  };
  const decoder = createStreamDecoder(source);
  let filled = 0;
  for (let index = firstBlock; index < blockCount(stream.length); index++) {
    const before = decoder.position;
    const started = decoder.startBlock(index, stream.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    if (!started.ok) throw new Error(started.fault);
    if (index > firstBlock) expect(decoder.position).toBe(before);
    while (!decoder.isBlockDone) {
      const pageAt = decoder.position - filled;
      const got = decoder.fill(page, filled);
      if (!got.ok) throw new Error(got.fault);
      filled = got.value;
      image.set(page.subarray(0, filled), pageAt);
      if (filled === page.length) filled = 0;
    }
  }
  return image;
}

function text(seed: number, words: number): Uint8Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 8;
  };
  const list = Array.from({ length: 300 }, () => `w${(next() % 46656).toString(36)}${(next() % 1296).toString(36)}`);
  return new TextEncoder().encode(
    Array.from({ length: words }, () => list[next() % list.length]).join(next() % 2 ? " " : "."),
  );
}

describe("streams", () => {
  test("rebuild what was encoded, whole or over a base, whatever the page", () => {
    const base = text(1, 6000);
    const image = Uint8Array.of(
      ...base.subarray(0, 9000),
      ...text(2, 100),
      ...base.subarray(9100, 30000),
      ...text(3, 900),
    );
    for (const pageBytes of [1, 256, 1000, 4096]) {
      expect(decode(base, encodeStream(base, image), image.length, pageBytes)).toEqual(image);
    }
    const whole = encodeStream(new Uint8Array(0), image);
    expect(decode(new Uint8Array(0), whole, image.length)).toEqual(image);
    expect(whole.length).toBeLessThan(image.length / 2);
  });

  test("any bytes over any bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.array(fc.constantFrom(0, 1, 65, 255), { maxLength: 3000 }).map((each) => Uint8Array.from(each)),
    );
    fc.assert(
      fc.property(bytes, bytes, (base, image) => {
        fc.pre(image.length > 0);
        expect(decode(base, encodeStream(base, image), image.length)).toEqual(image);
      }),
      { numRuns: 150, seed: 6 },
    );
  });

  test("incompressible images span many blocks, each of which can be the first to be decoded", () => {
    let state = 7;
    const image = Uint8Array.from({ length: 20_000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
    const stream = encodeStream(new Uint8Array(0), image);
    expect(blockCount(stream.length)).toBeGreaterThan(4);
    expect(stream.length).toBeLessThan(image.length * 1.12);
    expect(decode(new Uint8Array(0), stream, image.length)).toEqual(image);
    const source = {
      baseBytes: 0,
      imageBytes: image.length,
      readBase: () => new Uint8Array(0),
      readImage: (at: number, size: number) => image.subarray(at, at + size),
    };
    const decoder = createStreamDecoder(source);
    decoder.startBlock(3, stream.subarray(3 * BLOCK_BYTES, 4 * BLOCK_BYTES));
    const from = decoder.position;
    const page = new Uint8Array(1000);
    expect(decoder.fill(page, 0)).toEqual({ ok: true, value: 1000 });
    expect(page).toEqual(image.slice(from, from + 1000));
  });

  test("a small edit of a long text takes few bytes", () => {
    const base = text(4, 12_000);
    const image = Uint8Array.of(
      ...base.subarray(0, 40_000),
      ...new TextEncoder().encode("if(x)y();"),
      ...base.subarray(40_000),
    );
    const patch = encodeStream(base, image);
    expect(patch.length).toBeLessThan(30);
    expect(decode(base, patch, image.length)).toEqual(image);
  });

  test("code that moved costs what was written, not every call across it", () => {
    const program = programOf(11, 42_000);
    const base = link(program);
    const image = link(grown(program, new Map([[150, 4]])));
    const differing = image.subarray(64, 20_000).filter((byte, i) => byte !== base[64 + i]).length;
    expect(differing).toBeGreaterThan(200);
    const patch = encodeStream(base, image);
    expect(patch.length).toBeLessThan(60);
    for (const pageBytes of [1, 250, 1024]) expect(decode(base, patch, image.length, pageBytes)).toEqual(image);
  });

  test("code that moved by many lengths over several blocks, any of which can be the first", () => {
    const program = programOf(12, 24_000);
    const base = link(program);
    const image = link(
      grown(
        program,
        new Map([
          [30, 1700],
          [31, 3],
          [120, 1900],
          [200, 900],
        ]),
      ),
    );
    const patch = encodeStream(base, image);
    expect(blockCount(patch.length)).toBeGreaterThan(2);
    expect(patch.length).toBeLessThan(11_000);
    expect(decode(base, patch, image.length)).toEqual(image);
    for (let first = 1; first < blockCount(patch.length); first++) {
      const source = {
        baseBytes: base.length,
        imageBytes: image.length,
        readBase: (at: number, size: number) => base.subarray(at, at + size),
        readImage: (at: number, size: number) => image.subarray(at, at + size),
      };
      const decoder = createStreamDecoder(source);
      decoder.startBlock(first, patch.subarray(first * BLOCK_BYTES, (first + 1) * BLOCK_BYTES));
      const from = decoder.position;
      const page = new Uint8Array(1500);
      expect(decoder.fill(page, 0)).toEqual({ ok: true, value: 1500 });
      expect(page).toEqual(image.slice(from, from + 1500));
    }
  });

  test("damaged streams over code are refused or give another image", () => {
    const program = programOf(13, 12_000);
    const base = link(program);
    const image = link(grown(program, new Map([[40, 3]])));
    const stream = encodeStream(base, image);
    const outcomes = new Set<string>();
    for (let at = 0; at < stream.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = stream.slice();
        damaged[at] = (damaged[at] as number) ^ (1 << bit);
        try {
          outcomes.add(decode(base, damaged, image.length).length === image.length ? "image" : "");
        } catch (error) {
          outcomes.add((error as Error).message);
        }
      }
    }
    expect([...outcomes].sort()).toEqual(["STREAM_TOKEN", "image"]);
  });

  test("damaged streams are refused or give another image; they never throw and never reach outside", () => {
    const base = text(5, 2000);
    const image = Uint8Array.of(...base.subarray(500, 4000), ...text(6, 300), ...base.subarray(0, 3000));
    const stream = encodeStream(base, image);
    const outcomes = new Set<string>();
    for (let at = 0; at < stream.length; at++) {
      const damaged = stream.slice();
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      try {
        outcomes.add(decode(base, damaged, image.length).length === image.length ? "image" : "");
      } catch (error) {
        outcomes.add((error as Error).message);
      }
    }
    expect([...outcomes].sort()).toEqual(["STREAM_TOKEN", "image"]);
  });
});
