/** A unit of the Linux board, made by the real line, its release with bundle and program. */
import { join } from "node:path";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { type Bundle, buildBundle } from "#factory/bundle/bundle.ts";
import type { FlashConfig } from "#factory/config.ts";
import { firstImages } from "#factory/images.ts";
import { type MadeUnit, makeUnit } from "#factory/line.ts";
import { openRegistry } from "#factory/registry.ts";
import { buildRuntime } from "#firmware/image.ts";
import { readBytes } from "#trust/host/files.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { signRelease } from "#trust/releases/sign-release.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { rootOfBytes } from "#wire/releases/blocks.ts";
import { COMPONENT, type Component } from "#wire/releases/release.ts";
import { testConfig, testMaker } from "../boards/sim/made-unit.ts";

export interface LinuxUnit {
  readonly config: FlashConfig;
  readonly maker: ReturnType<typeof testMaker>;
  readonly made: MadeUnit;
  readonly station: SimStation;
  readonly flashPath: string;
}

function componentOf(kind: number, image: Uint8Array): Component {
  const imageRoot = rootOfBytes(crypto.sha256, image);
  const whole = { streamBytes: image.length, root: imageRoot.slice(0, 16), base: undefined };
  return { kind, imageBytes: image.length, imageRoot, transfers: [whole] };
}

const shippedBundle = (config: FlashConfig) => buildBundle(config, { release: "1", atS: 1_790_000_000 });

/** Makes one and leaves it switched off. @param bundleOf What it runs. @param program Another one than the board's. */
export async function makeLinuxUnit(
  change: Partial<FlashConfig> = {},
  bundleOf: (config: FlashConfig) => Promise<Pick<Bundle, "bytes">> = shippedBundle,
  program?: string,
): Promise<LinuxUnit> {
  const config = testConfig({ ...change, board: "linux" });
  const board = readBoard("linux");
  const maker = testMaker(config.product);
  const { bytes: bundle } = await bundleOf(config);
  const native = readBytes(program ?? (await buildRuntime("linux")).binary);
  const signed = signRelease(crypto, maker.release.seed, {
    ...{ sequence: 1, product: config.product, hardware: [config.hardwareRevision], notAfterS: undefined },
    ...{ consent: "auto", epoch: 0 },
    components: [componentOf(COMPONENT.native, native), componentOf(COMPONENT.js, bundle)],
  });
  const images = firstImages(
    board.flash,
    { signed, sequence: 1, epoch: 0, bundle, native },
    new Map([
      [PROVISIONED.product, utf8(config.product)],
      [PROVISIONED.roots, encodeCbor(maker.keys.roots)],
      [PROVISIONED.keySet, maker.keys.keySet],
    ]),
  );
  const flashPath = join(config.output, "flash.bin");
  const station = openSimStation(board, flashPath, "127.0.0.1:1");
  const registry = openRegistry(join(config.output, "registry.db"));
  try {
    const made = await makeUnit({
      ...{ config, keys: maker.keys, station, registry, crypto, images },
      ...{ release: "1", nowS: 1_795_000_000, step: (_: string, work: () => unknown) => work() },
    } as Parameters<typeof makeUnit>[0]);
    await station.power(false);
    return { config, maker, made, station, flashPath };
  } finally {
    registry.close();
  }
}
