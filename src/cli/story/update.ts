/** Chapter 4: signed releases reach the unit over MQTT; power fails, an image crashes, a bit is flipped. */
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { withFaultNames } from "#base/faults.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { enrolmentOf } from "#cli/factory/enrolment.ts";
import { startReady } from "#cli/program.ts";
import { type OperatorClient, operatorClient } from "#cloud/http/operator-client.ts";
import { buildBundle, buildScript, bundleEntry } from "#factory/bundle/bundle.ts";
import { openRegistry } from "#factory/registry.ts";
import { encodeReleaseFile, type ReleaseFile, readReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { makeRelease } from "./factory.ts";
import { crashingNative, nativeImage, nextNative } from "./native.ts";
import { latchkeyOk, StoryError, type UnitWorld } from "./world.ts";

/** Flash operations after which the power fails in the story: some blocks are written then, most are not. */
const CUT = "60:half";
/** An emulated unit takes an update in a quarter of a minute; on a busy machine in many times that. */
const WAIT_MS = 600_000;

/** Looks until something holds. Throws StoryError naming it when it doesn't within ten minutes. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > endMs) throw new StoryError(`waited ten minutes for this in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Cloud {
  readonly child: Child;
  readonly operator: OperatorClient;
}

async function startCloud({ config }: UnitWorld): Promise<Cloud> {
  const { mqttPort, httpPort, broker } = config.cloud as NonNullable<typeof config.cloud>;
  const data = join(config.output, "cloud");
  const { child } = await startReady("src/cli/main.ts", [
    ...["cloud", "--data", data, "--keys", config.keys, "--name", broker],
    ...["--mqtt-port", String(mqttPort), "--http-port", String(httpPort)],
  ]);
  return { child, operator: operatorClient({ data }) };
}

/** Tells the cloud of the unit, as `factory list` and `rollout enrol` do. */
async function enrol({ config, unit }: UnitWorld, { operator }: Cloud): Promise<void> {
  const registry = openRegistry(join(config.output, "registry.db"));
  const row = registry.find(toHex(unit.id));
  registry.close();
  if (row === undefined) throw new StoryError("the registry has lost the unit");
  await operator.post("/v1/devices", [enrolmentOf(row)]);
}

/** Publishes a release and brings it to every unit at once. */
async function publish(cloud: Cloud, release: { readonly path: string; readonly file: ReleaseFile }): Promise<void> {
  const { product, sequence } = release.file.release;
  await cloud.operator.post("/v1/releases", encodeReleaseFile(readReleaseFile(release.path)));
  await cloud.operator.post("/v1/rollouts", {
    product,
    sequence,
    limits: {},
    waves: [{ name: "100 %", share: 10_000 }],
  });
}

/** What the cloud knows of the unit's attempt at a release, once it has come to one of these ends. */
async function ended(
  world: UnitWorld,
  cloud: Cloud,
  sequence: number,
  ...ends: readonly string[]
): Promise<{ readonly state: string; readonly fault: string } | undefined> {
  const device = await cloud.operator.get<{ attempts: { sequence: number; state: string; fault: string }[] }>(
    `/v1/devices/${toHex(world.unit.id)}`,
  );
  return device.attempts.find((attempt) => attempt.sequence === sequence && ends.includes(attempt.state));
}

export async function update(world: UnitWorld): Promise<void> {
  const { tell, config, board, station } = world;
  const sequence = world.sequence + 1;
  const native = await nativeImage(board, config);
  tell.chapter("4  Update: signed, in blocks, over MQTT");
  let cloud = await tell.step("cloud: broker, blocks, rollouts", () => startCloud(world));
  const nowS = Math.floor(Date.now() / 1000);
  try {
    await enrol(world, cloud);
    const first = readReleaseFile(join(config.output, "releases", `${config.product}-${world.sequence}.release`));
    const both = await tell.step(
      `release ${sequence}, signed and published`,
      async () => {
        const bundle = await buildBundle({ ...config, board: board.name }, { release: String(sequence), atS: nowS });
        // Where there is a native image both change, and one record of the journal switches both.
        const images = { native: native && nextNative(native, sequence), js: bundle };
        const release = makeRelease(config, sequence, images, [first]);
        await station.power(true, CUT);
        await publish(cloud, release);
        return release;
      },
      ({ file }) => `${file.signed?.length} bytes of manifest`,
    );
    const cut = station.unit();
    await tell.step(
      "unit fetches, and loses power",
      async () => until("the power cut", async () => ((await exitOf(cut)) === 80 ? true : undefined)),
      () => `at flash operation ${CUT.split(":")[0]}${board.name === "sim" ? ", torn" : ""}`,
    );
    await station.power(true);
    await tell.step(
      "unit resumes, tries it, confirms",
      async () => {
        const slots = startsOf(station.unit());
        await until(`release ${sequence} confirmed`, () => ended(world, cloud, sequence, "confirmed"));
        return slots.at(-1) ?? "";
      },
      (slots) => slots,
    );
    await callFromAfar(world);
    const bundle = await buildScript(
      bundleEntry(
        { ...config, board: board.name },
        { release: String(sequence + 1), atS: nowS },
        '{ ...app, start() { throw new Error("a mistake"); } }',
      ),
    );
    await crash(world, cloud, makeRelease(config, sequence + 1, { js: bundle }));
    if (native === undefined) cloud = await flippedBit(world, cloud, sequence + 2, nowS);
    else {
      const broken = { native: crashingNative(board, native) };
      await crash(world, cloud, makeRelease(config, sequence + 2, broken, [both.file]));
      cloud = await flippedBit(world, cloud, sequence + 3, nowS);
    }
  } finally {
    await cloud.child.stop();
  }
}

/** The owner's phone is on no network of the unit's: it shows the cloud the owner's grant, and the cloud carries what it can't read. */
async function callFromAfar({ tell, unit, phoneMemory }: UnitWorld): Promise<void> {
  const asOwner = ["--json", "--memory", phoneMemory, "--label", unit.labelPng, "--card", unit.cardPng];
  await tell.step("owner switches it on, by relay", () =>
    latchkeyOk("phone", "call", "setLamp", "on=true", "--remote", ...asOwner),
  );
}

/** The exit code of a process that has ended, or undefined. */
async function exitOf(child: Child | undefined): Promise<number | null | undefined> {
  return Promise.race([child?.exited, new Promise<undefined>((resolve) => setTimeout(resolve, 50, undefined))]);
}

/** From now on, the slots of each start of a board with native images, as its boot stage told them. */
function startsOf(unit: Child | undefined): readonly string[] {
  const starts: string[] = [];
  unit?.onNotice(({ native, boot }) => void (native && starts.push(`native slot ${native}, bundle slot ${boot}`)));
  return starts;
}

/** A release that crashes at start: tried three times, rolled back, never fetched again. */
async function crash(
  world: UnitWorld,
  cloud: Cloud,
  release: { readonly path: string; readonly file: ReleaseFile },
): Promise<void> {
  const { sequence, components } = release.file.release;
  const isNative = components.some(({ kind }) => kind === COMPONENT.native);
  const slots = startsOf(world.station.unit());
  await world.tell.step(
    `release ${sequence} ${isNative ? "is native and crashes" : "crashes at start"}`,
    async () => {
      await publish(cloud, release);
      const end = await until(`release ${sequence} rejected`, () => ended(world, cloud, sequence, "rejected"));
      const isBack = new Set(slots).size === 2 && slots.at(-1) !== slots[0];
      if (slots.length > 0 && !isBack) throw new StoryError(`the unit did not go back: ${slots.join("; ")}`);
      return end;
    },
    ({ fault }) => `tried three times, ${fault}; never again`,
  );
}

/** A release that differs by one bit from what was signed: whoever holds the cloud's store changed it there. */
async function flippedBit(world: UnitWorld, before: Cloud, sequence: number, nowS: number): Promise<Cloud> {
  const { tell, config, board, station } = world;
  await station.power(false);
  const bundle = await buildBundle({ ...config, board: board.name }, { release: String(sequence), atS: nowS });
  await publish(before, makeRelease(config, sequence, { js: bundle }));
  await before.child.stop();
  const flip = startProgram("src/cli/story/flip-bit.ts", [join(config.output, "cloud", "cloud.db"), String(sequence)]);
  if ((await flip.exited) !== 0) throw new StoryError(`the store can't be changed: ${flip.errors()}`);
  const cloud = await startCloud(world);
  await tell.step(
    `release ${sequence} has one flipped bit`,
    async () => {
      await station.power(true);
      // The unit won't say what it refused: it doesn't believe a word of it, its number included.
      let said: string | undefined;
      station.unit()?.onLine((line) => {
        said ??= /offer refused: (\w+)/.exec(withFaultNames(line))?.[1];
      });
      return until(`release ${sequence} refused`, async () => said);
    },
    (fault) => `refused by the unit: ${fault}`,
  );
  return cloud;
}
