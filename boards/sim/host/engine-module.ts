/**
 * The package's module with QuickJS in it, and what the host needs to put its own allocator in place of the engine's: the table of functions that
 * are called by number, which the module keeps to itself. It is added to the module's exports; nothing else is changed.
 * @source https://webassembly.github.io/spec/core/binary/modules.html#export-section
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import importedVariant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { assert } from "#base/assert.ts";

/** Pages of 64 KiB. The memory never grows beyond them; what a board has of it, the allocator says (engine-heap.ts). */
const MODULE_PAGES = 256;

const HEAD_BYTES = 8;
const EXPORT_SECTION = 7;
const TABLE_NAME = "functions";
const TABLE_EXPORT = Uint8Array.of(TABLE_NAME.length, ...new TextEncoder().encode(TABLE_NAME), 1, 0);

function readNumber(bytes: Uint8Array, at: number): readonly [number: number, next: number] {
  let number = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [number, at];
  }
}

function numberBytes(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...numberBytes(number >>> 7)];
}

function withTableExport(bytes: Uint8Array): Uint8Array {
  for (let at = HEAD_BYTES; at < bytes.length; ) {
    const [length, from] = readNumber(bytes, at + 1);
    if (bytes[at] === EXPORT_SECTION) {
      const [count, first] = readNumber(bytes, from);
      const body = [numberBytes(count + 1), bytes.subarray(first, from + length), TABLE_EXPORT];
      const head = [bytes.subarray(0, at + 1), numberBytes(body.reduce((sum, part) => sum + part.length, 0))];
      return Buffer.concat([...head, ...body, bytes.subarray(from + length)].map((part) => Uint8Array.from(part)));
    }
    at = from + length;
  }
  throw new Error("the engine's module exports nothing");
}

const path = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
/** Compiled once in a process: each start of a unit makes an instance of it, and runs on what the host has optimized by then. */
const wasmModule = new WebAssembly.Module(withTableExport(readFileSync(path)) as BufferSource);

// The package's types call its only export a namespace; at run time it is the variant itself.
const variant = importedVariant as unknown as QuickJSSyncVariant;

export interface EngineModule {
  readonly runtime: QuickJSRuntime;
  readonly memory: ArrayBuffer;
  /** Where in it QuickJS's `struct JSRuntime` lies. */
  readonly runtimeAddress: number;
  /** The functions that the engine calls by number. */
  readonly table: WebAssembly.Table;
}

/** An engine in a module of its own, in which nothing was run yet. */
export async function instantiateEngine(): Promise<EngineModule> {
  const wasmMemory = new WebAssembly.Memory({ initial: MODULE_PAGES, maximum: MODULE_PAGES });
  let table: WebAssembly.Table | undefined;
  const instantiateWasm = (imports: WebAssembly.Imports, use: (instance: WebAssembly.Instance) => void) => {
    const instance = new WebAssembly.Instance(wasmModule, imports);
    table = instance.exports[TABLE_NAME] as WebAssembly.Table;
    use(instance);
    return instance.exports;
  };
  const made = await newQuickJSWASMModuleFromVariant(
    newVariant(variant, { wasmMemory, emscriptenModule: { instantiateWasm } }),
  );
  assert(table !== undefined, "the module was instantiated");
  const runtime = made.newRuntime();
  const { value: runtimeAddress } = (runtime as unknown as { rt: { value: number } }).rt;
  return { runtime, memory: wasmMemory.buffer, runtimeAddress, table };
}
