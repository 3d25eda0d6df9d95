/**
 * The partition table (ESP-IDF programming guide, "Partition Tables") that the vendor's boot loader reads. It starts the one
 * partition of type app: our boot stage. The others tell other tools what is where; the firmware itself goes by board.json.
 */
import { createHash } from "node:crypto";
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Layout } from "./layout.ts";

/** Where the vendor's boot loader looks for it; it takes one sector. */
export const TABLE_START = 0x8000;
const TABLE_BYTES = 0xc00;
const ENTRY_BYTES = 32;
const LABEL_BYTES = 16;
const MAGIC = 0x50aa;
const MD5_MAGIC = 0xebeb;
const APP = 0;
const FACTORY = 0;
/** The first type that is left to applications. */
const OURS = 0x40;

function entry(name: string, type: number, subtype: number, start: number, bytes: number): Uint8Array {
  const out = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(out.buffer);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, type);
  view.setUint8(3, subtype);
  view.setUint32(4, start, true);
  view.setUint32(8, bytes, true);
  out.set(utf8(name).subarray(0, LABEL_BYTES - 1), 12);
  return out;
}

/** The table of a board whose regions have one called boot, filled up with erased flash. */
export function partitionTable({ board }: Layout): Uint8Array {
  const regions = Object.entries(board.flash.regions).sort(([, a], [, b]) => a.start - b.start);
  const entries = concat(
    ...regions.map(([name, { start, bytes }], place) =>
      name === "boot" ? entry(name, APP, FACTORY, start, bytes) : entry(name, OURS, place, start, bytes),
    ),
  );
  const check = new Uint8Array(ENTRY_BYTES).fill(0xff);
  new DataView(check.buffer).setUint16(0, MD5_MAGIC, true);
  check.set(createHash("md5").update(entries).digest(), ENTRY_BYTES / 2);
  const out = new Uint8Array(TABLE_BYTES).fill(0xff);
  out.set(entries);
  out.set(check, entries.length);
  return out;
}
