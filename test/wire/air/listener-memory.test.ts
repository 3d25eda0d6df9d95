/** What hearing every protocol at once costs a unit's heap, in the engine that units have. */
import importedVariant from "@jitl/quickjs-wasmfile-release-sync";
import { build } from "esbuild";
import { newQuickJSWASMModuleFromVariant, type QuickJSSyncVariant } from "quickjs-emscripten-core";
import { expect, test } from "vitest";

/** Stated in PROTOCOL 6.3. */
const BYTES_MAX = { every: 70_000, airAndV2: 36_000 } as const;

const PROGRAM = `
import { createChance } from "#boards/sim/host/air/chance.ts";
import { encodeAirRing } from "#wire/air/air.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import { airListener } from "#wire/air/listener.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";

const everyone = new Uint8Array(6).fill(255);
const bssid = new Uint8Array(6).fill(1);
const made = {
  airAndV2: () => [airDecoder(() => undefined), esptouchV2Decoder()],
  every: () => [...made.airAndV2(), esptouchV1Decoder(), airKissDecoder(), tiDecoder(), tuyaDecoder({})],
};
const chance = createChance(1);
const ring = encodeAirRing(chance.bytes(165));
let at = 0;
/** As many senders as are followed, which fill every decoder's tables, and a flood of others that find no place. */
globalThis.start = (which) => {
  const decoders = () => made[which]().map((decoder) => ({ overheadBytes: 52, decoder }));
  globalThis.listener = airListener({ decoders });
};
globalThis.flood = (frames) => {
  for (let i = 0; i < frames; i++, at++) {
    const sender = at % 8;
    const sa = sender < 4 ? Uint8Array.of(2, 0, 0, 0, 0, sender) : chance.bytes(6);
    const length = sender < 2 ? ring[Math.floor(at / 8) % 255] : 1 + chance.below(1200);
    globalThis.listener.push({
      us: at * 500, channel: 1, bssid, sa, da: everyone, seq: at % 4096, bodyBytes: 52 + length, retry: false, ds: "from",
    });
  }
};
`;

test.each(["every", "airAndV2"] as const)("a flood leaves a listener (%s) within its bytes", async (which) => {
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
  run(`start("${which}")`);
  let highest = 0;
  for (let round = 0; round < 8; round++) {
    run("flood(1500)");
    highest = Math.max(highest, usedBytes() - before);
  }
  expect(highest).toBeLessThan(BYTES_MAX[which]);
  context.dispose();
});
