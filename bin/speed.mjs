// How slow this machine is, beside the reference machine of test/stages.json: the processor time of a fixed piece of work.
import { createHash } from "node:crypto";

/** @returns Processor milliseconds that the work took here. */
export function measureSpeedMs() {
  const before = process.cpuUsage();
  let sum = 0;
  for (let i = 0; i < 100_000_000; i++) sum = (Math.imul(sum, 31) + i) | 0;
  const hash = createHash("sha256").update(String(sum));
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < 64; i++) hash.update(block);
  hash.digest();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
