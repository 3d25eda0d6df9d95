/** A board under attack stays up, and its owner gets a session all the while. */
import { expect } from "vitest";
import type { Attack } from "./attack.ts";
import type { AttackedUnit } from "./attacked-unit.ts";
import { biteMs } from "./bite.ts";

export async function survives(unit: AttackedUnit, attack: Attack): Promise<void> {
  const before = unit.restarts().length;
  const attacker = attack.start(unit);
  try {
    await biteMs();
    await unit.sessionMs();
    await unit.sessionMs();
  } finally {
    attacker.stop();
  }
  expect(attacker.sent()).toBeGreaterThan(0);
  expect(unit.restarts().slice(before)).toEqual([]);
}
