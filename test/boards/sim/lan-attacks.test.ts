/**
 * What anyone on the network may do to the simulated board, over real sockets: it stays up, and its owner gets a session
 * all the while. test/firmware/lan-attacks.test.ts does the same to emulated boards.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackedUnit, startAttackedUnit } from "../../attacks/attacked-unit.ts";
import { attacksOn } from "../../attacks/attacks.ts";
import { biteMs } from "../../attacks/bite.ts";
import { survives } from "../../attacks/survives.ts";
import { startAedes, startNonceServer } from "../../device/link/peers.ts";

describe("the simulated board", () => {
  let unit: AttackedUnit;
  beforeAll(async () => {
    unit = await startAttackedUnit("sim");
  });
  afterAll(() => unit?.stop());

  for (const attack of attacksOn("sim")) {
    test(`opens a session for its owner during ${attack.name}, and does not restart`, () => survives(unit, attack));
  }
});

test("the unit's own link comes up while others hold every connection that it lets them have", async () => {
  const nonces = await startNonceServer({});
  const broker = await startAedes(nonces);
  nonces.refuseWith = { status: 503, retryAfterS: 1 };
  const unit = await startAttackedUnit("sim", { mqttPort: broker.port, httpPort: nonces.port });
  const attacks = attacksOn("sim").filter(({ name }) => name === "eight silent connections");
  const attackers = attacks.map((attack) => attack.start(unit));
  try {
    await biteMs(1_000);
    const isUp = unit.board.next(/link: up/);
    nonces.refuseWith = undefined;
    await isUp;
    expect(unit.restarts()).toEqual([]);
  } finally {
    for (const attacker of attackers) attacker.stop();
    await unit.stop();
    await broker.stop();
    await nonces.stop();
  }
});
