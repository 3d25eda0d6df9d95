/**
 * What anyone on the network may do to the simulated board, over real sockets: it stays up, and its owner gets a session
 * all the while. test/firmware/lan-attacks.test.ts does the same to emulated boards.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackedUnit, startAttackedUnit } from "../../attacks/attacked-unit.ts";
import { attacksOn } from "../../attacks/attacks.ts";
import { biteMs } from "../../attacks/bite.ts";

describe("the simulated board", () => {
  let unit: AttackedUnit;
  beforeAll(async () => {
    unit = await startAttackedUnit("sim");
  });
  afterAll(() => unit?.stop());

  for (const attack of attacksOn("sim")) {
    test(`opens a session for its owner during ${attack.name}, and does not restart`, async () => {
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
    });
  }
});
