/**
 * Cuts the power at every flash operation of an update, in four ways each, and sees what becomes of the unit. A good
 * release must end up confirmed, a crashing one rejected; nothing may be lost, and no written sector written twice but
 * the one that the cut tore.
 */
import { equal } from "#base/bytes.ts";
import type { Machine } from "#device/machine.ts";
import type { OtaParts } from "#device/ota/tools.ts";
import { readJournal } from "#wire/flash/journal.ts";
import { appendRecord, freeLogBytes, type LogRecord, readLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { imagesIdOf } from "#wire/releases/release.ts";
import { type FlashModel, type Geometry, TEARS, type Tear } from "./flash-model.ts";
import { imageSets } from "./images.ts";
import { crypto, factoryFlash, type Regions, type Served, serve } from "./maker.ts";
import { modelOf, type Outcome, runWorld, type World } from "./world.ts";

/**
 * What the unit is put through: an update by whole images, one by deltas, one that crashes, and one during which a bit of
 * a written sector turns, which only the check of the whole image can find.
 */
const SCENARIOS = ["whole", "delta", "crash", "rot"] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Tally {
  cases: number;
  /** No image would start, or what must be kept was lost. */
  bricks: number;
  /** It never came to rest, or rested with the wrong image. */
  stuck: number;
  refetchedSectorsMax: number;
  /** Cases that went wrong, in words that replay them. */
  readonly failures: string[];
}

export interface Bed {
  readonly geometry: Geometry;
  readonly scenario: Scenario;
  readonly flash: Uint8Array;
  readonly regions: Regions;
  readonly served: Served;
  /** Flash operations of an update that nothing disturbs. */
  readonly ops: number;
}

const SETS = imageSets(6_000, 9_000);
const SERVED: Readonly<Record<Scenario, Served>> = {
  whole: serve(SETS[1], undefined),
  delta: serve(SETS[1], SETS[0], { isDeltaOnly: true }),
  crash: serve(SETS[1], SETS[0], { isDeltaOnly: true }),
  rot: serve(SETS[1], SETS[0], { isDeltaOnly: true }),
};

export interface Options {
  /** A machine other than the real one. */
  readonly create?: (parts: OtaParts) => Machine<unknown>;
}

function worldOf(bed: Pick<Bed, "geometry" | "scenario" | "flash" | "regions" | "served">, options: Options): World {
  const { geometry, scenario, flash, regions, served } = bed;
  return {
    flash: modelOf(geometry, flash),
    regions,
    served,
    crashing: new Map(scenario === "crash" ? [[2, "exception"]] : []),
    isSilent: () => false,
    ...(scenario === "rot" && { spoil: rotOf(geometry, regions) }),
    ...options,
  };
}

/** Turns a bit of the bundle's first sector once the second one is being written. */
function rotOf({ sectorBytes }: Geometry, { jsB }: Regions): (flash: FlashModel) => void {
  let isTurned = false;
  const [first, second] = [jsB.start + sectorBytes + 40, jsB.start + sectorBytes + Math.min(sectorBytes, 4096)];
  return ({ bytes }) => {
    if (isTurned || bytes[second] === 0xff) return;
    isTurned = true;
    bytes[first] = (bytes[first] as number) & ((bytes[first] as number) - 1);
  };
}

export function bedsOf(geometry: Geometry): readonly Bed[] {
  const { bytes, regions } = factoryFlash(geometry, SETS);
  // Nearly full logs, so that the compaction of one or the other falls into the update.
  const fullJournal = bytes.slice();
  fillLog(geometry, fullJournal, regions.journal, 120, (size) => ({ kind: 200, payload: new Uint8Array(size) }));
  const fullSettings = bytes.slice();
  fillLog(geometry, fullSettings, regions.settings, 200, (size) =>
    settingRecord("filler", new Uint8Array(Math.min(size, 900))),
  );
  const flashes = { whole: fullJournal, delta: fullSettings, crash: fullJournal, rot: bytes };
  return SCENARIOS.map((scenario) => {
    const bed = { geometry, scenario, flash: flashes[scenario], regions, served: SERVED[scenario] };
    const world = worldOf(bed, {});
    runWorld(world);
    return { ...bed, ops: world.flash.ops };
  });
}

/** Adds records to a log until no more than so many bytes are free. */
function fillLog(
  geometry: Geometry,
  bytes: Uint8Array,
  place: { readonly start: number; readonly bytes: number },
  leaveBytes: number,
  recordOf: (payloadBytes: number) => LogRecord,
): void {
  const region = { ...place, sectorBytes: geometry.sectorBytes, writeBytes: geometry.writeBytes };
  const read = (at: number, size: number) => bytes.subarray(at, at + size);
  let end = readLog(region, read, () => undefined);
  for (;;) {
    const roomBytes = freeLogBytes(region, end) - leaveBytes;
    if (roomBytes < 120) return;
    const change = appendRecord(region, read, end, recordOf(Math.min(2000, roomBytes - 40)));
    if (change === undefined) return;
    for (const op of change.ops) if (op.kind === "flash-write") bytes.set(op.bytes, op.address);
    end = change.end;
  }
}

export function emptyTally(): Tally {
  return { cases: 0, bricks: 0, stuck: 0, refetchedSectorsMax: 0, failures: [] };
}

/** One run with a cut, or two. */
export function cutOnce(
  bed: Bed,
  tally: Tally,
  cut: {
    readonly at: number;
    readonly tear: Tear;
    readonly later?: { readonly afterOps: number; readonly tear: Tear };
  },
  options: Options = {},
): void {
  const world = worldOf(bed, options);
  world.flash.cutAt = cut.at;
  world.flash.tear = cut.tear;
  if (cut.later !== undefined) world.flash.laterCuts.push({ ...cut.later });
  const name = `${bed.geometry.name} ${bed.scenario} cut at ${cut.at} ${cut.tear}${
    cut.later === undefined ? "" : `, ${cut.later.afterOps} later ${cut.later.tear}`
  }`;
  tally.cases++;
  let outcome: Outcome;
  try {
    outcome = runWorld(world);
  } catch (error) {
    tally.stuck++;
    tally.failures.push(`${name}: ${(error as Error).message}`);
    return;
  }
  const isDone = bed.scenario === "crash" ? outcome.sequence === 1 && isRejected(bed, world) : outcome.sequence === 2;
  if (bed.scenario !== "rot") tally.refetchedSectorsMax = Math.max(tally.refetchedSectorsMax, outcome.rewrittenSectors);
  if (outcome.end === "brick" || !outcome.isKept) tally.bricks++;
  else if (outcome.end === "stuck" || !isDone) tally.stuck++;
  else return;
  tally.failures.push(`${name}: ${outcome.end}, release ${outcome.sequence}, kept ${outcome.isKept}`);
}

function isRejected(bed: Bed, { flash, regions }: World): boolean {
  const { sectorBytes, writeBytes } = bed.geometry;
  const { rejected } = readJournal({ ...regions.journal, sectorBytes, writeBytes }, flash.read).state;
  const images = imagesIdOf(crypto.sha256, bed.served.release);
  return rejected.some((each) => equal(each, images));
}

/** Every operation, every tear; or every so-manieth of them. */
export function singleCuts(bed: Bed, tally: Tally, stride = 1, first = 0, options: Options = {}): void {
  let number = first;
  for (let at = 0; at < bed.ops; at++) {
    for (const tear of TEARS) if (number++ % stride === 0) cutOnce(bed, tally, { at, tear }, options);
  }
}

/** Two cuts each, at places chosen by a seed. */
export function doubleCuts(bed: Bed, tally: Tally, count: number, seed: number, options: Options = {}): void {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < count; i++) {
    const later = { afterOps: next(bed.ops), tear: TEARS[next(4)] as Tear };
    cutOnce(bed, tally, { at: next(bed.ops), tear: TEARS[next(4)] as Tear, later }, options);
  }
}
