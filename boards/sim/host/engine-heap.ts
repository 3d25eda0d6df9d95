/**
 * The heap of the simulated board's engine: counts its memory in bytes and refuses what a chip's heap refuses (firmware/main/heap.c). QuickJS takes
 * an allocator from whoever embeds it. The package gives it one that knows how many pieces are in use, not how many bytes, so that it collects garbage
 * far too late for a chip's arena. The functions of that one are called by number; here others stand under these numbers, and call them.
 */
import type { EngineModule } from "./engine-module.ts";

/** As firmware/main has it: the first four in heap.c, the last in engine.c. */
const OVERHEAD_BYTES = 4;
const LEAST_BYTES = 12;
const APP_OVERDRAFT_BYTES = 6144;
const APP_LAST_BYTES = 1024;
const GROWTH_BYTES = 8192;

/** Words of QuickJS's `struct JSRuntime`: the numbers of its allocator's functions, and the bytes in use, by which it decides when to collect garbage. */
const [ALLOCATE_WORD, FREE_WORD, RESIZE_WORD, BYTES_WORD] = [0, 1, 2, 5] as const;
/** At how many bytes it does so at first: the word that holds it is looked for. */
const FIRST_THRESHOLD_BYTES = 256 * 1024;
const RUNTIME_WORDS = 64;
const WORD_BYTES = 4;

/** Addresses of pieces are multiples of eight. */
const ADDRESS_SHIFT = 3;

/**
 * A module that exports its imports a, b and c: nothing but WebAssembly's own functions may stand in a table. Their types are
 * (i32, i32) -> i32, (i32, i32) -> () and (i32, i32, i32) -> i32.
 */
const WRAPPER = new WebAssembly.Module(
  Buffer.from(
    `0061736d01000000 0113 03 60027f7f017f 60027f7f00 60037f7f7f017f
     0213 03 0168016100 00 0168016200 01 0168016300 02
     070d 03 01610000 01620001 01630002`.replace(/\s/g, ""),
    "hex",
  ),
);

export const OTHER_ENGINE =
  "the simulated board's engine is not laid out as boards/sim/host/engine-heap.ts knows it: take the version that package-lock.json names";

interface EngineHeap {
  /** Bytes of the arena in use; before `keepTo`, all that the engine has. */
  used(): number;
  /**
   * @param dataBytes  What of that which is in use now a chip would have in its arena.
   * @param arenaBytes What may be in use from now on, and how much of it the app's code may have.
   */
  keepTo(dataBytes: number, arenaBytes: number, appBytes: number): void;
  /** Whether it would give so much to whoever's code runs. */
  has(bytes: number): boolean;
  /** Notes that the code that runs was refused memory. */
  refuse(): void;
  /** Does what the run's end is told by, which takes no memory of its own. */
  freely<T>(work: () => T): T;
  /** The app's code may have so much from now on, and gets it before `keepTo` already. */
  keepAppTo(appBytes: number): void;
  /** Whose code runs from now on. @returns Whether the app was refused memory while its code ran. */
  setApp(isApp: boolean): boolean;
  /** The app's code is broken off, and may take a little more for the error that does it. */
  breakOff(): void;
  /** Begins another step, in which nothing was refused. */
  begin(): void;
  /** Whether anybody but the app was refused memory in this step. */
  isRefused(): boolean;
  /** Whether so much more is in use than after garbage was last collected that it is time. */
  hasGrown(): boolean;
  /** Collects garbage. @param makeObject What the engine does it before. */
  collect(makeObject: () => void): void;
}

type Allocate = (state: number, bytes: number) => number;
type Free = (state: number, pointer: number) => void;
type Resize = (state: number, pointer: number, bytes: number) => number;

/**
 * Takes the place of the engine's allocator. Throws when the engine is not laid out as QuickJS was when this was written.
 * @param most Bytes that may be in use.
 */
export function createEngineHeap({ memory, runtimeAddress, table }: EngineModule, most: number): EngineHeap {
  const words = new Uint32Array(memory, runtimeAddress, RUNTIME_WORDS);
  const thresholdWord = words.indexOf(FIRST_THRESHOLD_BYTES);
  const numbers = [ALLOCATE_WORD, FREE_WORD, RESIZE_WORD].map((word) => words[word] as number);
  const natives = numbers.map((number) => (number < table.length ? (table.get(number) as unknown) : null));
  const arities = natives.map((native) => (typeof native === "function" ? native.length : -1));
  if (thresholdWord < 0 || String(arities) !== "2,2,3") throw new Error(OTHER_ENGINE);
  const [engineAllocate, engineFree, engineResize] = natives as [Allocate, Free, Resize];

  /** The size of each piece by its address, below zero when it was allocated for the app. Those from before this are not counted. */
  const sizes = new Int32Array(memory.byteLength >> ADDRESS_SHIFT);
  let limit = most;
  let appLimit = Number.POSITIVE_INFINITY;
  let used = 0;
  let appUsed = 0;
  let quiet = 0;
  let isApp = false;
  /** The most that was left of the app's bytes since the engine was last told to collect because of them. */
  let leftBefore = Number.POSITIVE_INFINITY;
  /** The app was refused memory, and has not given up as much as its overdraft since. */
  let isAppShort = false;
  let isAppOver = false;
  let isAppRefused = false;
  let isRefused = false;

  function has(more: number): boolean {
    if (used + more > limit) return false;
    if (!isApp) return true;
    if (appUsed + APP_OVERDRAFT_BYTES < appLimit) isAppShort = false;
    const extra = (isAppShort ? APP_OVERDRAFT_BYTES : 0) + (isAppOver ? APP_LAST_BYTES : 0);
    return appUsed + more <= appLimit + extra;
  }
  function refuse(): void {
    if (isApp) isAppRefused = isAppShort = true;
    else isRefused = true;
  }
  const sizeFor = (bytes: number) => Math.max(LEAST_BYTES, Math.ceil(bytes / WORD_BYTES) * WORD_BYTES) + OVERHEAD_BYTES;
  function count(change: number, isOfApp: boolean): void {
    used += change;
    if (isOfApp) appUsed += change;
    words[BYTES_WORD] = Math.max(0, used);
    if (isOfApp) collectNearBound(change < 0);
  }
  /**
   * Lets the engine collect with the next object once the app has taken half of what was left of its bytes: a chip collects before it
   * refuses a byte string (firmware/main/code.c), and an allocator that the engine calls can't.
   */
  function collectNearBound(isFreed: boolean): void {
    const left = appLimit - appUsed;
    if (left === Number.POSITIVE_INFINITY) return;
    if (isFreed) leftBefore = Math.max(leftBefore, left);
    if (isFreed || left > Math.min(appLimit, leftBefore) / 2) return;
    leftBefore = left;
    words[thresholdWord] = 0;
  }
  function place(pointer: number, size: number, isOfApp: boolean): void {
    sizes[pointer >>> ADDRESS_SHIFT] = isOfApp ? -size : size;
    count(size, isOfApp);
  }
  /** @returns Whether it was allocated for the app. */
  function remove(pointer: number): boolean {
    const size = sizes[pointer >>> ADDRESS_SHIFT] as number;
    count(-Math.abs(size), size < 0);
    sizes[pointer >>> ADDRESS_SHIFT] = 0;
    return size < 0;
  }
  function allocate(state: number, bytes: number): number {
    const size = sizeFor(bytes >>> 0);
    const pointer = has(size) ? engineAllocate(state, bytes) : 0;
    if (pointer === 0) refuse();
    else place(pointer, size, isApp);
    return pointer;
  }
  function freePiece(state: number, pointer: number): void {
    remove(pointer);
    engineFree(state, pointer);
    count(0, false);
  }
  function resize(state: number, pointer: number, bytes: number): number {
    if (pointer === 0) return bytes === 0 ? 0 : allocate(state, bytes);
    if (bytes === 0) {
      freePiece(state, pointer);
      return 0;
    }
    const [size, had] = [sizeFor(bytes >>> 0), Math.abs(sizes[pointer >>> ADDRESS_SHIFT] as number)];
    const moved = size <= had || has(size - had) ? engineResize(state, pointer, bytes) : 0;
    if (moved === 0) refuse();
    else place(moved, size, remove(pointer));
    return moved;
  }
  const { exports } = new WebAssembly.Instance(WRAPPER, { h: { a: allocate, b: freePiece, c: resize } });
  for (const [i, name] of ["a", "b", "c"].entries()) table.set(numbers[i] as number, exports[name]);

  return {
    used: () => used,
    keepTo(dataBytes, arenaBytes, appBytes) {
      used = quiet = dataBytes;
      limit = arenaBytes;
      appLimit = appBytes;
      count(0, false);
    },
    has,
    refuse,
    freely(work) {
      const before = limit;
      limit = Number.POSITIVE_INFINITY;
      const done = work();
      limit = before;
      return done;
    },
    keepAppTo(appBytes) {
      appLimit = appBytes;
    },
    setApp(isAppNow) {
      const wasRefused = isAppRefused;
      isApp = isAppNow;
      isAppRefused = isAppOver = false;
      return wasRefused;
    },
    breakOff() {
      isAppOver = true;
    },
    begin() {
      isRefused = false;
    },
    isRefused: () => isRefused,
    hasGrown: () => used >= quiet + GROWTH_BYTES,
    collect(makeObject) {
      words[thresholdWord] = 0;
      makeObject();
      quiet = used;
      words[thresholdWord] = quiet + GROWTH_BYTES;
    },
  };
}
