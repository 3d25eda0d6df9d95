/** The unit whose power is cut: made by the real line once, with releases in its flash, and kept in a folder for all later runs. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { concat, fromHex, toHex, viewOf } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildRelease } from "#cloud/releases/release-build.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { type Bundle, buildScript } from "#factory/bundle/bundle.ts";
import { imagePaths } from "#firmware/image.ts";
import { pairCodes } from "#phone/scan.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { readBytes } from "#trust/host/files.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { nameOf } from "#trust/host/release-file.ts";
import { signRelease } from "#trust/releases/sign-release.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { makeLinuxUnit } from "../made-unit.ts";

export const BOARD = readBoard("linux");
const RELEASES = 1_000;
/** Behind the last region. */
const SHELF = Math.max(...Object.values(BOARD.flash.regions).map(({ start, bytes }) => start + bytes));

/** An update that takes seconds, and a trial as well. */
const TIMES = "steadyMs: 300, trialMs: 20_000, crashMs: 50, missMs: 50, failureMs: 50, longestMs: 500";

export interface Subject {
  /** As the line left it. */
  readonly fresh: string;
  /** What the maker has to offer: releases, and what a unit fetches of them. */
  readonly shelf: string;
  /** The installed program. */
  readonly program: string;
  readonly deviceId: Uint8Array;
  readonly airKey: Uint8Array;
  readonly ownerSeed: Uint8Array;
}

function scriptOf(app: string): Promise<Bundle> {
  const entry = `import { app } from "./${app}";
import board from "./boards/linux/board.json";
import { port, scope } from "./boards/linux/port.ts";
import { createMachines } from "#device/core.ts";
import { run } from "#device/runner.ts";
import { openSettings } from "#device/settings.ts";
import { createOffering } from "./test/linux/cuts/offering.ts";
const settings = openSettings(port.flash, board.flash.regions.settings);
const build = { release: "1", atS: 1790000000, appOrigins: [], timeServers: [] };
const parts = createMachines({ port, app, board, build, onboarding: { legacy: [] } });
run(port, settings.get("key") ? [...parts, createOffering(port, settings, ${SHELF})] : parts, app, settings, scope);`;
  const quick = (text: string) => {
    const edited = text.replace(/steadyMs: [^}]*longestMs: [\d_]+/, TIMES);
    if (edited === text) throw new Error("src/device/ota/state.ts has other times than were to be shortened");
    return edited;
  };
  return buildScript(entry, new Map([["src/device/ota/state.ts", quick]]));
}

/**
 * Releases of bundle and program: two that run well, whose images take turns, then one whose bundle throws at its start and
 * one whose program is none, both of which the unit gives up after three crashes.
 */
function shelfOf(
  maker: Awaited<ReturnType<typeof makeLinuxUnit>>["maker"],
  product: string,
  js: Uint8Array,
  native: Uint8Array,
) {
  const images = (end: string) =>
    new Map([
      [COMPONENT.native as number, concat(native, utf8(end))],
      [COMPONENT.js as number, concat(js, utf8(end))],
    ]);
  // What tells them apart is read by nobody. The line gave the odd ones.
  const [odd, even] = [images(""), images("\n//even ")];
  const throwing = new Map(even).set(COMPONENT.js, utf8('throw new Error("this release does not start")'));
  const noProgram = new Map(even).set(COMPONENT.native, concat(utf8("no program"), native.subarray(10)));
  const plan = { product, hardware: [1], consent: "auto", epoch: 0, notAfterS: undefined } as const;
  // The program comes as a patch, the bundle whole.
  const over = (base: ReadonlyMap<number, Uint8Array>) => [
    { images: new Map([[COMPONENT.native as number, base.get(COMPONENT.native) as Uint8Array]]) },
  ];
  const built = [
    buildRelease({ ...plan, sequence: 2, images: even, bases: over(odd) }),
    buildRelease({ ...plan, sequence: 3, images: odd, bases: over(even) }),
    buildRelease({ ...plan, sequence: 4, images: throwing, bases: over(odd) }),
    buildRelease({ ...plan, sequence: 5, images: noProgram, bases: over(odd) }),
  ];
  const releases = Array.from({ length: RELEASES }, (_, i) =>
    signRelease(crypto, maker.release.seed, {
      ...(built[i % built.length] as (typeof built)[0]).release,
      sequence: 2 + i,
    }),
  );
  const fetched = new Set(
    built.flatMap(({ release }) =>
      release.components.map(({ transfers }) =>
        toHex(transfers.reduce((least, each) => (each.streamBytes < least.streamBytes ? each : least)).root),
      ),
    ),
  );
  const streams = new Map(
    built
      .flatMap((file) => [...file.streams])
      .map((stream) => [toHex(nameOf(stream)), stream] as const)
      .filter(([root]) => fetched.has(root))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const shelf = encodeCbor([maker.timestamp.seed, product, releases, streams]);
  const length = new Uint8Array(4);
  viewOf(length).setUint32(0, shelf.length, true);
  return concat(length, shelf);
}

interface Codes {
  readonly deviceId: string;
  readonly airKey: string;
  readonly ownerSeed: string;
}

async function make(folder: string, program?: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const onboarding = { legacy: [], softAp: false };
  const bundleOf = ({ app }: { readonly app: string }) => scriptOf(app);
  const { made, maker, flashPath, config } = await makeLinuxUnit({ cloud: undefined, onboarding }, bundleOf, program);
  const native = program ?? imagePaths("linux").runtime;
  const [label = "", card = ""] = await Promise.all(
    [made.labelPng, made.cardPng].map((path) => readQr(readBytes(path))),
  );
  const scanned = pairCodes(label, card);
  if (!scanned.ok) throw new Error(scanned.fault);
  const { deviceId, secret } = scanned.value;
  const { bytes: js } = await bundleOf(config);
  copyFileSync(flashPath, join(folder, "fresh.bin"));
  const shelf = shelfOf(maker, config.product, js, readBytes(native));
  if (SHELF + shelf.length > BOARD.flash.bytes - 8192) throw new Error(`the shelf has ${shelf.length} bytes, too many`);
  writeFileSync(join(folder, "shelf.bin"), shelf);
  copyFileSync(native, join(folder, "latchkey-unit"));
  const codes: Codes = {
    deviceId: toHex(deviceId),
    airKey: toHex(airKey(crypto, secret, deviceId)),
    ownerSeed: toHex(holderSeed(crypto, secret, deviceId)),
  };
  writeFileSync(join(folder, "codes.json"), JSON.stringify(codes));
}

/** @param folder Where it is kept; made at the first run. @param program Another one than the board's. */
export async function openSubject(folder: string, program?: string): Promise<Subject> {
  if (!existsSync(join(folder, "codes.json"))) await make(folder, program);
  const codes = JSON.parse(readFileSync(join(folder, "codes.json"), "utf8")) as Codes;
  const bytes = (digits: string) => fromHex(digits) as Uint8Array;
  return {
    fresh: join(folder, "fresh.bin"),
    shelf: join(folder, "shelf.bin"),
    program: join(folder, "latchkey-unit"),
    deviceId: bytes(codes.deviceId),
    airKey: bytes(codes.airKey),
    ownerSeed: bytes(codes.ownerSeed),
  };
}

/** Puts the maker's releases into a unit's flash. */
export function putOnShelf({ shelf }: Subject, flash: string): void {
  const file = openSync(flash, "r+");
  const bytes = readFileSync(shelf);
  writeSync(file, bytes, 0, bytes.length, SHELF);
  closeSync(file);
}
