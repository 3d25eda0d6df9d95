/** What of the engine's memory on the host a chip would have in its arena: code and names lie in flash there, and less is built in (ADR 0129). */
import type { QuickJSContext } from "quickjs-emscripten-core";

/** What the engine counts, in bytes or pieces. */
type Usage = Readonly<Partial<Record<string, number>>>;

/** What a function takes that was made of code, with its name's place; a chip makes those that are named, and here all are made at the start. */
const FUNCTION_BYTES = 96;
/** What a chip's engine has in use before a bundle runs. The one here has more built in than that. */
export const BUILT_IN_BYTES = 32_500;
const IN_FLASH = ["atom_size", "js_func_size", "js_func_code_size", "js_func_pc2line_size"];

function usageOf(context: QuickJSContext): Usage {
  const handle = context.runtime.computeMemoryUsage();
  const dump = context.dump(handle) as Usage;
  handle.dispose();
  return dump;
}

function dataBytes(context: QuickJSContext): number {
  const usage = usageOf(context);
  const functions = (usage.js_func_count ?? 0) * FUNCTION_BYTES;
  return IN_FLASH.reduce((left, part) => left - (usage[part] ?? 0), (usage.memory_used_size ?? 0) - functions);
}

/** @param context In which no bundle was run yet. @returns What a chip would have in use. */
export function chipBytes(context: QuickJSContext): () => number {
  const builtIn = dataBytes(context);
  return () => BUILT_IN_BYTES + dataBytes(context) - builtIn;
}
