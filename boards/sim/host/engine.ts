/**
 * A microcontroller's JavaScript engine on the host: QuickJS in WebAssembly, in a module of its own, with a heap that counts and refuses as a
 * chip's does once the bundle has started.
 */
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";
import { assert } from "#base/assert.ts";
import { faultNumber } from "#base/faults.ts";
import { chipBytes } from "./engine-bytes.ts";
import { NOT_ON_A_UNIT } from "./engine-features.ts";
import { createEngineHeap, OTHER_ENGINE } from "./engine-heap.ts";
import { instantiateEngine } from "./engine-module.ts";
import { hearRejections } from "./engine-rejections.ts";
import { type Border, fromGuest, type GuestFunction, toGuest } from "./marshal.ts";

type HostFunction = (...args: unknown[]) => unknown;

/** Functions by facet, as in src/device/port.ts; plain values are passed as they are. */
export type NativeObject = { readonly [name: string]: HostFunction | number | string | boolean | NativeObject };

export interface Engine {
  /** Runs a script in strict mode, as modules are that a bundle was made of. Throws EngineFailure for an uncaught exception or when the arena is exhausted. */
  evaluate(source: string, fileName: string): void;
  /** Calls a function that the guest gave, then runs all jobs that became ready. Throws EngineFailure. */
  call(callback: GuestFunction, ...args: unknown[]): void;
  /** Bytes of the arena that are in use, as a chip would count them. */
  usedBytes(): number;
  /**
   * From now on the engine has so much as a chip with an arena of this size has for data, and the app's code no more than `appBytes` of
   * it. Throws EngineFailure when more is in use.
   */
  keepTo(arenaBytes: number, appBytes?: number): void;
}

/** How a run of the bundle ended: an uncaught exception, or no memory left. */
export class EngineFailure extends Error {
  override name = "EngineFailure";
  readonly reason: "exception" | "out-of-memory" | "watchdog";
  constructor(reason: "exception" | "out-of-memory" | "watchdog", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What all code and the compiler may take here, beside the arena. A chip has code in flash (docs/ENGINE.md). */
export const CODE_BYTES = 3_900_000;
interface Limits {
  readonly heapBytes: number;
  readonly stackBytes: number;
  readonly deadlineMs: number;
  readonly appBytes?: number | undefined;
  readonly receiver?: () => GuestFunction | undefined;
}

/** Failed promises that are told one after the other, each because of the one before; as firmware/main/engine.c has it. */
const UNHEARD_MOST = 8;

/** As the engine words it. */
const OUT_OF_MEMORY = "out of memory";

/** Processor time of this process so far, in milliseconds. */
function spentMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** After so many of the engine's interrupts, one each 10,000 calls and turns of loops, the app's code is broken off. */
const APP_INTERRUPTS = 250;

/**
 * Starts an engine with a `native` global. There is no way to take it apart: a context whose memory ran out can't be,
 * so a restart drops the module as a whole and starts another.
 * @param heapBytes  The arena, all of the engine's memory in it.
 * @param stackBytes Where the engine throws for too deep a recursion.
 * @param deadlineMs Processor time that one evaluate or call may take before it counts as an endless loop: a busy machine takes nothing of it.
 * @param appBytes   What of the arena the app's code may have while it starts.
 * @param receiver   The function that is told of a promise that was rejected and that nobody waits for, in an event `rejected` with its
 *   reason; while it is undefined this ends the run. Without a receiver nobody is told.
 */
export async function startEngine(
  native: NativeObject,
  { heapBytes, stackBytes, deadlineMs, appBytes, receiver }: Limits,
): Promise<Engine> {
  const module = await instantiateEngine();
  const heap = createEngineHeap(module, heapBytes);
  if (appBytes !== undefined) heap.keepAppTo(appBytes);
  const context = module.runtime.newContext();
  const collect = () => heap.collect(() => context.newObject().dispose());
  proveCollecting(context, heap.used, collect);

  context.runtime.setMaxStackSize(stackBytes);
  let deadline = Number.POSITIVE_INFINITY;
  let isOverdue = false;
  /** Interrupts since the app's code began to run; undefined while it doesn't. */
  let appInterrupts: number | undefined;
  let arenaBytes = heapBytes;
  const interrupt = () => {
    isOverdue ||= spentMs() > deadline;
    const isBroken = appInterrupts !== undefined && ++appInterrupts > APP_INTERRUPTS;
    if (isBroken) heap.breakOff();
    return isOverdue || isBroken;
  };
  const rejections = hearRejections(module, context, () => context.runtime.setInterruptHandler(interrupt));
  /** Runs the app's code, within its bounds. */
  function asApp<T>(run: () => T): { readonly result: T; readonly isBroken: boolean; readonly isShort: boolean } {
    if (appInterrupts !== undefined) return { result: run(), isBroken: false, isShort: false };
    appInterrupts = 0;
    heap.setApp(true);
    const result = run();
    const isShort = heap.setApp(false);
    const isBroken = appInterrupts > APP_INTERRUPTS;
    appInterrupts = undefined;
    return { result, isBroken, isShort };
  }
  /** Throws what the engine would, unless there is room for what comes from the host. */
  function makeRoom(bytes: number): void {
    if (heap.has(bytes)) return;
    collect();
    if (heap.has(bytes)) return;
    heap.refuse();
    throw new Error(OUT_OF_MEMORY);
  }
  /** Of the app's code that was broken off last. */
  let brokenAt = "";
  const guestFunctions: QuickJSHandle[] = [];
  hideFeatures(context);
  const border: Border = { context, guestFunctions, makeRoom };
  defineNative(border, native);
  defineGuard();
  collect();
  const ofChip = chipBytes(context);

  function guarded(run: () => ReturnType<QuickJSContext["evalCode"]>): void {
    deadline = spentMs() + deadlineMs;
    isOverdue = false;
    heap.begin();
    check(run());
    const { result, isShort } = asApp(() => context.runtime.executePendingJobs());
    // What the app was refused in a job is the app's trouble.
    if (isShort) result.dispose();
    else check(result);
    if (heap.hasGrown()) collect();
  }
  /** Tells the receiver of a promise that was rejected and that nobody waits for. The mistake is the app's, so the run goes on. */
  function tellRejections(): void {
    for (let told = 0; ; told++) {
      const reason = rejections.take();
      if (reason === undefined || receiver === undefined) return reason?.dispose();
      const listener = receiver();
      // Before the bundle listens for events it is an error of the bundle itself.
      if (listener === undefined) return check({ error: reason });
      if (told > UNHEARD_MOST) {
        throw new EngineFailure("exception", "Error: the bundle fails whenever it is told of a failure");
      }
      const event = argument({ kind: "rejected" });
      context.setProp(event, "reason", reason);
      reason.dispose();
      guarded(() => context.callFunction(functionOf(listener), context.undefined, event));
      event.dispose();
    }
  }
  /** `native.guard` (src/device/port.ts). */
  function defineGuard(): void {
    const [native, guard] = [context.getProp(context.global, "native"), context.newObject()];
    const run = context.newFunction("run", (work) => {
      const { result, isBroken, isShort } = asApp(() => context.callFunction(work, context.undefined));
      brokenAt = result.error ? stackOf(result.error) : "";
      result.dispose();
      const fault = isBroken ? "APP_OVERDUE" : isShort || result.error ? "APP_MEMORY" : undefined;
      return context.newNumber(fault === undefined ? 0 : faultNumber(fault));
    });
    const where = context.newFunction("brokenAt", () => context.newString(brokenAt));
    context.setProp(guard, "run", run);
    context.setProp(guard, "brokenAt", where);
    context.setProp(native, "guard", guard);
    for (const handle of [native, guard, run, where]) handle.dispose();
  }
  return {
    evaluate(source, fileName) {
      guarded(() => context.evalCode(source, fileName, { strict: true }));
      tellRejections();
    },
    call(callback, ...args) {
      const handles = args.map(argument);
      const target = functionOf(callback);
      guarded(() => context.callFunction(target, context.undefined, ...handles));
      for (const handle of handles) handle.dispose();
      tellRejections();
    },
    usedBytes: () => (arenaBytes === heapBytes ? ofChip() : heap.used()),
    keepTo(bytes, appBytes = bytes) {
      collect();
      arenaBytes = bytes;
      heap.keepTo(ofChip(), bytes, appBytes);
      if (!heap.has(0)) throw exhausted();
    },
  };

  function functionOf({ guestFunction }: GuestFunction): QuickJSHandle {
    const target = guestFunctions[guestFunction];
    assert(target !== undefined, "the guest gave this function");
    return target;
  }
  function argument(value: unknown): QuickJSHandle {
    try {
      return toGuest(border, value);
    } catch (error) {
      throw (error as Error).message === OUT_OF_MEMORY ? exhausted() : error;
    }
  }
  function exhausted(stack = ""): EngineFailure {
    return new EngineFailure("out-of-memory", `the arena of ${arenaBytes} bytes is exhausted${stack && `\n${stack}`}`);
  }
  /** The lines of an error, where it could still be made. */
  function stackOf(error: QuickJSHandle): string {
    const thrown = context.dump(error) as { stack?: unknown } | null;
    return typeof thrown?.stack === "string" ? thrown.stack : "";
  }
  function check(result: { error?: QuickJSHandle | undefined }): void {
    const { error } = result;
    // An overdue promise job leaves no exception behind, only the flag.
    if (result.error === undefined && !isOverdue) {
      (result as { dispose?: () => void }).dispose?.();
      return;
    }
    if (heap.isRefused() && !isOverdue) throw exhausted(error && heap.freely(() => stackOf(error)));
    const thrown = result.error && (context.dump(result.error) as { name?: string; message?: string; stack?: string });
    result.error?.dispose();
    if (isOverdue) throw new EngineFailure("watchdog", "the bundle did not come to an end");
    // With no memory left not even the error object can be made: QuickJS then throws null.
    if (thrown === null || thrown?.message === OUT_OF_MEMORY) throw exhausted();
    throw new EngineFailure(
      "exception",
      `${thrown?.name ?? "Error"}: ${thrown?.message ?? ""}\n${thrown?.stack ?? ""}`,
    );
  }
}

const PROOF = "for (let i = 0; i < 100; i++) { const ring = {}; ring.ring = ring; }";
const PROOF_BYTES = 4000;

/** Throws unless memory is counted and garbage is collected. */
function proveCollecting(context: QuickJSContext, used: () => number, collect: () => void): void {
  collect();
  const before = used();
  context.unwrapResult(context.evalCode(PROOF, "engine")).dispose();
  const between = used();
  collect();
  if (between - before < PROOF_BYTES || between - used() < PROOF_BYTES) throw new Error(OTHER_ENGINE);
}

/** A bundle must not find here what it won't find on a chip. */
function hideFeatures(context: QuickJSContext): void {
  const hiding = NOT_ON_A_UNIT.map((name) => `delete ${name};`).join("");
  context.unwrapResult(context.evalCode(hiding, "engine")).dispose();
}

function defineNative(border: Border, native: NativeObject): void {
  const { context } = border;
  const build = (object: NativeObject) => {
    const handle = context.newObject();
    for (const [name, member] of Object.entries(object)) {
      const value =
        typeof member === "function"
          ? context.newFunction(name, (...args) =>
              toGuest(border, member(...args.map((arg) => fromGuest(border, arg)))),
            )
          : typeof member === "object"
            ? build(member)
            : toGuest(border, member);
      context.setProp(handle, name, value);
      value.dispose();
    }
    return handle;
  };
  const handle = build(native);
  context.setProp(context.global, "native", handle);
  handle.dispose();
}
