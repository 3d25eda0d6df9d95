/** An emulated unit that is brought one release after another, and what is held against it after every cut of its power. */
import { closeSync, mkdtempSync, openSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, toHex, viewOf } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { powerOff } from "#boards/qemu-mps2/host/emulator.ts";
import { type Fate, type FlashOperation, type WatchedUnit, watchFlash } from "#boards/qemu-mps2/host/flash-watch.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { buildRelease } from "#cloud/releases/release-build.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import type { Edits } from "#factory/bundle/faults.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { nameOf } from "#trust/host/release-file.ts";
import { signRelease } from "#trust/releases/sign-release.ts";
import { JOURNAL_KIND } from "#wire/flash/journal.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { whileProgressing } from "../progress.ts";
import { FLOOR, KEPT, SHELF_ADDRESS } from "./update-script.ts";

export interface UpdateBed {
  readonly board: Board;
  readonly flashPath: string;
}

export interface BedOptions {
  /** Releases that the maker has to offer. */
  readonly releases?: number;
  /** A native image in place of the board's own. */
  readonly native?: Uint8Array;
  /** What release 2 holds in place of the other native image and bundle; it is then the only one. */
  readonly second?: (first: ReadonlyMap<number, Uint8Array>) => ReadonlyMap<number, Uint8Array>;
  /** Sources of the bundle that are others than in the repository. */
  readonly edits?: Edits;
  /** Words that the flash takes once, where that is not as the board has it. */
  readonly writeBytes?: number;
}

/** The shelf's address: where no region lies. */
const shelfOf = (regions: Board["flash"]["regions"]): number =>
  Math.max(SHELF_ADDRESS, ...Object.values(regions).map(({ start, bytes }) => start + bytes));

const scripts = new Map<string, Promise<Uint8Array>>();

/** update-script.ts for a board, bundled once where nothing is edited. */
function bundled({ name, flash }: Board, edits: Edits | undefined): Promise<Uint8Array> {
  const known = edits === undefined ? scripts.get(name) : undefined;
  if (known !== undefined) return known;
  const entry = `import { port } from "./boards/${name}/port.ts";
import { runUpdates } from "./test/firmware/update-script.ts";
runUpdates(port, ${JSON.stringify(flash.regions)}, ${shelfOf(flash.regions)});`;
  const script = buildScript(entry, edits).then(({ bytes }) => bytes);
  if (edits === undefined) scripts.set(name, script);
  return script;
}

/** Makes the flash of one: release 1 in it, and the others on the maker's shelf, native image and bundle in each. */
export async function updateBed(name: string, options: BedOptions = {}): Promise<UpdateBed> {
  const itself = readBoard(name);
  const { writeBytes = itself.flash.writeBytes } = options;
  const board = { ...itself, flash: { ...itself.flash, writeBytes } };
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-updates-")), "flash.bin");
  const native = options.native ?? (await buildNative(name));
  const script = await bundled(board, options.edits);
  const maker = throwawayMaker();
  // Two sets of images that take turns; what tells them apart is read by nobody.
  const imagesOf = (word: string) =>
    new Map([
      [COMPONENT.native as number, concat(native, utf8(`set ${word}   `))],
      [COMPONENT.js as number, concat(script, utf8(`\n//set ${word}`))],
    ]);
  const [odd, even] = [imagesOf("1"), imagesOf("2")];
  const count = options.second === undefined ? (options.releases ?? 60) : 1;
  const build = (
    sequence: number,
    images: ReadonlyMap<number, Uint8Array>,
    bases: readonly ReadonlyMap<number, Uint8Array>[],
  ) =>
    buildRelease({
      ...{ product: maker.product, sequence, hardware: [1], consent: "auto", epoch: 0, notAfterS: undefined },
      ...{ images, bases: bases.map((each) => ({ images: each })) },
    });
  const two = build(2, options.second?.(odd) ?? even, [odd]);
  const three = options.second === undefined && count > 1 ? build(3, odd, [even]) : two;
  const signed = Array.from({ length: count }, (_, i) =>
    signRelease(crypto, maker.releaseSeed, { ...(i % 2 === 0 ? two : three).release, sequence: 2 + i }),
  );
  // The shelf holds what a unit fetches: the smallest transfer of each component.
  const fetched = new Set(
    [two, three].flatMap(({ release }) =>
      release.components.map(({ transfers }) =>
        toHex(transfers.reduce((least, each) => (each.streamBytes < least.streamBytes ? each : least)).root),
      ),
    ),
  );
  const named = [...two.streams, ...three.streams].map((stream) => [toHex(nameOf(stream)), stream] as const);
  const streams = new Map(named.filter(([root]) => fetched.has(root)).sort(([a], [b]) => (a < b ? -1 : 1)));
  flashBareUnit(
    board,
    flashPath,
    maker,
    odd.get(COMPONENT.native) as Uint8Array,
    odd.get(COMPONENT.js) as Uint8Array,
    new Map([[PROVISIONED.hardware, Uint8Array.of(1, 0)], ...Object.entries(KEPT), [FLOOR, utf8("0")]]),
  );
  const shelf = encodeCbor([maker.timestampSeed, maker.product, signed, streams]);
  const length = new Uint8Array(4);
  viewOf(length).setUint32(0, shelf.length, true);
  const file = openSync(flashPath, "r+");
  writeSync(file, concat(length, shelf), 0, 4 + shelf.length, shelfOf(board.flash.regions));
  closeSync(file);
  return { board, flashPath };
}

/** How one run of the unit ended. */
export interface Session {
  readonly text: string;
  readonly operations: readonly FlashOperation[];
}

interface SessionOptions {
  /** Decides over each operation by its number in this run, from 0. */
  readonly judge?: (operation: FlashOperation, number: number) => Fate;
  /** Ends the run, without an operation torn, once the unit has said this. */
  readonly until?: RegExp;
}

/** Runs the unit once, from power to no power. Rejects when it falls silent before a cut or the words. */
export async function runSession({ board, flashPath }: UpdateBed, options: SessionOptions): Promise<Session> {
  const operations: FlashOperation[] = [];
  let text = "";
  let unit: WatchedUnit | undefined;
  let noteOperation = () => {};
  const judge = (operation: FlashOperation): Fate => {
    noteOperation();
    operations.push(operation);
    return options.judge?.(operation, operations.length - 1) ?? "pass";
  };
  unit = await watchFlash({ board: board.name, flashPath }, judge);
  const { emulator } = unit;
  await whileProgressing<void>(
    (progress) =>
      new Promise((resolve, reject) => {
        noteOperation = progress;
        emulator.process.stdout?.on("data", (bytes) => {
          progress();
          text += bytes;
          if (/trouble|LOST|boot: no/.test(text)) {
            void emulator.cut().then(() => reject(new Error(`${board.name} is in trouble: ${text.slice(-1500)}`)));
          } else if (options.until?.test(text)) void powerOff(emulator, board.name).then(resolve);
        });
        unit?.ended.then(resolve, reject);
      }),
    () => `${board.name}, after ${operations.length} operations: ${text.slice(-1500)}`,
  ).catch(async (error) => {
    await emulator.cut();
    throw error;
  });
  return { text, operations };
}

/** What is held against a unit over all its runs. */
interface Record {
  starts: number;
  floor: number;
  sequence: number;
  /** The most sectors of images that one start had to begin again. */
  refetchedSectorsMax: number;
  /** Image sectors that were erased since the job in hand began. */
  readonly begun: Set<number>;
}

export const newRecord = (): Record => ({ starts: 0, floor: 0, sequence: 1, refetchedSectorsMax: 0, begun: new Set() });

/** Holds one run against the record. Throws with what was lost. */
export function judgeSession({ board }: UpdateBed, record: Record, { text, operations }: Session): void {
  const { regions, sectorBytes } = board.flash;
  const slots = ["nativeA", "nativeB", "jsA", "jsB"].map((name) => regions[name] as { start: number; bytes: number });
  const isImage = (address: number) =>
    slots.some(({ start, bytes }) => address >= start + sectorBytes && address < start + bytes);
  const { journal } = regions;
  let again = 0;
  for (const { kind, address, bytes } of operations) {
    const isBegin = kind === "write" && address >= journal.start && address < journal.start + journal.bytes;
    if (isBegin && bytes[2] === JOURNAL_KIND.begin) record.begun.clear();
    if (kind !== "erase" || !isImage(address)) continue;
    if (record.begun.has(address)) again++;
    record.begun.add(address);
  }
  // One for each time that the unit was interrupted: before this run, and at each restart within it.
  const restarts = [...text.matchAll(/^latchkey: boot native/gm)].length - 1;
  record.refetchedSectorsMax = Math.max(record.refetchedSectorsMax, again - Math.max(0, restarts));
  for (const [, state = "", floor, sequence] of text.matchAll(/^found (\S+) floor (\S+) sequence (\d+)\r?\n/gm)) {
    record.starts++;
    if (state !== "whole") throw new Error(`it lost what it must keep: ${text}`);
    if (!(Number(floor) >= record.floor)) throw new Error(`the floor fell from ${record.floor} to ${floor}`);
    if (!(Number(sequence) >= record.sequence)) throw new Error(`release ${record.sequence} became ${sequence}`);
    record.sequence = Number(sequence);
    record.floor = Number(floor);
  }
  for (const [, floor] of text.matchAll(/^floor (\d+)\r?\n/gm)) record.floor = Math.max(record.floor, Number(floor));
}
