/** What the delta coder is tried on: the lamp's bundle before and after an edit, and a native image the same way. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildBundle } from "#factory/bundle.ts";

export interface Pair {
  readonly kind: "js" | "native";
  readonly edit: "small" | "medium";
  readonly old: Uint8Array;
  readonly image: Uint8Array;
}

const FOLDER = ".cache/bench-ota";
const APP = "src/app/lamp.ts";

/** One more check in one function: what a fix looks like. */
function smallEdit(text: string): string {
  return text.replace("brightness = percent;", "if (percent < 5) percent = 5;\n        brightness = percent;");
}

/** A feature: a few more functions, a variable, an event. */
function mediumEdit(text: string): string {
  const functions = `functions: {
    blink: {
      right: "call",
      args: { times: int(1, 20), periodMs: int(50, 5000) },
      run: ({ times, periodMs }, io) => {
        blinks = { left: times * 2, periodMs };
        io.log("blinking " + times + " times, every " + periodMs + " ms");
        io.raise("blinking", times);
      },
    },
    setScene: {
      right: "config",
      args: { evening: bool(), night: int(0, 30) },
      run: ({ evening, night }) => {
        scene = evening ? "evening" : "day";
        brightness = evening ? Math.min(brightness, 60) : Math.max(brightness, night);
      },
    },`;
  return smallEdit(text)
    .replace(
      "let brightness = 100;",
      'let brightness = 100;\nlet blinks = { left: 0, periodMs: 0 };\nlet scene = "day";',
    )
    .replace("functions: {", functions)
    .replace(
      "variables: {",
      'variables: {\n    scene: { right: "read", read: () => scene },\n    blinksLeft: { right: "read", read: () => blinks.left },',
    )
    .replace('events: ["pressed"]', 'events: ["pressed", "blinking"]');
}

async function bundleOf(name: string, text: string, sequence: number): Promise<Uint8Array> {
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}/${name}.ts`;
  writeFileSync(path, text.replaceAll('from "./', 'from "#app/'));
  const { bytes } = await buildBundle("sim", path, { release: `${sequence}`, atS: 1_790_000_000 + sequence });
  return bytes;
}

/** Pairs of bundles: built twice from sources that differ by the edit and by the build's own number and time. */
export async function jsPairs(): Promise<readonly Pair[]> {
  const text = readFileSync(APP, "utf8");
  const old = await bundleOf("lamp", text, 1);
  return [
    { kind: "js", edit: "small", old, image: await bundleOf("lamp", smallEdit(text), 2) },
    { kind: "js", edit: "medium", old, image: await bundleOf("lamp", mediumEdit(text), 2) },
  ];
}

const NATIVE = [".cache/firmware/qemu-mps2/main.bin", ".cache/firmware/qemu-sf2/main.bin"];
/** Where the image is linked to, near enough: words that point behind an insertion are moved with it. */
const SPAN_BYTES = 0x0100_0000;

/**
 * The native image of a board with code inserted at some places, as a linker would leave it: BL offsets across a place
 * and absolute words behind it follow. Undefined where no image was built.
 */
export function nativePairs(): readonly Pair[] | undefined {
  const path = NATIVE.find(existsSync);
  if (path === undefined) return undefined;
  const old = new Uint8Array(readFileSync(path));
  const at = (share: number) => Math.floor((old.length * share) / 4) * 4;
  return [
    { kind: "native", edit: "small", old, image: inserted(old, [[at(0.4), 24]]) },
    {
      kind: "native",
      edit: "medium",
      old,
      image: inserted(
        old,
        [0.1, 0.25, 0.3, 0.55, 0.56, 0.8].map((share, i) => [at(share), 60 + 44 * i]),
      ),
    },
  ];
}

function inserted(old: Uint8Array, places: readonly (readonly [number, number])[]): Uint8Array {
  const view = new DataView(old.buffer, old.byteOffset, old.length);
  /** Where a byte of the old image lies in the new one. */
  const moved = (at: number) => places.reduce((to, [place, size]) => (at >= place ? to + size : to), at);
  const start = (view.getUint32(4, true) & ~(SPAN_BYTES - 1)) >>> 0;
  const image = new Uint8Array(moved(old.length - 1) + 1);
  const out = new DataView(image.buffer);
  for (let at = 0; at < old.length; at++) image[moved(at)] = old[at] as number;
  for (let at = 0; at + 4 <= old.length; at += 2) {
    const [high, low] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if ((high & 0xf800) === 0xf000 && (low & 0xd000) === 0xd000) {
      const sign = (high >> 10) & 1;
      const [j1, j2] = [((low >> 13) & 1) ^ sign ^ 1, ((low >> 11) & 1) ^ sign ^ 1];
      const offset =
        (((sign ? -1 : 0) << 24) | (j1 << 23) | (j2 << 22) | ((high & 0x3ff) << 12) | ((low & 0x7ff) << 1)) >> 0;
      const target = at + 4 + offset;
      if (target < 0 || target >= old.length) continue;
      const next = moved(target) - moved(at) - 4;
      const s = next < 0 ? 1 : 0;
      const [i1, i2] = [((next >> 23) & 1) ^ s ^ 1, ((next >> 22) & 1) ^ s ^ 1];
      out.setUint16(moved(at), 0xf000 | (s << 10) | ((next >> 12) & 0x3ff), true);
      out.setUint16(moved(at) + 2, 0xd000 | (i1 << 13) | (i2 << 11) | ((next >> 1) & 0x7ff), true);
      at += 2;
    } else if (at % 4 === 0) {
      const target = view.getUint32(at, true) - start;
      if (target > 0 && target < old.length) out.setUint32(moved(at), start + moved(target), true);
    }
  }
  for (const [place, size] of places) {
    const to = moved(place) - size;
    // New code looks like code from elsewhere, with other registers and constants.
    for (let i = 0; i < size; i++)
      image[to + i] = (old[(place * 7 + i * 3) % old.length] as number) ^ (i % 5 === 0 ? 8 : 0);
  }
  return image;
}
