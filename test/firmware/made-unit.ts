/** A unit made by the real line on an emulated board, for tests that want one. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { firstImages } from "#factory/images.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signRelease } from "#trust/sign-release.ts";
import { rootOfBytes } from "#wire/blocks.ts";
import { COMPONENT, type Component, type Release } from "#wire/release.ts";
import { PROVISIONED } from "#wire/stored-names.ts";
import { type TestMaker, testMaker } from "../boards/sim/made-unit.ts";

const crypto = nodePrimitives;

/** Builds a board's images when they are not up to date. @returns The native image that is flashed. */
export async function buildNative(board: string): Promise<Uint8Array> {
  await buildBoot(board);
  return new Uint8Array(readFileSync((await buildRuntime(board)).binary));
}

function componentOf(kind: number, image: Uint8Array): Component {
  const imageRoot = rootOfBytes(crypto.sha256, image);
  const whole = { streamBytes: image.length, root: imageRoot.slice(0, 16), base: undefined };
  return { kind, imageBytes: image.length, imageRoot, transfers: [whole] };
}

/** A signed release of a native image and a bundle. */
export function signedRelease(
  maker: TestMaker,
  product: string,
  sequence: number,
  images: { readonly native?: Uint8Array; readonly js?: Uint8Array },
): Uint8Array {
  const release: Release = {
    sequence,
    product,
    hardware: [1],
    notAfterS: undefined,
    consent: "auto",
    epoch: 0,
    components: [
      ...(images.native ? [componentOf(COMPONENT.native, images.native)] : []),
      ...(images.js ? [componentOf(COMPONENT.js, images.js)] : []),
    ],
  };
  return signRelease(crypto, maker.release.seed, release);
}

/** What a bare emulated unit's flash holds: a native image and a script as release 1. */
export function imagesOf(board: string, product: string, maker: TestMaker, native: Uint8Array, js: Uint8Array) {
  return firstImages(
    readBoard(board).flash,
    {
      signed: signedRelease(maker, product, 1, { native, js }),
      sequence: 1,
      epoch: 0,
      bundle: js,
      native,
      entropySeed: crypto.random(32),
    },
    new Map([
      [PROVISIONED.product, utf8(product)],
      [PROVISIONED.roots, encodeCbor(maker.keys.roots)],
      [PROVISIONED.keySet, maker.keys.keySet],
    ]),
  );
}

export interface Bench {
  readonly station: SimStation;
  readonly maker: TestMaker;
  readonly flashPath: string;
  readonly native: Uint8Array;
}

/** An emulated unit that runs a script of the test's own, switched on. */
export async function benchUnit(board: string, script: string, radio = "127.0.0.1:1"): Promise<Bench> {
  const native = await buildNative(board);
  const maker = testMaker("lamp");
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-firmware-")), "flash.bin");
  const station = openSimStation(readBoard(board), flashPath, radio);
  await station.flash(imagesOf(board, "lamp", maker, native, utf8(script)));
  await station.power(true);
  return { station, maker, flashPath, native };
}

/** Resolves with the first console line that matches. Rejects with what was said when none comes in time. */
export function lineOf(station: SimStation, pattern: RegExp, withinMs = 20_000): Promise<RegExpExecArray> {
  const unit = station.unit();
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no line ${pattern}; it said: ${said.join(" | ")} ${unit?.errors()}`)),
      withinMs,
    );
    unit?.onLine((line) => {
      said.push(line);
      const found = pattern.exec(line);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
}
