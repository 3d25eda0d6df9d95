// How slow this machine is, beside the reference machine of test/stages.json.

/** A fixed piece of work. @returns Processor milliseconds that it took here. */
function work() {
  const before = process.cpuUsage();
  let sum = 0;
  for (let i = 0; i < 100_000_000; i++) sum = (Math.imul(sum, 31) + i) | 0;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 + (sum === 1 ? 1 : 0);
}

/** @returns Processor milliseconds of the work, the median of five runs after one that warms the compiler up. */
export function measureSpeedMs() {
  work();
  return [1, 2, 3, 4, 5].map(work).sort((a, b) => a - b)[2];
}
