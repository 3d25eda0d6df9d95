/**
 * What anyone on the network may do to the native image, over real sockets and as frames on its wire: it stays up, and its
 * owner gets a session all the while. test/boards/sim/lan-attacks.test.ts does the same to the simulated board.
 */
import { afterAll, beforeAll, test } from "vitest";
import { type AttackedUnit, startAttackedUnit } from "../attacks/attacked-unit.ts";
import { attacksOn } from "../attacks/attacks.ts";
import { survives } from "../attacks/survives.ts";
import { describeOnNativeBoards } from "../tier.ts";

describeOnNativeBoards((board) => {
  let unit: AttackedUnit;
  beforeAll(async () => {
    unit = await startAttackedUnit(board);
  });
  afterAll(() => unit?.stop());

  for (const attack of attacksOn(board)) {
    test(`opens a session for its owner during ${attack.name}, and does not restart`, () => survives(unit, attack));
  }
});
