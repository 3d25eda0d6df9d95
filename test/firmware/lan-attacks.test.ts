/**
 * What anyone on the network may do to the native image, over real sockets and as frames on its wire: it stays up, and its
 * owner gets a session all the while. test/boards/sim/lan-attacks.test.ts does the same to the simulated board.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AttackedUnit, startAttackedUnit } from "../attacks/attacked-unit.ts";
import { attacksOn } from "../attacks/attacks.ts";
import { biteMs } from "../attacks/bite.ts";
import { describeOnNativeBoards } from "../tier.ts";

describeOnNativeBoards((board) => {
  let unit: AttackedUnit;
  beforeAll(async () => {
    unit = await startAttackedUnit(board);
  });
  afterAll(() => unit?.stop());

  for (const attack of attacksOn(board)) {
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
