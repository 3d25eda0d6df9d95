/**
 * Cuts the power at every flash operation of an update, in four ways each, with the C and the bundle that run on the
 * boards, built for this machine (firmware/chips/host): boot stage, engine host, record log, compiled code, update machine.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equal } from "#base/bytes.ts";
import { FAULTS } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { FlashOperation } from "#boards/qemu-mps2/host/flash-watch.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { TEAR_MODES, type TearMode } from "#boards/sim/host/flash-file.ts";
import { openSettings } from "#device/settings.ts";
import type { Edits } from "#factory/bundle/faults.ts";
import { buildHost, HOST_FLASH_BYTES, HOST_LAYOUT, type HostPrograms } from "#firmware/host.ts";
import type { Edited } from "#firmware/image.ts";
import { JOURNAL_KIND, readJournal } from "#wire/flash/journal.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { imageSets } from "../powercut/images.ts";
import { whileProgressing } from "../progress.ts";
import { judgeSession, newRecord, type Session, updateBed } from "./update-bed.ts";
import { KEPT } from "./update-script.ts";

/** A unit that started so often during one run will never finish its update. */
const STARTS_MAX = 200;
const NATIVE_BYTES = 18_000;
/** What a unit says when it is of no use to wait any longer. */
const LOST = /trouble|LOST|boot: no.*|state 1 2 (rejected|refused)|out of time/;

/** An update of native image and bundle together, or of a native image that crashes. */
type HostScenario = "update" | "native-crash";

export interface HostBed {
  readonly programs: HostPrograms;
  readonly board: Board;
  readonly scenario: HostScenario;
  /** The flash as it leaves the factory, the maker's shelf in it. */
  readonly flash: Uint8Array;
  /** What ends a run: the words of the unit that the update is over. */
  readonly until: RegExp;
  /** Flash operations of a run that nothing disturbs, and the flash after it. */
  readonly operations: readonly FlashOperation[];
  readonly rested: Uint8Array;
}

/** What is done to a unit on its way: operations are counted from its first start. */
export interface HostCase {
  readonly cut?: { readonly at: number; readonly tear: TearMode };
  /** A bit of this byte turns before this operation. */
  readonly rot?: { readonly at: number; readonly address: number };
}

interface HostTally {
  cases: number;
  refetchedSectorsMax: number;
  readonly failures: string[];
}

export const emptyHostTally = (): HostTally => ({ cases: 0, refetchedSectorsMax: 0, failures: [] });

/** What a test has done to the code: our C below firmware/, and sources of the bundle. */
export interface Weakening {
  readonly c?: Edited;
  readonly bundle?: Edits;
}

interface HostOptions {
  /** For tests of the harness itself. */
  readonly weakening?: Weakening;
  /** Words that the flash takes once; as the board has it when absent. */
  readonly writeBytes?: number;
  /** Whose flash and flash map it is. */
  readonly board?: string;
}

/** Rejects when an update that nothing disturbs doesn't come to its end. */
export async function hostBed(
  scenario: HostScenario,
  { weakening = {}, writeBytes, board }: HostOptions = {},
): Promise<HostBed> {
  const programs = await buildHost({ edited: weakening.c, writeBytes, board });
  const native = imageSets(NATIVE_BYTES, 1000)[0].images.get(COMPONENT.native) as Uint8Array;
  const dead = native.slice();
  dead.set(utf8("dead"));
  const crash = { second: () => new Map([[COMPONENT.native as number, dead]]) };
  const made = await updateBed(board ?? HOST_LAYOUT, {
    ...{ native, releases: 1, ...(weakening.bundle && { edits: weakening.bundle }) },
    ...(writeBytes !== undefined && { writeBytes }),
    ...(scenario === "native-crash" ? crash : {}),
  });
  truncateSync(made.flashPath, HOST_FLASH_BYTES);
  const flash = new Uint8Array(readFileSync(made.flashPath));
  rmSync(join(made.flashPath, ".."), { recursive: true });
  // Where the power fails at the very end, the start after it remembers that the images are rejected, not why.
  const reasons = `(${FAULTS.TRIAL_CRASH}|${FAULTS.RELEASE_REJECTED})`;
  const until = scenario === "update" ? /^state 2 0 none/m : new RegExp(`^state 1 2 rejected ${reasons}\\b`, "m");
  const bed = { programs, board: made.board, scenario, flash, until, rested: flash, operations: [] };
  const { session, flash: rested } = await runHost(bed, {});
  return { ...bed, rested, operations: session.operations };
}

interface HostRun {
  readonly session: Session;
  /** The flash after it. */
  readonly flash: Uint8Array;
}

/** Runs a unit from the factory's flash until the update is over, through what is asked for. */
function runHost(bed: HostBed, { cut, rot }: HostCase): Promise<HostRun> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-host-"));
  const path = join(folder, "flash");
  writeFileSync(path, bed.flash);
  const env = {
    ...{ CHIP_FLASH: path, CHIP_BOOT: bed.programs.boot, CHIP_MAIN: bed.programs.main, CHIP_TRACE: "1" },
    ...(cut && { CHIP_CUT: `${cut.at}:${cut.tear}` }),
    ...(rot && { CHIP_ROT: `${rot.at}:${rot.address}` }),
  };
  const child = spawn(bed.programs.boot, [], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let traced = "";
  let starts = 0;
  const run = (progress: () => void) =>
    new Promise<HostRun>((resolve, reject) => {
      child.stdout.on("data", (chunk) => {
        progress();
        text += chunk;
        starts += String(chunk).split("latchkey: boot native").length - 1;
        if (bed.until.test(text) || LOST.test(text) || starts > STARTS_MAX) child.kill("SIGKILL");
      });
      child.stderr.on("data", (chunk) => {
        progress();
        traced += chunk;
      });
      child.on("error", reject);
      child.on("close", () => {
        const flash = new Uint8Array(readFileSync(path));
        rmSync(folder, { recursive: true });
        if (!bed.until.test(text)) {
          const [said = starts > STARTS_MAX ? "it started again and again" : "it ended"] = LOST.exec(text) ?? [];
          return reject(new Error(`${said}\n${text.slice(-800)}${traced.replace(/^[wce] .*\n/gm, "")}`));
        }
        const operations = [...traced.matchAll(/^([wce]) (\d+) (\d+) (\d+)$/gm)].map(
          ([, kind, address, , third]): FlashOperation => ({
            kind: kind === "e" ? "erase" : "write",
            address: Number(address),
            // Where a write goes on, no record of a log begins.
            bytes: Uint8Array.of(0, 0, kind === "c" ? 0 : Number(third)),
          }),
        );
        resolve({ session: { text, operations }, flash });
      });
    });
  return whileProgressing(run, () => text.slice(-800)).finally(() => child.kill("SIGKILL"));
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
  for (const [i, [a, b]] of [["nativeA", "nativeB"] as const, ["jsA", "jsB"] as const].entries()) {
    const { start, bytes } = regions[(confirmed.slots >> i) & 1 ? b : a] as { start: number; bytes: number };
    const isSame = equal(flash.subarray(start, start + bytes), bed.rested.subarray(start, start + bytes));
    if (!isSame) throw new Error(`slot ${(confirmed.slots >> i) & 1 ? b : a} does not hold what was signed`);
  }
}

/** Runs one case and holds it against what must be so. Throws with what isn't. @returns Sectors that were fetched again. */
export async function judgeHost(bed: HostBed, what: HostCase): Promise<number> {
  const { session, flash } = await runHost(bed, what);
  if (what.cut !== undefined && !session.text.includes("power lost")) throw new Error("the power never failed");
  const record = newRecord();
  judgeSession({ board: bed.board, flashPath: "" }, record, session);
  // What was fetched is good, whatever was cut, unless it rotted.
  const { start, bytes } = bed.board.flash.regions.journal as { start: number; bytes: number };
  const isAbandoned = session.operations.some(
    ({ address, bytes: [, , kind] }) => address >= start && address < start + bytes && kind === JOURNAL_KIND.abandoned,
  );
  if (isAbandoned && what.rot === undefined) throw new Error("it gave up what it had fetched, and began anew");
  judgeEnd(bed, flash);
  return record.refetchedSectorsMax;
}

/** Every so-manieth cut of all: operation by operation, tear by tear; `jobs` of them at a time. */
export async function hostCuts(bed: HostBed, tally: HostTally, stride = 1, first = 0, jobs = 2): Promise<void> {
  const all = Array.from({ length: bed.operations.length * TEAR_MODES.length }, (_, i) => i).filter(
    (i) => i % stride === first % stride,
  );
  const work = async () => {
    for (let next = all.shift(); next !== undefined; next = all.shift()) {
      const cut = { at: Math.floor(next / TEAR_MODES.length), tear: TEAR_MODES[next % TEAR_MODES.length] as TearMode };
      tally.cases++;
      try {
        tally.refetchedSectorsMax = Math.max(tally.refetchedSectorsMax, await judgeHost(bed, { cut }));
      } catch (error) {
        tally.failures.push(`${bed.scenario} cut at ${cut.at} ${cut.tear}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
