/**
 * The maker in the simulated home: signs releases that work, crash or fall silent, rolls them out over the maker's
 * cloud, halts them, and watches that no block of a halted or rejected release leaves.
 */
import { join } from "node:path";
import type { Behaviour } from "#boards/sim/host/home-unit.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet, RELEASE_KEY_FILE } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { WAVES } from "#cloud/rollout/rollout-plan.ts";
import type { FlashConfig } from "#factory/config.ts";
import { type FlashMap, firstImages } from "#factory/images.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nameOf, type ReleaseFile } from "#trust/host/release-file.ts";
import { decodeBlockResponse, tagOf } from "#wire/releases/blocks.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { createHomeCloud, type HomeCloud } from "./home-cloud.ts";
import type { HomeWorld } from "./home-world.ts";

const IMAGE_BYTES = 14_000;
/** Earlier images that a patch is made over. */
const BASES = 2;
const OUTAGE_MS = 400_000;

interface Published {
  readonly sequence: number;
  readonly behaviour: Behaviour;
  isHalted: boolean;
}

/**
 * @param folder Where keys and the cloud's store lie; the caller's to remove.
 * @param startS The world's first moment, Unix seconds.
 */
export async function createHomeMaker(
  world: HomeWorld,
  config: FlashConfig,
  flash: FlashMap,
  folder: string,
  startS: number,
) {
  const { random, around } = world;
  const { trace } = around;
  const nowMs = () => startS * 1000 + world.nowMs();
  const keysFolder = join(folder, "keys");
  const keys = newKeySet(keysFolder, config.product);
  const releaseSeed = readKeyFile(join(keysFolder, RELEASE_KEY_FILE), "release").seed;
  const files: ReleaseFile[] = [];
  const releases: Published[] = [];
  /** Which release a transfer belongs to, by the transfer's tag. */
  const carried = new Map<number, Published>();
  const broken: string[] = [];
  let deviceId = "";
  const device = () => cloud.core?.fleet.get(deviceId);

  const cloud: HomeCloud = createHomeCloud({
    ...{ folder, timestampSigner: createTimestampSigner([keysFolder]), nowMs, after: around.after, hold: world.hold },
    randomFraction: () => random.next(),
    sentBlock(payload) {
      const block = decodeBlockResponse(payload);
      const release = block.ok && block.value.kind !== "refused" ? carried.get(block.value.tag) : undefined;
      if (release === undefined) return;
      if (release.isHalted) broken.push(`a block of release ${release.sequence} left after it was halted`);
      if (device()?.attempts.get(release.sequence) === "rejected")
        broken.push(`a block of release ${release.sequence} left after the unit had rejected it`);
    },
  });
  await cloud.open();

  /** The next image: the last one with a few edits, and what it does in its first line. */
  let body = letters(IMAGE_BYTES);
  function letters(count: number): string {
    return Array.from(random.bytes(count), (byte) => String.fromCharCode(97 + (byte % 26))).join("");
  }
  function imageThat(behaviour: Behaviour): Uint8Array {
    for (let edit = 0; edit < 4; edit++) {
      const at = random.below(body.length);
      body = body.slice(0, at) + letters(random.below(60)) + body.slice(at + random.below(60));
    }
    return new TextEncoder().encode(`${behaviour}\n${body}`);
  }
  function sign(behaviour: Behaviour): ReleaseFile {
    const sequence = releases.length + 1;
    const file = buildRelease({
      ...{ product: config.product, sequence, hardware: [config.hardwareRevision], consent: "auto", epoch: 0 },
      ...{ notAfterS: undefined, bases: files.slice(-BASES) },
      images: new Map([[COMPONENT.js, imageThat(behaviour)]]),
    });
    const signed = signReleaseFile(file, releaseSeed);
    files.push(signed);
    const release = { sequence, behaviour, isHalted: false };
    releases.push(release);
    for (const stream of signed.streams) carried.set(tagOf(nameOf(stream)), release);
    return signed;
  }
  async function publish(behaviour: Behaviour): Promise<void> {
    if (cloud.core === undefined) return;
    const { sequence } = releases.at(-1) as Published;
    const { product } = config;
    const file = sign(behaviour);
    await cloud.core.releases.publish(file.signed as Uint8Array, file.streams, keys.keyset, config, nowMs());
    const waves = WAVES.slice(-1);
    const made = await cloud.core.rollouts.create({ product, sequence: sequence + 1, waves }, nowMs());
    if (typeof made === "string") throw new Error(made);
    await cloud.core.deviceMessages.offerAgain(new Set([product]));
    trace(`maker rolls out release ${sequence + 1}`);
  }
  async function halt(release: Published): Promise<void> {
    const rollout = cloud.core?.rollouts.all().find((each) => each.sequence === release.sequence);
    if (cloud.core === undefined || rollout === undefined || release.isHalted) return;
    await cloud.core.rollouts.change(rollout.id, "halted", "the maker thought again", nowMs());
    release.isHalted = true;
    await cloud.core.deviceMessages.offerAgain(new Set([config.product]));
    trace(`maker halts release ${release.sequence}`);
  }

  const first = sign("works");
  return {
    keys,
    cloud,
    device,
    /** Every release, and how the unit fared with it as the cloud knows. */
    releases: () => releases.map((each) => ({ ...each, state: device()?.attempts.get(each.sequence) })),
    broken: broken as readonly string[],
    firstImages: (settings: ReadonlyMap<string, Uint8Array>) =>
      firstImages(
        flash,
        {
          ...{ signed: first.signed as Uint8Array, sequence: 1, epoch: 0 },
          bundle: first.images.get(COMPONENT.js) as Uint8Array,
        },
        settings,
      ),
    behaviourOf: (source: string) => source.slice(0, source.indexOf("\n")) as Behaviour,
    async enrol(id: string, publicKey: Uint8Array): Promise<void> {
      const { product, fleet, hardwareRevision: hardware } = config;
      deviceId = id;
      cloud.core?.fleet.enrol({ id, publicKey, product, fleet, hardware });
      await cloud.core?.queue.commit();
    },
    publish,
    publishSome: () => publish((["works", "works", "works", "crashes", "mute"] as const)[random.below(5)] as Behaviour),
    haltNewest: () => halt(releases.at(-1) as Published),
    /** The cloud dies, and comes back later. */
    async outage(): Promise<void> {
      cloud.kill();
      trace("the cloud dies");
      await world.wait(random.below(OUTAGE_MS));
      await cloud.open();
      trace("the cloud is back");
    },
    /** Withdraws every bad release and offers a last release that works. */
    async mend(): Promise<void> {
      for (const release of releases) if (release.behaviour !== "works") await halt(release);
      await publish("works");
    },
  };
}
