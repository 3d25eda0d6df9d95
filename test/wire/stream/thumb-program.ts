/** A program for Cortex-M as a linker leaves it: vector table, functions that call one another, pools of addresses. */
import { viewOf } from "#base/bytes.ts";

const ADDRESS = 0x0001_0000;
const STACK_TOP = 0x2000_8000;
const VECTORS = 16;

interface Routine {
  /** Halfwords of code; a negative number calls the function of that index (-1: the first). */
  readonly body: readonly number[];
  /** Functions whose addresses stand behind the code. */
  readonly pool: readonly number[];
}

type Program = readonly Routine[];

function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 16;
  };
}

/** A program of about so many bytes, the same each time. */
export function programOf(seed: number, byteLength: number): Program {
  const next = noise(seed);
  const count = Math.max(4, Math.floor(byteLength / 99));
  const ops = Array.from({ length: 60 }, () => next() & 0x7fff);
  return Array.from({ length: count }, () => ({
    body: Array.from({ length: 20 + (next() % 40) }, () =>
      next() % 6 === 0 ? -1 - (next() % count) : (ops[next() % 60] as number),
    ),
    pool: Array.from({ length: next() % 4 }, () => next() % count),
  }));
}

/** The same with more code in some functions: by index, so many halfwords more. */
export function grown(program: Program, more: ReadonlyMap<number, number>): Program {
  const next = noise(99);
  return program.map((routine, i) => {
    const extra = Array.from({ length: more.get(i) ?? 0 }, () => next() & 0x7fff);
    return { ...routine, body: [...routine.body.slice(0, 8), ...extra, ...routine.body.slice(8)] };
  });
}

const bodyBytes = ({ body }: Routine) => body.reduce((sum, each) => sum + (each < 0 ? 4 : 2), 0);

/** Bytes of the image, every call and address set. */
export function link(program: Program): Uint8Array {
  let end = VECTORS * 4;
  const starts = program.map((routine) => {
    const start = end;
    end = Math.ceil((start + bodyBytes(routine)) / 4) * 4 + routine.pool.length * 4;
    return start;
  });
  const image = new Uint8Array(end);
  const view = viewOf(image);
  view.setUint32(0, STACK_TOP, true);
  for (let i = 1; i < VECTORS; i++) view.setUint32(i * 4, ADDRESS + (starts[i % 4] as number) + 1, true);
  program.forEach(({ body, pool }, index) => {
    let at = starts[index] as number;
    for (const each of body) {
      if (each >= 0) view.setUint16(at, each, true);
      else {
        // BL, encoding T1, within 4 MB (Armv7-M ARM, A7.7.18).
        const offset = (starts[-1 - each] as number) - at - 4;
        view.setUint16(at, 0xf000 | ((offset >> 12) & 0x7ff), true);
        view.setUint16(at + 2, 0xf800 | ((offset >> 1) & 0x7ff), true);
        at += 2;
      }
      at += 2;
    }
    at = Math.ceil(at / 4) * 4;
    for (const each of pool) {
      view.setUint32(at, ADDRESS + (starts[each] as number) + 1, true);
      at += 4;
    }
  });
  return image;
}
