/**
 * A bare emulated unit for one script: a flash whose release, key set and roots were made for it alone and are thrown
 * away with it. For tests, benchmarks and the verifier; the line makes real ones (src/factory).
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { utf8 } from "#base/utf8.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { createFlashFile } from "#boards/sim/host/flash-file.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import type { Variant } from "#firmware/tls-sources.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { signKeyset, signRelease } from "#trust/releases/sign-release.ts";
import { entropyRecord } from "#wire/flash/entropy-record.ts";
import { encodeJournal } from "#wire/flash/journal.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { encodeSlotHead, imageAddress } from "#wire/flash/slot.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { rootOfBytes } from "#wire/releases/blocks.ts";
import { COMPONENT, type Component } from "#wire/releases/release.ts";

const PRODUCT = "bench";

export interface BareImage {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Signs what a bare unit runs. */
export interface Maker {
  readonly keySet: Uint8Array;
  readonly roots: readonly Uint8Array[];
  readonly product: string;
  readonly releaseSeed: Uint8Array;
  readonly timestampSeed: Uint8Array;
  sign(sequence: number, images: ReadonlyMap<number, Uint8Array>): Uint8Array;
}

/** Signs releases of a product for hardware 1. */
export function makerOf(known: Omit<Maker, "sign">): Maker {
  return {
    ...known,
    sign: (sequence, images) =>
      signRelease(crypto, known.releaseSeed, {
        sequence,
        product: known.product,
        hardware: [1],
        notAfterS: undefined,
        consent: "auto",
        epoch: 0,
        components: [...images].map(([kind, image]) => componentOf(kind, image)),
      }),
  };
}

export function throwawayMaker(): Maker {
  const seeds = [0, 1, 2, 3, 4].map(() => crypto.random(32));
  const [one, two, three, release, timestamp] = seeds as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const keySet = signKeyset(crypto, [one, two], {
    version: 1,
    product: PRODUCT,
    releaseKeys: [crypto.ed25519PublicKey(release)],
    timestampKeys: [crypto.ed25519PublicKey(timestamp)],
    roots: undefined,
  });
  return makerOf({
    keySet,
    roots: [one, two, three].map((seed) => crypto.ed25519PublicKey(seed)),
    product: PRODUCT,
    releaseSeed: release,
    timestampSeed: timestamp,
  });
}

function componentOf(kind: number, image: Uint8Array): Component {
  const imageRoot = rootOfBytes(crypto.sha256, image);
  const whole = { streamBytes: image.length, root: imageRoot.slice(0, 16), base: undefined };
  return { kind, imageBytes: image.length, imageRoot, transfers: [whole] };
}

/** Builds a board's images when they are not up to date. @returns The native image that is flashed. */
export async function buildNative(board: string, variant?: Variant): Promise<Uint8Array> {
  await buildBoot(board);
  return new Uint8Array(readFileSync((await buildRuntime(board, variant)).binary));
}

/** What a flash holds that starts a native image and a script as release 1. @param more Further settings. */
export function bareImages(
  board: Board,
  maker: Maker,
  native: Uint8Array,
  script: Uint8Array,
  more: ReadonlyMap<string, Uint8Array> = new Map(),
): readonly BareImage[] {
  const { regions, sectorBytes, writeBytes } = board.flash;
  const region = (name: string) => {
    const found = regions[name];
    if (found === undefined) throw new Error(`board ${board.name} has no region ${name} in its board.json`);
    return { ...found, sectorBytes, writeBytes };
  };
  const signed = maker.sign(
    1,
    new Map([
      [COMPONENT.native, native],
      [COMPONENT.js, script],
    ]),
  );
  const settings = [
    settingRecord(PROVISIONED.product, utf8(PRODUCT)),
    settingRecord(PROVISIONED.roots, encodeCbor(maker.roots)),
    settingRecord(PROVISIONED.keySet, maker.keySet),
    settingRecord(OWN.key, crypto.random(32)),
    ...[...more].map(([name, value]) => settingRecord(name, value)),
  ];
  const slots = (
    [
      ["nativeA", native],
      ["jsA", script],
    ] as const
  ).flatMap(([name, image]) => [
    { address: region(name).start, bytes: encodeSlotHead(region(name), signed) },
    { address: imageAddress(region(name)), bytes: image },
  ]);
  const { entropy } = regions;
  const images = [
    { address: region("journal").start, bytes: encodeJournal(region("journal"), { sequence: 1, epoch: 0, slots: 0 }) },
    { address: region("settings").start, bytes: encodeLog(region("settings"), settings) },
    ...(entropy === undefined ? [] : [{ address: entropy.start, bytes: entropyRecord(crypto.random(32)) }]),
    ...slots,
  ];
  return images.flatMap(({ address, bytes }) => (bytes === undefined ? [] : [{ address, bytes }]));
}

/** Writes a flash file that starts a native image and a script as release 1. @param more Further settings. */
export function flashBareUnit(
  board: Board,
  path: string,
  maker: Maker,
  native: Uint8Array,
  script: Uint8Array,
  more: ReadonlyMap<string, Uint8Array> = new Map(),
): void {
  const images = bareImages(board, maker, native, script, more);
  createFlashFile(path, board.flash);
  const file = openSync(path, "r+");
  for (const { address, bytes } of images) writeSync(file, bytes, 0, bytes.length, address);
  closeSync(file);
}

/** Makes one. @returns Who signed it, for a test that signs more. */
export async function makeBareUnit(board: string, path: string, script: Uint8Array, variant?: Variant): Promise<Maker> {
  const maker = throwawayMaker();
  flashBareUnit(readBoard(board), path, maker, await buildNative(board, variant), script);
  return maker;
}
