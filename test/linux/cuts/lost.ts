/** What a unit must still have after its power was cut: what it had before, and what it had acknowledged since. */
import type { Memory } from "./memory.ts";

/** What was told to somebody before the cut, and so must be there afterwards. */
export interface Acknowledged {
  network?: string;
  airCounter: number;
  revocationFloor: number;
  fetchFloor: number;
  sequence: number;
}

/** @param networks Names of those that it may know. @returns A line for each thing that is lost. */
export function lostBetween(before: Memory, told: Acknowledged, after: Memory, networks: readonly string[]): string[] {
  const lost: string[] = [];
  const same = Object.entries(before.identity).filter(([name, value]) => after.identity[name] !== value);
  for (const [name] of same) lost.push(`${name} is not what it was`);
  if (!networks.includes(after.network)) lost.push(`the network is "${after.network}"`);
  if (told.network !== undefined && after.network !== told.network) lost.push("the acknowledged network is gone");
  if (before.isClaimed && !after.isClaimed) lost.push("it forgot that it has an owner");
  for (const name of ["airCounter", "revocationFloor", "fetchFloor", "sequence"] as const) {
    const least = Math.max(before[name], told[name]);
    if (!(after[name] >= least)) lost.push(`${name} fell from ${least} to ${after[name]}`);
  }
  return lost;
}
