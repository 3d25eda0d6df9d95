/**
 * Simulates a home from one seed: a unit with its own machines, an air that loses frames, an owner's phone, a guest,
 * a maker whose cloud dies and whose releases are not all good, and power that fails inside flash operations. The
 * same seed gives the same trace; what must hold is checked all along.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { createHomeUnit } from "#boards/sim/host/home-unit.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { readFlashConfig } from "#factory/config.ts";
import { makeIdentity } from "#factory/identity.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { CLOUD } from "./home-cloud.ts";
import { createHomeMaker } from "./home-maker.ts";
import { createHomePeople, homeApp, type Ran } from "./home-people.ts";
import { createHomeWorld } from "./home-world.ts";

interface HomeReport {
  readonly seed: number;
  /** SHA-256 over the trace, first 16 hexadecimal digits. */
  readonly digest: string;
  readonly lines: readonly string[];
  readonly virtualMs: number;
  readonly powerCuts: number;
  /** What doesn't hold; empty when all is well. */
  readonly broken: readonly string[];
}

const START_S = 1_795_000_000;
const ROUNDS = 24;

export async function simulateHome(seed: number): Promise<HomeReport> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-home-"));
  try {
    return await simulate(seed, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function simulate(seed: number, folder: string): Promise<HomeReport> {
  const world = createHomeWorld(seed);
  const { random, around } = world;
  const { crypto } = around;
  const broken: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(`${world.nowMs().toFixed(0)} ms: ${what}`);
  };
  const ran: Ran = new Map();
  const app = homeApp(ran);
  const board = readBoard("sim");
  const config = { ...readFlashConfig("flash.config.json"), cloud: CLOUD };
  const maker = await createHomeMaker(world, config, board.flash, folder, START_S);
  const unit = createHomeUnit(board, app, around, maker.behaviourOf);
  world.settle(unit, maker.cloud.accept);

  const pair = () => {
    const seedBytes = crypto.random(32);
    return { seed: seedBytes, publicKey: crypto.ed25519PublicKey(seedBytes) };
  };
  const device = pair();
  const keys = {
    issuer: pair(),
    issuerKid: Uint8Array.of(1),
    time: pair(),
    roots: maker.keys.roots,
    keySet: maker.keys.signedKeyset,
  };
  const identity = makeIdentity(crypto, config, keys, device.publicKey, START_S);
  unit.flash(
    maker.firstImages(
      new Map([
        [PROVISIONED.product, utf8(config.product)],
        [PROVISIONED.roots, encodeCbor(keys.roots)],
        [PROVISIONED.keySet, keys.keySet],
      ]),
    ),
  );
  unit.provision(new Map([...identity.values, [OWN.key, device.seed], [OWN.provisioned, Uint8Array.of(0x80)]]));
  const people = createHomePeople(world, identity, START_S, ran, must);
  const { ownerCalls, share, guestCalls } = people;
  let powerCuts = 0;

  async function powerFails(): Promise<void> {
    powerCuts++;
    unit.off();
    await world.wait(100 + random.below(5000));
    unit.on();
    await world.wait(2000);
  }

  /** Power comes back, and fails again in one of the next flash operations. */
  async function powerFailsWithin(operations: number, acts: readonly (() => Promise<void>)[]): Promise<void> {
    unit.off();
    unit.on(random.below(operations));
    await world.wait(3000);
    for (const act of acts) await act();
    if (unit.isOn) return;
    powerCuts++;
    unit.on();
    await world.wait(2000);
  }
  const powerFailsInside = () => powerFailsWithin(6, [ownerCalls, share]);
  const powerFailsInUpdate = () => powerFailsWithin(40, [maker.publishSome, () => world.wait(30_000)]);

  /** What must hold at any time. */
  function check(): void {
    must(toHex(unit.remembers(OWN.key) ?? new Uint8Array(0)) === toHex(device.seed), "the unit keeps its identity");
    must(unit.sequence !== undefined, "an image verifies, whatever the power did");
    for (const { sequence, behaviour, state } of maker.releases()) {
      if (state === "confirmed")
        must(behaviour === "works", `release ${sequence}, which ${behaviour}, is not confirmed`);
      if (state === "rejected")
        must(behaviour === "crashes", `release ${sequence}, which ${behaviour}, is not rejected`);
    }
  }
  /** Everything goes well from now on: the last release that works runs in the end, and the cloud knows. */
  async function settleDown(): Promise<void> {
    if (!unit.isOn) unit.on();
    await maker.mend();
    const last = maker.releases().length;
    // The longest back-off is six hours, plus up to half of it as jitter.
    for (let hour = 0; hour < 12 && unit.sequence !== last; hour++) await world.wait(3_600_000);
    await world.wait(600_000);
    must(unit.sequence === last, `release ${last} runs in the end, not ${unit.sequence}`);
    const counted = maker.device()?.sequence;
    must(counted === unit.sequence, `the cloud counts release ${counted} where ${unit.sequence} runs`);
  }

  async function live(): Promise<void> {
    await maker.enrol(toHex(identity.id), device.publicKey);
    unit.on();
    await world.wait(500);
    await people.unbox();
    await ownerCalls();
    const acts = [
      ownerCalls,
      ownerCalls,
      share,
      guestCalls,
      powerFails,
      powerFailsInside,
      maker.publishSome,
      powerFailsInUpdate,
      maker.haltNewest,
      maker.outage,
    ];
    for (let round = 0; round < ROUNDS; round++) {
      // Time goes by in jumps, past every time-out of a session and of a provisional join.
      await world.wait(random.below(4) === 0 ? random.below(1_500_000) : 15_000 + random.below(20_000));
      await (acts[random.below(acts.length)] as () => Promise<void>)();
      check();
    }
    unit.off();
    unit.on();
    await world.wait(30_000);
    await settleDown();
    check();
    await ownerCalls();
    await guestCalls();
  }

  await world.play(live());
  const digest = createHash("sha256").update(world.lines.join("\n")).digest("hex").slice(0, 16);
  return {
    seed,
    digest,
    lines: world.lines,
    virtualMs: world.nowMs(),
    powerCuts,
    broken: [...broken, ...maker.broken],
  };
}
