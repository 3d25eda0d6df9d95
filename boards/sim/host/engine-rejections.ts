/**
 * Promises that were rejected and that nobody waits for, as the firmware's host hears of them (firmware/main/engine.c). QuickJS tells its host
 * of them through one function, which the package doesn't set. Its number stands two words behind that of the interrupt handler, which the
 * package does set.
 */
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";
import { OTHER_ENGINE } from "./engine-heap.ts";
import type { EngineModule } from "./engine-module.ts";

/** Words of QuickJS's `struct JSRuntime` that are looked at. */
const RUNTIME_WORDS = 64;
/** From the interrupt handler over its argument to the function. */
const TRACKER_WORDS = 2;
/** The upper half of a value that counts references: QuickJS's tags below zero. */
const COUNTING_TAG = 0xffff_fff5n;

/** A module that exports its import d, of type (i32, i64, i64, i32, i32) -> (): nothing but WebAssembly's own functions may stand in a table. */
const WRAPPER = new WebAssembly.Module(
  Buffer.from("0061736d010000000109016005 7f7e7e7f7f 00 0207010168016400 00 07050101640000".replace(/\s/g, ""), "hex"),
);

interface Rejections {
  /** The reason of the last one; undefined where somebody waits for each. The caller disposes of it. */
  take(): QuickJSHandle | undefined;
}

/**
 * Hears of them from now on. Throws when the engine is not laid out as QuickJS was when this was written.
 * @param setInterruptHandler Sets the engine's interrupt handler, for the first time.
 */
export function hearRejections(
  { memory, runtimeAddress, table }: EngineModule,
  context: QuickJSContext,
  setInterruptHandler: () => void,
): Rejections {
  const words = new Uint32Array(memory, runtimeAddress, RUNTIME_WORDS);
  const before = Uint32Array.from(words);
  setInterruptHandler();
  const place = words.findIndex((word, i) => word !== before[i]) + TRACKER_WORDS;
  if (place < TRACKER_WORDS || words[place] !== 0) throw new Error(OTHER_ENGINE);

  const view = new DataView(memory);
  let reason: QuickJSHandle | undefined;
  let unheard = 0;
  function handleOf(value: bigint): QuickJSHandle {
    if (value >> 32n >= COUNTING_TAG) {
      const object = Number(value & 0xffff_ffffn);
      view.setInt32(object, view.getInt32(object, true) + 1, true);
    }
    // A handle's value is the address of eight bytes that hold the engine's value.
    const handle = context.newNumber(0);
    view.setBigUint64(handle.value as unknown as number, value, true);
    return handle;
  }
  function rejected(_context: number, _promise: bigint, value: bigint, isHandled: number): void {
    if (isHandled !== 0) {
      if (unheard > 0) unheard--;
      return;
    }
    unheard++;
    reason?.dispose();
    reason = handleOf(BigInt.asUintN(64, value));
  }
  const { exports } = new WebAssembly.Instance(WRAPPER, { h: { d: rejected } });
  words[place] = table.grow(1);
  table.set(words[place], exports.d);

  function take(): QuickJSHandle | undefined {
    const [count, last] = [unheard, reason];
    unheard = 0;
    reason = undefined;
    if (count > 0) return last;
    last?.dispose();
    return undefined;
  }
  // What is heard of one rejection, and that it was heard, shows that the engine is the one that was meant.
  const proof = context.unwrapResult(context.evalCode("Promise.reject('proof')", "engine"));
  const proven = take();
  if (proven === undefined || context.dump(proven) !== "proof") throw new Error(OTHER_ENGINE);
  proven.dispose();
  proof.dispose();
  return { take };
}
