/** What a board measures of itself: one line `bench NAME MILLISECONDS` on the console for each figure, then `bench end`. */
import { utf8 } from "#base/utf8.ts";
import type { Port } from "#device/port.ts";
import { leafOf } from "#wire/releases/blocks.ts";
import { sessionWork } from "./session-open.ts";

const BLOCK_BYTES = 4096;

/** @param scratch Address of erased flash for one block. */
export function measure(port: Port, scratch: number): void {
  const nowMs = () => port.clock.milliseconds();
  const say = (text: string) => port.console.write(utf8(`bench ${text}\n`));
  const took = (work: () => void) => {
    const from = nowMs();
    work();
    return nowMs() - from;
  };
  const seed = new Uint8Array(32).fill(1);
  const message = new Uint8Array(100).fill(2);
  const publicKey = port.crypto.ed25519PublicKey(seed);
  const signature = port.crypto.ed25519Sign(message, seed);
  say(`ed25519-verify ${took(() => port.crypto.ed25519VerifyRaw(message, signature, publicKey))}`);
  const work = sessionWork(port.crypto, nowMs);
  say(`session-open-2-cold ${work.sessionOpenMs()}`);
  say(`session-open-2 ${work.sessionOpenMs()}`);
  work.sealedCallMs();
  say(`sealed-call ${work.sealedCallMs()}`);
  const block = new Uint8Array(BLOCK_BYTES).map((_, i) => i);
  port.flash.eraseSector(scratch);
  leafOf(port.crypto.sha256, block);
  const blockMs = took(() => {
    leafOf(port.crypto.sha256, block);
    port.flash.write(scratch, block);
  });
  say(`block-4k ${blockMs}`);
  say("end");
}
