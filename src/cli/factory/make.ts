/** Makes units one after another, on one place of the line. */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { openRadioTester, type RadioTester } from "#boards/sim/host/radio-tester.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { checkLoader } from "#cli/board/boot-images.ts";
import { checkCountry } from "#cli/factory/check-country.ts";
import { makerKeys } from "#cli/maker-keys.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { onboardingNames, readBundleMark } from "#factory/bundle/bundle-mark.ts";
import type { FlashConfig } from "#factory/config.ts";
import { openEsp32Flasher } from "#factory/flasher/esp32-flasher.ts";
import type { MakerKeys } from "#factory/identity.ts";
import type { FlashImage } from "#factory/images.ts";
import { removeLeftCards } from "#factory/left-cards.ts";
import { type MadeUnit, makeUnit } from "#factory/line.ts";
import { openRegistry, type Registry } from "#factory/registry.ts";
import { openLine } from "#factory/serial/open-line.ts";
import { openSerialStation } from "#factory/serial/serial-station.ts";
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

/** Where a board is plugged in, and what its chip starts before the release's images. */
interface SerialPlace {
  readonly port: string;
  readonly boot: readonly FlashImage[];
}

function inputOf({ config, board, keys, release, releasePath, registry, step }: Omit<Place, "tester">) {
  return {
    ...{ config, keys, registry, step, crypto: nodePrimitives },
    images: firstFlash(config, board, release, keys, releasePath),
    release: String(release.release.sequence),
    nowS: Math.floor(Date.now() / 1000),
  };
}

/** Makes a unit of the board on a serial port. Its flash stays on it. */
async function makeAttached(place: Omit<Place, "tester">, { port, boot }: SerialPlace): Promise<MadeUnit> {
  const line = await openLine(port);
  try {
    const flasher = openEsp32Flasher(line, checkLoader(place.board));
    return await makeUnit({ ...inputOf(place), station: openSerialStation(line, flasher, boot) });
  } finally {
    await line.close();
  }
}

async function makeOne({ tester, ...place }: Place): Promise<MadeUnit> {
  const { config, board } = place;
  const flashPath = join(config.output, "on-the-line.flash");
  const station = openSimStation(board, flashPath, tester.radio);
  try {
    const unit = await makeUnit({
      ...inputOf(place),
      station: { ...station, listening: tester.listening },
    });
    await station.power(false);
    const kept = flashOf(config, toHex(unit.id));
    renameSync(flashPath, kept);
    renameSync(`${flashPath}.log`, `${kept}.log`);
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
  /** What nobody has tested of this unit, why, and what to do about it. */
  untested(what: string, why: string, advice: string): void;
}

/**
 * @param print Program that prints a PDF; cards that it printed are forgotten here.
 * @throws What stops the line, with how many units are whole and in the registry.
 */
export async function makeUnits(
  asked: {
    readonly config: FlashConfig;
    readonly board: Board;
    readonly releasePath: string;
    /** A board on a serial port; a simulated or emulated unit when undefined. */
    readonly serial?: SerialPlace | undefined;
  },
  count: number,
  print: string | undefined,
  tell: Telling,
): Promise<void> {
  const { config, board, releasePath, serial } = asked;
  const keys = makerKeys(config);
  const release = readReleaseFile(releasePath);
  // What is wrong is said before anything is touched.
  checkCountry(config, board);
  checkBundle(config, board, release, releasePath);
  firstFlash(config, board, release, keys, releasePath);
  if (serial === undefined && startsNative(board)) await readyBoot(board.name);
  mkdirSync(config.output, { recursive: true });
  const registry = openRegistry(join(config.output, "registry.db"));
  const tester = await openRadioTester();
  removeLeftCards(join(config.output, "units"), (id) => registry.find(id) !== undefined);
  let done = 0;
  try {
    while (done < count) {
      tell.begun(done + 1);
      const place = { config, board, releasePath, keys, release, registry, step: tell.step };
      const unit = serial === undefined ? await makeOne({ ...place, tester }) : await makeAttached(place, serial);
      done++;
      if (board.chipSecret === true && unit.deviceKey === undefined) {
        tell.untested(
          ...(["device key", "the unit did not say how it lies in flash"] as const),
          "start it once more and read what it says: latchkey board log --port PORT",
        );
      }
      if (serial !== undefined) {
        tell.untested(
          ...(["listens for Wi-Fi", "no radio tester hears a board on a cable"] as const),
          "onboard it with a phone before it is packed",
        );
      }
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
