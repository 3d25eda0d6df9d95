/** Runs a simulated fleet and the cloud's core in one process, and checks the invariants afterwards. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type FleetCloud,
  type FleetMember,
  type FleetOutcome,
  type FleetWorldPort,
  runFleet,
} from "#boards/sim/host/fleet.ts";
import { rememberingOpen } from "#boards/sim/host/fleet-unit.ts";
import { seededFractions } from "#boards/sim/host/seeded-fractions.ts";
import { type Core, openCore } from "#cloud/core.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { LIMITS, type Limits, type Tally } from "#cloud/rollout/rollout-plan.ts";
import { openStore } from "#cloud/store/store.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { COMPONENT } from "#wire/releases/release.ts";

interface FleetSimulation {
  readonly units: number;
  readonly seed: number;
  readonly imageBytes?: number;
  readonly crashing?: number;
  readonly silent?: number;
  readonly broken?: number;
  readonly powerCuts?: number;
  readonly partition?: boolean;
  readonly killsAtMs?: readonly number[];
  readonly limits?: Partial<Limits>;
  /** Halt the rollout when so many units are done, and resume it after ten virtual seconds. */
  readonly haltAt?: number;
  /** Virtual time after which the run ends, come what may. */
  readonly endMs?: number;
  progress?(line: string): void;
}

interface FleetReport extends Omit<FleetOutcome, "units"> {
  readonly realMs: number;
  readonly rollout: string;
  readonly state: string;
  readonly because: string;
  readonly tally: Tally;
  /** What the units themselves are in. */
  readonly truth: {
    readonly updated: number;
    readonly old: number;
    readonly rejected: number;
    readonly silent: number;
  };
  readonly blocksAfterHalt: number;
  /** What doesn't hold; empty when all is well. */
  readonly broken: readonly string[];
}

const PRODUCT = "lamp";
const IMAGE_BYTES = 12_000;
const END_MS = 1_800_000;
/** A unit may be without power for twenty seconds, or cut off for a minute, with something to say. */
const QUIET_MS = 90_000;

export async function simulateFleet(options: FleetSimulation): Promise<FleetReport> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-fleet-"));
  try {
    return await simulate(options, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function simulate(options: FleetSimulation, folder: string): Promise<FleetReport> {
  const { units: count, seed } = options;
  const startedMs = performance.now();
  const keysFolder = join(folder, "keys");
  const keys = newKeySet(keysFolder, PRODUCT);
  const timestampSigner = createTimestampSigner([keysFolder]);
  const fraction = seededFractions(seed);
  const image = new Uint8Array(options.imageBytes ?? IMAGE_BYTES).map(() => fraction() * 256);
  const plan = {
    ...{
      product: PRODUCT,
      sequence: 1,
      hardware: [1],
      consent: "auto" as const,
      epoch: 0,
      notAfterS: undefined,
      bases: [],
    },
    images: new Map<number, Uint8Array>([[COMPONENT.js, image]]),
  };
  const file = signReleaseFile(buildRelease(plan), readKeyFile(join(keysFolder, "release.key"), "release").seed);

  // No link is proved here, so a key is any 32 bytes; the ID is its hash as everywhere.
  const members = Array.from({ length: count }, (_, number) => {
    const publicKey = Uint8Array.from(createHash("sha256").update(`${seed} ${number}`).digest());
    const id = createHash("sha512").update(publicKey).digest("hex").slice(0, 24);
    return { id, fleet: "fleet", publicKey };
  });
  let core: Core | undefined;
  let lives = 0;
  let sentBlocks = 0;
  let haltedMs: number | undefined;
  let blocksAfterHalt = 0;
  const openCloud = async (world: FleetWorldPort): Promise<FleetCloud> => {
    let isDead = false;
    const store = await openStore(join(folder, `cloud-${lives}.db`), "kill");
    const own = await openCore({
      ...{ store, timestampSigner, nowMs: world.nowMs, steadyMs: world.nowMs, randomFraction: world.randomFraction },
      send(to, name, payload) {
        if (isDead) return Promise.resolve(false);
        if (name === "block" && payload.length > 8) {
          sentBlocks++;
          if (haltedMs !== undefined) blocksAfterHalt++;
        }
        return world.send(to, name, payload);
      },
      onFatal: () => undefined,
    });
    core = own;
    if (own.fleet.size === 0) {
      for (const { id, fleet, publicKey } of members)
        own.fleet.enrol({ id, fleet, publicKey, product: PRODUCT, hardware: 1 });
      const signed = file.signed as Uint8Array;
      await own.releases.publish(signed, file.streams, keys.keyset, { cards: "noFlash" }, world.nowMs());
      const failures = Math.max(LIMITS.failures, Math.ceil(count / 20));
      const limits = { ...LIMITS, failures, soakMs: 10_000, silenceMs: 120_000, ...options.limits };
      const made = await own.rollouts.create({ product: PRODUCT, sequence: 1, limits }, world.nowMs());
      if (typeof made === "string") throw new Error(made);
    }
    return {
      message: (from, name, payload) => own.deviceMessages.message(from, name, payload),
      online: (from) => own.deviceMessages.online(from),
      offline: (from) => own.deviceMessages.offline(from),
      async tick() {
        await own.deviceMessages.offerAgain(await own.rollouts.tick(world.nowMs()));
      },
      kill() {
        isDead = true;
        // The next life begins with what is on the disk at this moment, log included, as after a real kill -9.
        for (const end of ["", "-wal"]) {
          copyFileSync(join(folder, `cloud-${lives}.db${end}`), join(folder, `cloud-${lives + 1}.db${end}`));
        }
        lives++;
        return Promise.resolve();
      },
    };
  };

  const rolloutOf = () => {
    const rollout = core?.rollouts.all()[0];
    if (core === undefined || rollout === undefined) throw new Error("no rollout");
    return { core, rollout };
  };
  const tallyNow = () => rolloutOf().core.rollouts.tally(rolloutOf().rollout);
  let quietMs = 0;
  let wasHalted = false;
  const outcome = await runFleet({
    seed,
    members: members.map(({ id, fleet }): FleetMember => ({ id, fleet })),
    unit: { crypto: nodePrimitives, product: PRODUCT, hardware: 1, keyset: keys.keyset, open: rememberingOpen() },
    crashing: options.crashing ?? 0.002,
    silent: options.silent ?? 0.001,
    broken: options.broken ?? 0.005,
    repeated: 0.002,
    powerCuts: options.powerCuts ?? 0.1,
    partition: options.partition ?? true,
    killsAtMs: options.killsAtMs ?? [],
    arrivalMs: 10_000,
    endMs: options.endMs ?? END_MS,
    openCloud,
    async onSecond(nowMs, units) {
      const { core: cloud, rollout } = rolloutOf();
      const atMs = 1_798_761_600_000 + nowMs;
      if (nowMs % 10_000 === 0 || count <= 1_000) {
        const tally = tallyNow();
        const done = tally.confirmed + tally.rejected + tally.refused;
        if (options.haltAt !== undefined && !wasHalted && done >= options.haltAt && rollout.state === "running") {
          await cloud.rollouts.change(rollout.id, "halted", "the simulation asked for it", atMs);
          await cloud.deviceMessages.offerAgain(new Set([PRODUCT]));
          wasHalted = true;
          haltedMs = atMs;
        }
        if (nowMs % 10_000 === 0) {
          options.progress?.(`${nowMs / 1_000} s  wave ${rollout.waves[rollout.wave]?.name}  ${done} of ${count} done`);
        }
        const isStill =
          rollout.state === "running"
            ? rollout.wave === rollout.waves.length - 1 &&
              units.every(({ truth: { sequence, stage, isGone } }) => sequence === 1 || stage === "rejected" || isGone)
            : haltedMs === undefined;
        quietMs = isStill ? quietMs + (count <= 1_000 ? 1_000 : 10_000) : 0;
      }
      if (haltedMs !== undefined && rollout.state === "halted" && atMs >= haltedMs + 10_000) {
        haltedMs = undefined;
        await cloud.rollouts.change(rollout.id, "running", "the simulation went on", atMs);
        await cloud.deviceMessages.offerAgain(new Set([PRODUCT]));
      }
      // What units said last may still be under way.
      return quietMs >= QUIET_MS;
    },
  });
  const { core: cloud, rollout } = rolloutOf();
  const tally = tallyNow();
  const truths = outcome.units.map((unit) => unit.truth);
  const countOf = (holds: (truth: (typeof truths)[number]) => boolean) => truths.filter(holds).length;
  const truth = {
    updated: countOf(({ sequence }) => sequence === 1),
    old: countOf(({ sequence, stage, isGone }) => sequence === 0 && stage !== "rejected" && !isGone),
    rejected: countOf(({ stage }) => stage === "rejected"),
    silent: countOf(({ isGone }) => isGone),
  };
  const broken: string[] = [];
  const mustEqual = (what: string, counted: number, real: number) => {
    if (counted !== real) broken.push(`${what}: the cloud counts ${counted}, the units are ${real}`);
  };
  mustEqual("confirmed", tally.confirmed, truth.updated);
  mustEqual("rejected", tally.rejected, truth.rejected);
  const running = [...cloud.fleet.all()].filter((device) => device.sequence === 1).length;
  mustEqual("devices at release 1", running, truth.updated);
  if (blocksAfterHalt > 0) broken.push(`${blocksAfterHalt} blocks were sent after the halt was acknowledged`);
  if (rollout.state === "running" && truth.old > 0)
    broken.push(`${truth.old} units are neither updated nor rejected nor silent`);
  if (sentBlocks === 0) broken.push("no block was sent");
  await cloud.store.close();
  const { units: _, ...figures } = outcome;
  const realMs = Math.round(performance.now() - startedMs);
  return {
    ...figures,
    realMs,
    rollout: rollout.id,
    state: rollout.state,
    because: rollout.because,
    tally,
    truth,
    blocksAfterHalt,
    broken,
  };
}
