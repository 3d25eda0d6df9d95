/**
 * Cuts the power at every flash operation of an update, in four ways each, with the C and the bundle that run on the
 * boards, built for this machine (firmware/chips/host): boot stage, engine host, record log, sealed code, update machine.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equal } from "#base/bytes.ts";
import { FAULTS } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { FlashOperation } from "#boards/qemu-mps2/host/flash-watch.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { TEAR_MODES, type TearMode } from "#boards/sim/host/flash-file.ts";
import { openSettings } from "#device/settings.ts";
import { buildHost, HOST_FLASH_BYTES, HOST_LAYOUT, type HostPrograms } from "#firmware/host.ts";
import { readJournal } from "#wire/flash/journal.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { imageSets } from "../powercut/images.ts";
import { judgeSession, newRecord, type Session, updateBed } from "./update-bed.ts";
import { KEPT } from "./update-script.ts";

const WITHIN_MS = 60_000;
const NATIVE_BYTES = 18_000;

/** An update of native image and bundle together, or of a native image that crashes. */
export type HostScenario = "update" | "native-crash";

export interface HostBed {
  readonly programs: HostPrograms;
  readonly board: Board;
  readonly scenario: HostScenario;
  /** The flash as it leaves the factory, the maker's shelf in it. */
  readonly flash: Uint8Array;
  /** What ends a run: the words of the unit that the update is over. */
  readonly until: RegExp;
  /** Flash operations of a run that nothing disturbs. */
  readonly operations: number;
}

export interface HostTally {
  cases: number;
  refetchedSectorsMax: number;
  readonly failures: string[];
}

export const emptyHostTally = (): HostTally => ({ cases: 0, refetchedSectorsMax: 0, failures: [] });

export async function hostBed(scenario: HostScenario): Promise<HostBed> {
  const programs = await buildHost();
  const native = imageSets(NATIVE_BYTES, 1000)[0].images.get(COMPONENT.native) as Uint8Array;
  const dead = native.slice();
  dead.set(utf8("dead"));
  const crash = { second: () => new Map([[COMPONENT.native as number, dead]]) };
  const made = await updateBed(HOST_LAYOUT, { native, releases: 1, ...(scenario === "native-crash" ? crash : {}) });
  truncateSync(made.flashPath, HOST_FLASH_BYTES);
  const flash = new Uint8Array(readFileSync(made.flashPath));
  rmSync(join(made.flashPath, ".."), { recursive: true });
  // Where the power fails at the very end, the start after it remembers that the images are rejected, not why.
  const reasons = `(${FAULTS.TRIAL_CRASH}|${FAULTS.RELEASE_REJECTED})`;
  const until = scenario === "update" ? /^state 2 0 none/m : new RegExp(`^state 1 2 rejected ${reasons}\\b`, "m");
  const bed = { programs, board: readBoard(HOST_LAYOUT), scenario, flash, until, operations: 0 };
  const { operations } = (await runHost(bed)).session;
  return { ...bed, operations: operations.length };
}

interface HostRun {
  readonly session: Session;
  /** The flash after it. */
  readonly flash: Uint8Array;
}

/** Runs a unit from the factory's flash until the update is over, through a cut where one is asked for. */
function runHost(bed: HostBed, cut?: { readonly at: number; readonly tear: TearMode }): Promise<HostRun> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-host-"));
  const path = join(folder, "flash");
  writeFileSync(path, bed.flash);
  const env = {
    ...{ CHIP_FLASH: path, CHIP_BOOT: bed.programs.boot, CHIP_MAIN: bed.programs.main, CHIP_TRACE: "1" },
    ...(cut && { CHIP_CUT: `${cut.at}:${cut.tear}` }),
  };
  const child = spawn(bed.programs.boot, [], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let traced = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), WITHIN_MS);
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (bed.until.test(text) || /trouble|LOST|boot: no/.test(text)) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk) => {
      traced += chunk;
    });
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      const flash = new Uint8Array(readFileSync(path));
      rmSync(folder, { recursive: true });
      if (!bed.until.test(text)) return reject(new Error(text.slice(-800) + traced.replace(/^[we] .*\n/gm, "")));
      const operations = [...traced.matchAll(/^([we]) (\d+) (\d+) (\d+)$/gm)].map(
        ([, kind, address, , third]): FlashOperation => ({
          kind: kind === "w" ? "write" : "erase",
          address: Number(address),
          bytes: Uint8Array.of(0, 0, Number(third)),
        }),
      );
      resolve({ session: { text, operations }, flash });
    });
  });
}

/** What must hold when all is over. Throws with what doesn't. */
function judgeEnd(bed: HostBed, flash: Uint8Array): void {
  const { regions, sectorBytes, writeBytes } = bed.board.flash;
  const read = (at: number, byteLength: number) => flash.subarray(at, at + byteLength);
  const refuse = () => false;
  const port = { sectorBytes, writeBytes, byteLength: flash.length, read, write: refuse, eraseSector: refuse };
  const settings = openSettings(port, regions.settings);
  for (const [name, value] of Object.entries(KEPT)) {
    if (!equal(settings.get(name) ?? new Uint8Array(0), value)) throw new Error(`the unit lost its ${name}`);
  }
  const { confirmed, rejected } = readJournal({ ...regions.journal, sectorBytes, writeBytes }, read).state;
  const isRight =
    bed.scenario === "update"
      ? confirmed.sequence === 2 && confirmed.slots === 3
      : rejected.length === 1 && confirmed.sequence === 1;
  if (!isRight) throw new Error(`it ended with release ${confirmed.sequence}, slots ${confirmed.slots}`);
}

/** Every so-manieth cut of all: operation by operation, tear by tear; `jobs` of them at a time. */
export async function hostCuts(bed: HostBed, tally: HostTally, stride = 1, first = 0, jobs = 2): Promise<void> {
  const unitBed = { board: bed.board, flashPath: "" };
  const all = Array.from({ length: bed.operations * TEAR_MODES.length }, (_, i) => i).filter(
    (i) => i % stride === first % stride,
  );
  const work = async () => {
    for (let next = all.shift(); next !== undefined; next = all.shift()) {
      const cut = { at: Math.floor(next / TEAR_MODES.length), tear: TEAR_MODES[next % TEAR_MODES.length] as TearMode };
      tally.cases++;
      try {
        const { session, flash } = await runHost(bed, cut);
        if (!session.text.includes("power lost")) throw new Error("the power never failed");
        const record = newRecord();
        judgeSession(unitBed, record, session);
        judgeEnd(bed, flash);
        tally.refetchedSectorsMax = Math.max(tally.refetchedSectorsMax, record.refetchedSectorsMax);
      } catch (error) {
        tally.failures.push(`${bed.scenario} cut at ${cut.at} ${cut.tear}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
