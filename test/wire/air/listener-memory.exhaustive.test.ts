/** What hearing every protocol at once costs a unit's heap, in the engine that units have. */
import importedVariant from "@jitl/quickjs-wasmfile-release-sync";
import { build } from "esbuild";
import { newQuickJSWASMModuleFromVariant, type QuickJSSyncVariant } from "quickjs-emscripten-core";
import { expect, test } from "vitest";

const PROGRAM = `
import { airDecoder } from "#wire/air/air-decoder.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import { airListener } from "#wire/air/listener.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";
import { createFiller } from "./test/wire/air/fillers.ts";

const made = {
  airAndV2: () => [airDecoder(() => undefined), esptouchV2Decoder()],
  every: () => [...made.airAndV2(), esptouchV1Decoder(), airKissDecoder(), tiDecoder(), tuyaDecoder({})],
};
const filler = createFiller(new Uint8Array(6).fill(1), 1);
let listener;
globalThis.listen = (which, overheads) => {
  const decoders = () => overheads.flatMap((overheadBytes) => made[which]().map((decoder) => ({ overheadBytes, decoder })));
  listener = airListener({ decoders });
};
globalThis.hear = (how, count) => {
  for (const frame of filler[how](count)) listener.push(frame);
};
`;

/** Stated in PROTOCOL 6.3.3. A network that the scan doesn't have is tried under two ciphers' overheads at once. */
const CASES = [
  ["every", "[52]", 54_000],
  ["every", "[52, 36]", 96_000],
  ["airAndV2", "[52]", 26_000],
  ["airAndV2", "[52, 36]", 46_000],
] as const;

test.each(CASES)(
  "whatever is sent, a listener (%s, overheads %s) takes less than %d bytes",
  async (which, overheads, bytesMax) => {
    const bundle = await build({
      stdin: { contents: PROGRAM, resolveDir: process.cwd(), loader: "ts" },
      bundle: true,
      write: false,
      format: "iife",
      target: "es2020",
    });
    const engine = await newQuickJSWASMModuleFromVariant(importedVariant as unknown as QuickJSSyncVariant);
    const context = engine.newContext();
    const run = (code: string) => context.unwrapResult(context.evalCode(code)).dispose();
    const usedBytes = (): number => {
      const usage = context.runtime.computeMemoryUsage();
      const bytes = (context.dump(usage) as { memory_used_size: number }).memory_used_size;
      usage.dispose();
      return bytes;
    };
    run(bundle.outputFiles[0]?.text ?? "");
    const before = usedBytes();
    run(`listen("${which}", ${overheads})`);
    const highest = new Map<string, number>();
    for (const code of ['hear("flood", 2000)', 'hear("orders")', 'hear("markerless", 6)']) {
      run(code);
      highest.set(code, usedBytes() - before);
    }
    expect(Math.max(...highest.values()), JSON.stringify([...highest])).toBeLessThan(bytesMax);
    context.dispose();
  },
);
