/** A unit made by the real line on a simulated station, for tests that want one. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { firstImages } from "#factory/images.ts";
import { type MadeUnit, makeUnit } from "#factory/line.ts";
import { openRegistry } from "#factory/registry.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signKeyset, signRelease } from "#trust/releases/sign-release.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { rootOfBytes } from "#wire/releases/blocks.ts";
import { COMPONENT, type Release } from "#wire/releases/release.ts";

const crypto = nodePrimitives;

function pair() {
  const seed = crypto.random(32);
  return { seed, publicKey: crypto.ed25519PublicKey(seed) };
}

interface TestMaker {
  readonly keys: MakerKeys;
  readonly release: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
  readonly timestamp: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
}

export function testMaker(product: string): TestMaker {
  const roots = [pair(), pair(), pair()] as const;
  const release = pair();
  const timestamp = pair();
  const keyset = {
    version: 1,
    product,
    releaseKeys: [release.publicKey],
    timestampKeys: [timestamp.publicKey],
    roots: undefined,
  };
  const keySet = signKeyset(crypto, [roots[0].seed, roots[1].seed], keyset);
  return {
    keys: {
      issuer: pair(),
      issuerKid: Uint8Array.of(1),
      time: pair(),
      roots: roots.map((root) => root.publicKey),
      keySet,
    },
    release,
    timestamp,
  };
}

export interface TestUnit {
  readonly config: FlashConfig;
  readonly maker: TestMaker;
  readonly station: SimStation;
  readonly made: MadeUnit;
  readonly flashPath: string;
}

/** Flash images of a script as release 1, for a maker's units. */
export function imagesOf(config: FlashConfig, maker: TestMaker, bundle: Uint8Array) {
  const root = rootOfBytes(crypto.sha256, bundle);
  const release: Release = {
    sequence: 1,
    product: config.product,
    hardware: [config.hardwareRevision],
    notAfterS: undefined,
    consent: "auto",
    epoch: 0,
    components: [
      {
        kind: COMPONENT.js,
        imageBytes: bundle.length,
        imageRoot: root,
        transfers: [{ streamBytes: bundle.length, root: root.slice(0, 16), base: undefined }],
      },
    ],
  };
  const signed = signRelease(crypto, maker.release.seed, release);
  return firstImages(
    readBoard(config.board).flash,
    { signed, sequence: 1, epoch: 0, bundle },
    new Map([
      [PROVISIONED.product, utf8(config.product)],
      [PROVISIONED.roots, encodeCbor(maker.keys.roots)],
      [PROVISIONED.keySet, maker.keys.keySet],
    ]),
  );
}

/** A configuration like the shipped one, with a folder of its own. */
export function testConfig(change: Partial<FlashConfig> = {}): FlashConfig {
  const output = mkdtempSync(join(tmpdir(), "latchkey-unit-"));
  return { ...readFlashConfig("flash.config.json"), output, ...change };
}

/** Makes one. @param radio HOST:PORT of an air; port 1 where none is wanted. @param base What is changed: a configuration like the shipped one when absent. */
export async function makeTestUnit(
  radio = "127.0.0.1:1",
  change: Partial<FlashConfig> = {},
  base: FlashConfig = testConfig(),
): Promise<TestUnit> {
  const config = { ...base, ...change };
  const maker = testMaker(config.product);
  const { bytes: bundle } = await buildBundle({ ...config, board: "sim" }, { release: "1", atS: 1_790_000_000 });
  const flashPath = join(config.output, "flash.bin");
  const station = openSimStation(readBoard("sim"), flashPath, radio);
  const registry = openRegistry(join(config.output, "registry.db"));
  try {
    const made = await makeUnit({
      config,
      keys: maker.keys,
      station,
      registry,
      crypto,
      images: imagesOf(config, maker, bundle),
      release: "1",
      nowS: 1_795_000_000,
      step: (_, work) => work(),
    });
    return { config, maker, station, made, flashPath };
  } finally {
    registry.close();
  }
}
