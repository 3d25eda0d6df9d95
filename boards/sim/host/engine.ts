/**
 * A microcontroller's JavaScript engine on the host: QuickJS in WebAssembly, in a module of its own whose free memory
 * is cut down, once the bundle has started, to what the arena that board.json states leaves for data. The engine's own
 * `setMemoryLimit` doesn't count bytes; here memory really runs out.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Script } from "node:vm";
import importedVariant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { assert } from "#base/assert.ts";
import { faultNumber } from "#base/faults.ts";
import { NOT_ON_A_UNIT } from "./engine-features.ts";
import { fromGuest, type GuestFunction, toGuest } from "./marshal.ts";

/** Pages of 64 KiB that the module declares as its minimum; the memory never grows beyond them. */
const MODULE_PAGES = 256;

// The package's types call its only export a namespace; at run time it is the variant itself.
const variant = importedVariant as unknown as QuickJSSyncVariant;
/** Compiled once in a process: each start of a unit makes an instance of it, and runs on what the host has optimized by then. */
const wasmModule = new WebAssembly.Module(
  readFileSync(createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm")),
);

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
   * what is left now. Throws EngineFailure when more is in use.
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

/** What the engine counts, in bytes or pieces. */
type Usage = Readonly<Partial<Record<string, number>>>;

/** What all code and the compiler may take here, beside the arena. A chip has code in flash (docs/ENGINE.md). */
export const CODE_BYTES = 3_900_000;
/** What a function takes that was made of code; a chip makes those that are named, and here all are made at the start. */
const FUNCTION_BYTES = 90;

/** What of it a chip has in its arena: code and names lie in flash there. */
function dataBytes(usage: Usage): number {
  const inFlash = ["atom_size", "js_func_size", "js_func_code_size", "js_func_pc2line_size"];
  const functions = (usage.js_func_count ?? 0) * FUNCTION_BYTES;
  return inFlash.reduce((left, part) => left - (usage[part] ?? 0), (usage.memory_used_size ?? 0) - functions);
}

/** After so many of the engine's interrupts, one each 10,000 calls and turns of loops, the app's code is broken off. */
const APP_INTERRUPTS = 250;

/** Takes the module's memory away in the largest pieces there are, until only `arenaBytes` in one piece are left. */
function cutDown(malloc: (bytes: number) => number, free: (pointer: number) => void, arenaBytes: number): void {
  const arena = malloc(arenaBytes);
  assert(arena !== 0, "the engine's module is larger than the board's arena");
  for (let pieceBytes = MODULE_PAGES * 65536; pieceBytes >= 16; pieceBytes >>>= 1) {
    while (malloc(pieceBytes) !== 0);
  }
  free(arena);
}

/**
 * Starts an engine with a `native` global. There is no way to take it apart: a context whose memory ran out can't be,
 * so a restart drops the module as a whole and starts another.
 * @param heapBytes  The arena, all of the engine's memory in it.
 * @param stackBytes Where the engine throws for too deep a recursion.
 * @param deadlineMs Wall time that one evaluate or call may take before it counts as an endless loop.
 */
export async function startEngine(
  native: NativeObject,
  { heapBytes, stackBytes, deadlineMs }: { heapBytes: number; stackBytes: number; deadlineMs: number },
): Promise<Engine> {
  const wasmMemory = new WebAssembly.Memory({ initial: MODULE_PAGES, maximum: MODULE_PAGES });
  const module = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory, wasmModule }));
  const { _malloc, _free } = (
    module as unknown as { module: { _malloc(n: number): number; _free(pointer: number): void } }
  ).module;
  cutDown(_malloc, _free, heapBytes);

  const context = module.newContext();
  context.runtime.setMaxStackSize(stackBytes);
  let deadline = Number.POSITIVE_INFINITY;
  let isOverdue = false;
  /** Interrupts since the app's code began to run; undefined while it doesn't. */
  let appInterrupts: number | undefined;
  /** What the app's code must leave to the runtime. */
  let reserveBytes = 0;
  context.runtime.setInterruptHandler(() => {
    isOverdue ||= performance.now() > deadline;
    return isOverdue || (appInterrupts !== undefined && ++appInterrupts > APP_INTERRUPTS);
  });
  /** Runs the app's code, with the runtime's reserve of memory out of its reach. */
  function asApp<T>(run: () => T): { readonly result: T; readonly isBroken: boolean; readonly isShort: boolean } {
    const reserve = reserveBytes === 0 ? 0 : _malloc(reserveBytes);
    appInterrupts = 0;
    const result = run();
    const isBroken = appInterrupts > APP_INTERRUPTS;
    appInterrupts = undefined;
    _free(reserve);
    return { result, isBroken, isShort: reserveBytes > 0 && reserve === 0 };
  }
  const guestFunctions: QuickJSHandle[] = [];
  hideFeatures(context);
  defineNative(context, native, guestFunctions);
  defineGuard();

  function guarded(run: () => ReturnType<QuickJSContext["evalCode"]>): void {
    deadline = performance.now() + deadlineMs;
    isOverdue = false;
    check(run());
    check(asApp(() => context.runtime.executePendingJobs()).result);
  }
  /** `native.guard` (src/device/port.ts). */
  function defineGuard(): void {
    const [native, guard] = [context.getProp(context.global, "native"), context.newObject()];
    const run = context.newFunction("run", (work) => {
      const { result, isBroken, isShort } = asApp(() => context.callFunction(work, context.undefined));
      result.dispose();
      const fault = isBroken ? "APP_OVERDUE" : isShort || result.error ? "APP_MEMORY" : undefined;
      return context.newNumber(fault === undefined ? 0 : faultNumber(fault));
    });
    context.setProp(guard, "run", run);
    context.setProp(native, "guard", guard);
    for (const handle of [native, guard, run]) handle.dispose();
  }
  return {
    evaluate(source, fileName) {
      try {
        guarded(() => context.evalCode(source, fileName, { strict: true }));
      } catch (error) {
        // QuickJS's compiler, out of memory in the middle of a statement, may take it for a wrong one.
        const isWrong = !(error as Error).message.startsWith("SyntaxError") || !parses(source);
        throw isWrong ? error : new EngineFailure("out-of-memory", `the arena of ${heapBytes} bytes is exhausted`);
      }
    },
    call(callback, ...args) {
      const handles = args.map((arg) => toGuest(context, arg));
      const target = guestFunctions[callback.guestFunction];
      assert(target !== undefined, "the guest gave this function");
      guarded(() => context.callFunction(target, context.undefined, ...handles));
      for (const handle of handles) handle.dispose();
    },
    usedBytes: () => dataBytes(usage()),
    keepTo(arenaBytes, appBytes = arenaBytes) {
      const left = arenaBytes - dataBytes(usage());
      if (left <= 0) throw new EngineFailure("out-of-memory", `the arena of ${arenaBytes} bytes is exhausted`);
      cutDown(_malloc, _free, left);
      reserveBytes = Math.max(0, left - appBytes);
    },
  };

  function usage(): Usage {
    const handle = context.runtime.computeMemoryUsage();
    const dump = context.dump(handle) as Usage;
    handle.dispose();
    return dump;
  }

  function check(result: { error?: QuickJSHandle | undefined }): void {
    // An overdue promise job leaves no exception behind, only the flag.
    if (result.error === undefined && !isOverdue) {
      (result as { dispose?: () => void }).dispose?.();
      return;
    }
    const thrown = result.error && (context.dump(result.error) as { name?: string; message?: string; stack?: string });
    result.error?.dispose();
    if (isOverdue) throw new EngineFailure("watchdog", "the bundle did not come to an end");
    // With no memory left not even the error object can be made: QuickJS then throws null.
    if (thrown === null || thrown?.message === "out of memory") {
      throw new EngineFailure("out-of-memory", `the arena of ${heapBytes} bytes is exhausted`);
    }
    throw new EngineFailure(
      "exception",
      `${thrown?.name ?? "Error"}: ${thrown?.message ?? ""}\n${thrown?.stack ?? ""}`,
    );
  }
}

function parses(source: string): boolean {
  try {
    return new Script(source) !== undefined;
  } catch {
    return false;
  }
}

/** A bundle must not find here what it won't find on a chip. */
function hideFeatures(context: QuickJSContext): void {
  const hiding = NOT_ON_A_UNIT.map((name) => `delete ${name};`).join("");
  context.unwrapResult(context.evalCode(hiding, "engine")).dispose();
}

function defineNative(context: QuickJSContext, native: NativeObject, guestFunctions: QuickJSHandle[]): void {
  const build = (object: NativeObject) => {
    const handle = context.newObject();
    for (const [name, member] of Object.entries(object)) {
      const value =
        typeof member === "function"
          ? context.newFunction(name, (...args) =>
              toGuest(context, member(...args.map((arg) => fromGuest(context, arg, guestFunctions)))),
            )
          : typeof member === "object"
            ? build(member)
            : toGuest(context, member);
      context.setProp(handle, name, value);
      value.dispose();
    }
    return handle;
  };
  const handle = build(native);
  context.setProp(context.global, "native", handle);
  handle.dispose();
}
