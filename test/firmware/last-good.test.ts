/**
 * Whatever is wrong with an update or with the flash under it, a booted unit ends up in the last good image and tells its
 * maker why. Worn flash is played at the breakpoints of flash-watch.ts: the images are the ones that ship.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { concat } from "#base/bytes.ts";
import { FAULTS, type Fault } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Fate, FlashOperation } from "#boards/qemu-mps2/host/flash-watch.ts";
import { JOURNAL_KIND } from "#wire/flash/journal.ts";
import { appendRecord, freeLogBytes, type LogRegion, readLog } from "#wire/flash/record-log.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { describeOnNativeBoards } from "../tier.ts";
import { type BedOptions, judgeSession, newRecord, runSession, type UpdateBed, updateBed } from "./update-bed.ts";

const within = (name: string, { board }: UpdateBed, address: number) => {
  const { start, bytes } = board.flash.regions[name] as { start: number; bytes: number };
  return address >= start && address < start + bytes;
};

/** The line in which the unit tells its maker what became of release 2; a unit knows faults by their numbers. */
const told = (stage: string, fault: Fault) => new RegExp(`^state 1 2 ${stage} ${FAULTS[fault]}\\b`, "m");

const isRecord = (bed: UpdateBed, { kind, address, bytes }: FlashOperation, record: keyof typeof JOURNAL_KIND) =>
  kind === "write" && within("journal", bed, address) && bytes[2] === JOURNAL_KIND[record];

/** A start that nothing disturbs: which release runs, and that nothing was lost. */
async function restsIn(bed: UpdateBed, sequence: number): Promise<void> {
  const after = await runSession(bed, { until: /^state \d+ .*\n/m });
  const record = newRecord();
  judgeSession(bed, record, after);
  expect(record).toMatchObject({ starts: 1, sequence });
}

/** Release 2 is another bundle. */
const bundle = (make: (first: Uint8Array) => Uint8Array): BedOptions => ({
  second: (first) => new Map([[COMPONENT.js, make(first.get(COMPONENT.js) as Uint8Array)]]),
});
const GOOD = bundle((first) => concat(first, utf8("\n//2")));

const THROWS = bundle(() => utf8('throw new Error("no")'));

/** What goes wrong in an event of a bundle on trial, and what the maker hears of it. */
const WRONGS: readonly (readonly [what: string, bundle: string, fault: Fault])[] = [
  ["overflows the stack", inAnEvent("(function f(){f()})()"), "TRIAL_CRASH"],
  ["uses up the memory", inAnEvent("for(const all=[];;)all.push(new Uint8Array(1000))"), "TRIAL_OUT_OF_MEMORY"],
  ["never ends an event", inAnEvent("for(;;);"), "TRIAL_WATCHDOG"],
];

function inAnEvent(wrong: string): string {
  return `native.onEvent(()=>{${wrong}});native.clock.wakeAt(1)`;
}

describeOnNativeBoards((board) => {
  test.each(WRONGS)("a bundle that %s goes back, and the maker hears why", async (_, wrong, fault) => {
    const bed = await updateBed(
      board,
      bundle(() => utf8(wrong)),
    );
    const { text } = await runSession(bed, { until: told("rolledBack", fault) });
    expect(text.match(/boot native A js B trial 1 update/g)).toHaveLength(1);
  });

  test("a bundle that throws at every start is tried three times", async () => {
    const bed = await updateBed(board, THROWS);
    const { text } = await runSession(bed, { until: told("rejected", "TRIAL_CRASH") });
    expect(text.match(/boot native A js B trial 1 update/g)).toHaveLength(3);
    await restsIn(bed, 1);
  });

  test("a sector of the other slot that takes no writes", async () => {
    const bed = await updateBed(board, GOOD);
    const { start } = bed.board.flash.regions.jsB;
    const { sectorBytes } = bed.board.flash;
    const judge = ({ address }: FlashOperation) =>
      address >= start + sectorBytes && address < start + 2 * sectorBytes ? "worn" : "pass";
    await runSession(bed, { judge, until: told("refused", "IMAGE_FLASH") });
    await restsIn(bed, 1);
  });

  test("a journal that takes no writes", async () => {
    const bed = await updateBed(board, GOOD);
    const judge = ({ address }: FlashOperation) => (within("journal", bed, address) ? "worn" : "pass");
    await runSession(bed, { judge, until: told("refused", "IMAGE_FLASH") });
    await restsIn(bed, 1);
  });

  test("a trial whose start can't be written down", async () => {
    const bed = await updateBed(board, THROWS);
    const judge = (operation: FlashOperation) => (isRecord(bed, operation, "started") ? "worn" : "pass");
    const { text } = await runSession(bed, { judge, until: told("rejected", "IMAGE_FLASH") });
    expect(text.match(/boot native . js . trial \d \w+/g)).toEqual([
      "boot native A js A trial 0 power",
      ...Array(4).fill("boot native A js A trial 0 update"),
    ]);
    await restsIn(bed, 1);
  });

  test("a trial whose end the boot stage can't write down is ended by the old image", async () => {
    const bed = await updateBed(board, THROWS);
    let refused = 0;
    const judge = (operation: FlashOperation) =>
      isRecord(bed, operation, "ended") && refused++ === 0 ? "worn" : "pass";
    const { text } = await runSession(bed, { judge, until: told("rejected", "TRIAL_CRASH") });
    expect(text.match(/boot native A js B trial 1 update/g)).toHaveLength(3);
    await restsIn(bed, 1);
  });

  test("a journal that is full when the boot stage has a trial to write down", async () => {
    const bed = await updateBed(board, GOOD);
    const judge = (operation: FlashOperation): Fate =>
      isRecord(bed, operation, "started") ? { tear: "before" } : "pass";
    await runSession(bed, { judge });
    fillJournal(bed);
    const { text } = await runSession(bed, { until: /^state 2 0 none/m });
    // The trial that could not be written down does not begin; the runtime makes room, and it is tried then.
    expect(text.match(/boot native . js . trial \d \w+/g)).toEqual([
      "boot native A js A trial 0 power",
      "boot native A js B trial 1 update",
    ]);
    await restsIn(bed, 2);
  });
});

/** Adds records that nobody knows until not one more fits. */
function fillJournal({ board, flashPath }: UpdateBed): void {
  const { regions, sectorBytes, writeBytes } = board.flash;
  const region: LogRegion = { ...regions.journal, sectorBytes, writeBytes };
  const bytes = new Uint8Array(readFileSync(flashPath));
  const read = (at: number, byteLength: number) => bytes.subarray(at, at + byteLength);
  let end = readLog(region, read, () => undefined);
  const file = openSync(flashPath, "r+");
  for (;;) {
    const room = freeLogBytes(region, end);
    const payload = new Uint8Array(room > 2048 ? 1024 : 0);
    const change = appendRecord(region, read, end, { kind: 200, payload });
    if (change === undefined) break;
    for (const op of change.ops) {
      if (op.kind !== "flash-write") continue;
      bytes.set(op.bytes, op.address);
      writeSync(file, op.bytes, 0, op.bytes.length, op.address);
    }
    end = change.end;
  }
  closeSync(file);
}
