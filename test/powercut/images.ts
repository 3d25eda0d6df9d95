/** Images that look like firmware to a coder: code that calls itself, and text, with edits between two releases. */
import { grown, link, programOf } from "../wire/stream/thumb-program.ts";
import type { ImageSet } from "./maker.ts";

function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 16;
  };
}

/** Source-like text of so many bytes. */
function source(seed: number, byteLength: number): Uint8Array {
  const next = noise(seed);
  const words = Array.from({ length: 120 }, () => `v${(next() % 1296).toString(36)}`);
  let text = "";
  while (text.length < byteLength) text += `${words[next() % 120]}(${words[next() % 120]},${next() % 900});`;
  return new TextEncoder().encode(text.slice(0, byteLength));
}

function edited(base: Uint8Array, at: number, insert: string, everyBytes: number): Uint8Array {
  const inserted = Uint8Array.of(...base.subarray(0, at), ...new TextEncoder().encode(insert), ...base.subarray(at));
  for (let i = everyBytes; i < inserted.length; i += everyBytes) inserted[i] = ((inserted[i] as number) + 4) & 255;
  return inserted;
}

/** Release 1 and release 2 of a product with native code and a bundle. */
export function imageSets(nativeBytes: number, jsBytes: number): readonly [ImageSet, ImageSet] {
  const program = programOf(3, nativeBytes);
  const longer = grown(
    program,
    new Map(program.flatMap((_, i): [number, number][] => (i % 16 === 5 ? [[i, 1 + (i % 90)]] : []))),
  );
  const js = source(5, jsBytes);
  const first = new Map([
    [0, link(program)],
    [1, js],
  ]);
  const second = new Map([
    [0, link(longer)],
    [1, edited(js, jsBytes >> 2, "if(fixed)return;", 4001)],
  ]);
  return [
    { images: first, sequence: 1 },
    { images: second, sequence: 2 },
  ];
}
