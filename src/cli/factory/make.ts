/** Makes units one after another, on one place of the line. */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { openRadioTester, type RadioTester } from "#boards/sim/host/radio-tester.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { makerKeys } from "#cli/maker-keys.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { onboardingNames, readBundleMark } from "#factory/bundle/bundle-mark.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { removeLeftCards } from "#factory/left-cards.ts";
import { type MadeUnit, makeUnit } from "#factory/line.ts";
import { openRegistry, type Registry } from "#factory/registry.ts";
import { readyBoot } from "#firmware/ready-images.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type ReleaseFile, readReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { firstFlash, startsNative } from "./first-flash.ts";
import { flashOf } from "./made-units.ts";
import { printUnit } from "./print.ts";

interface Place {
  readonly config: FlashConfig;
  readonly board: Board;
  readonly keys: MakerKeys;
  readonly release: ReleaseFile;
  readonly releasePath: string;
  readonly registry: Registry;
  readonly tester: RadioTester;
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

async function makeOne({ config, board, keys, release, releasePath, tester, ...more }: Place): Promise<MadeUnit> {
  const flashPath = join(config.output, "on-the-line.flash");
  const station = openSimStation(board, flashPath, tester.radio);
  try {
    const unit = await makeUnit({
      ...more,
      ...{ config, keys, crypto: nodePrimitives },
      station: { ...station, listening: tester.listening },
      images: firstFlash(config, board, release, keys, releasePath),
      release: String(release.release.sequence),
      nowS: Math.floor(Date.now() / 1000),
    });
    await station.power(false);
    const place = flashOf(config, toHex(unit.id));
    renameSync(flashPath, place);
    renameSync(`${flashPath}.log`, `${place}.log`);
    return unit;
  } finally {
    await station.power(false);
  }
}

/** Whether the release's bundle is one for this board, with all onboarding that the units will be told to use. */
function checkBundle({ onboarding }: FlashConfig, { name }: Board, { images }: ReleaseFile, path: string): void {
  const bundle = images.get(COMPONENT.js);
  // A release without a bundle is refused with others that are no first flash.
  if (bundle === undefined) return;
  const mark = readBundleMark(bundle);
  if (mark === undefined)
    throw new CliTrouble(`${path} holds no bundle of this version; build it again: latchkey bundle build`);
  if (mark.board !== name)
    throw new CliTrouble(`${path} holds a bundle for board ${mark.board}, this line makes ${name}`);
  const lacking = onboardingNames(onboarding).filter((each) => !mark.onboarding.includes(each));
  if (lacking.length > 0) {
    throw new CliTrouble(
      `the bundle in ${path} was built without ${lacking.join(", ")}, which flash.config.json switches on under onboarding; build it again`,
    );
  }
}

/** How the making is told: a step at a time, and each unit once it is whole. */
export interface Telling {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  begun(number: number): void;
  made(unit: MadeUnit): void;
}

/**
 * @param print Program that prints a PDF; cards that it printed are forgotten here.
 * @throws What stops the line, with how many units are whole and in the registry.
 */
export async function makeUnits(
  asked: { readonly config: FlashConfig; readonly board: Board; readonly releasePath: string },
  count: number,
  print: string | undefined,
  tell: Telling,
): Promise<void> {
  const { config, board, releasePath } = asked;
  const keys = makerKeys(config);
  const release = readReleaseFile(releasePath);
  // What is wrong with the release is said before anything is touched.
  checkBundle(config, board, release, releasePath);
  firstFlash(config, board, release, keys, releasePath);
  if (startsNative(board)) await readyBoot(board.name);
  mkdirSync(config.output, { recursive: true });
  const registry = openRegistry(join(config.output, "registry.db"));
  const tester = await openRadioTester();
  removeLeftCards(join(config.output, "units"), (id) => registry.find(id) !== undefined);
  let done = 0;
  try {
    while (done < count) {
      tell.begun(done + 1);
      const unit = await makeOne({ ...asked, keys, release, registry, tester, step: tell.step });
      done++;
      if (print !== undefined) await tell.step("print, and forget the card", () => printUnit(print, unit));
      tell.made(unit);
    }
  } catch (error) {
    if (count > 1 && error instanceof Error)
      error.message += ` (${done} of ${count} units ${done === 1 ? "is" : "are"} made)`;
    throw error;
  } finally {
    tester.close();
    registry.close();
  }
}
