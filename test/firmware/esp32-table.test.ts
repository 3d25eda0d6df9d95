/** What an ESP32 board's flash begins with, as ESP-IDF's boot loader reads it. Byte layouts are those of its programming guide. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { partitionTable, TABLE_START } from "#firmware/esp32-table.ts";
import { ESP32_BOARDS, layoutOf } from "#firmware/layout.ts";

const ENTRY_BYTES = 32;
const SECTOR_BYTES = 4096;
const PAGE_BYTES = 0x1_0000;

interface Entry {
  readonly magic: number;
  readonly type: number;
  readonly subtype: number;
  readonly start: number;
  readonly bytes: number;
  readonly name: string;
}

function entriesOf(table: Uint8Array): readonly Entry[] {
  const view = new DataView(table.buffer, table.byteOffset);
  const entries: Entry[] = [];
  for (let at = 0; view.getUint16(at, true) === 0x50aa; at += ENTRY_BYTES) {
    const name = table.subarray(at + 12, at + 28);
    entries.push({
      magic: view.getUint16(at, true),
      type: view.getUint8(at + 2),
      subtype: view.getUint8(at + 3),
      start: view.getUint32(at + 4, true),
      bytes: view.getUint32(at + 8, true),
      name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    });
  }
  return entries;
}

test.each(ESP32_BOARDS)("%s: the table names every region, and one program: the boot stage", (board) => {
  const layout = layoutOf(board);
  const entries = entriesOf(partitionTable(layout));
  const regions = Object.entries(layout.board.flash.regions);
  expect(Object.fromEntries(entries.map(({ name, start, bytes }) => [name, { start, bytes }]))).toEqual(
    Object.fromEntries(regions),
  );
  expect(entries.filter(({ type }) => type === 0).map(({ name, subtype }) => [name, subtype])).toEqual([["boot", 0]]);
});

test.each(ESP32_BOARDS)("%s: the table's last entry is the MD5 of the others", (board) => {
  const table = partitionTable(layoutOf(board));
  const end = entriesOf(table).length * ENTRY_BYTES;
  expect([...table.subarray(end, end + 2)]).toEqual([0xeb, 0xeb]);
  expect(Buffer.from(table.subarray(end + 16, end + 32)).toString("hex")).toBe(
    createHash("md5").update(table.subarray(0, end)).digest("hex"),
  );
});

test.each(ESP32_BOARDS)(
  "%s: nothing lies on the vendor's boot loader or the table, and programs where flash is mapped",
  (board) => {
    const { flash } = layoutOf(board).board;
    for (const { start } of Object.values(flash.regions))
      expect(start).toBeGreaterThanOrEqual(TABLE_START + SECTOR_BYTES);
    expect((flash.regions.boot?.start ?? 1) % PAGE_BYTES).toBe(0);
    // An image follows its slot's head, which takes a sector.
    for (const slot of ["nativeA", "nativeB"]) {
      expect([slot, ((flash.regions[slot]?.start ?? 0) + SECTOR_BYTES) % PAGE_BYTES]).toEqual([slot, 0]);
    }
  },
);
