/** A journal that refuses one kind of record: whatever can't be written down, the unit ends in the last good image and says why. */
import { expect, test } from "vitest";
import type { ResetReason } from "#device/port.ts";
import { JOURNAL_KIND, readJournal } from "#wire/flash/journal.ts";
import { GEOMETRIES, type Geometry } from "../../powercut/flash-model.ts";
import { imageSets } from "../../powercut/images.ts";
import { factoryFlash, serve } from "../../powercut/maker.ts";
import { modelOf, type Outcome, runWorld, type World } from "../../powercut/world.ts";

const NOR = GEOMETRIES[0] as Geometry;
const SETS = imageSets(6_000, 9_000);

interface Wear {
  readonly kinds: readonly (keyof typeof JOURNAL_KIND)[];
  /** How often it refuses; for ever unless said. */
  readonly times?: number;
  /** It takes everything until this was written. */
  readonly after?: keyof typeof JOURNAL_KIND;
}

/** A unit whose journal takes no record of these kinds; `crash` is how release 2 ends its trials. */
function worldWith({ kinds, times = 1000, after }: Wear, crash?: ResetReason): World {
  const { bytes, regions } = factoryFlash(NOR, SETS);
  const flash = modelOf(NOR, bytes);
  const { journal } = regions;
  const write = flash.write.bind(flash);
  const refused: ReadonlySet<number> = new Set(kinds.map((kind) => JOURNAL_KIND[kind]));
  let left = times;
  let isWorn = after === undefined;
  flash.write = (address, data) => {
    const kind = data[2] as number;
    const isJournal = address >= journal.start && address < journal.start + journal.bytes;
    if (isWorn && isJournal && refused.has(kind) && left-- > 0) return false;
    isWorn ||= isJournal && after !== undefined && kind === JOURNAL_KIND[after];
    return write(address, data);
  };
  const crashing = new Map(crash === undefined ? [] : [[2, crash] as const]);
  return { flash, regions, served: serve(SETS[1], undefined), crashing, isSilent: () => false };
}

function restsInTheOldImage(world: World): Outcome {
  const outcome = runWorld(world);
  expect(outcome).toMatchObject({ end: "rest", sequence: 1, isKept: true });
  expect(readJournal({ ...world.regions.journal, ...NOR }, world.flash.read).state.confirmed.slots).toBe(0);
  return outcome;
}

const GIVEN_UP = { stage: "rejected", fault: "IMAGE_FLASH" };
const told = ({ states }: Outcome) => states.at(-1)?.attempt;

test("a trial's start that can't be written down is tried some times, then given up for good", () => {
  expect(told(restsInTheOldImage(worldWith({ kinds: ["started"] })))).toMatchObject(GIVEN_UP);
});

test("a trial's start that was refused once is tried again, and confirmed", () => {
  expect(runWorld(worldWith({ kinds: ["started"], times: 1 }))).toMatchObject({ end: "rest", sequence: 2 });
});

test("an end that the boot stage can't write down is written by the old image, which never takes itself for the one on trial", () => {
  const outcome = restsInTheOldImage(worldWith({ kinds: ["ended"], times: 1 }, "exception"));
  expect(told(outcome)).toMatchObject({ stage: "rejected", fault: "TRIAL_CRASH" });
  expect(outcome.starts).toBe(7);
});

test("an end that nobody can write down gives the release up for good", () => {
  const outcome = restsInTheOldImage(worldWith({ kinds: ["ended"] }, "exception"));
  expect(told(outcome)).toMatchObject(GIVEN_UP);
  expect(outcome.starts).toBe(3);
});

test("a journal that takes nothing more once the trial has begun: the new image can't be confirmed, so the old one runs", () => {
  const kinds = Object.keys(JOURNAL_KIND) as (keyof typeof JOURNAL_KIND)[];
  const outcome = restsInTheOldImage(worldWith({ kinds, after: "started" }));
  expect(told(outcome)).toMatchObject({ fault: "IMAGE_FLASH" });
  expect(outcome.starts).toBe(3);
});
