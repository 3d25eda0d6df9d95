/**
 * An append-only log of records in flash that a power cut at any instant leaves readable: settings and the update
 * journal lie in one each. Two banks of whole sectors take turns. A bank counts once its header, written last, checks;
 * of two the higher generation counts, so that compaction replaces all records at once or not at all. Plain enough for
 * the boot stage to read and append to in C.
 *
 * Reads come in as a function and writes go out as data: the caller performs them in order and gives up at the first
 * that fails.
 * @source PROTOCOL 8.1
 */
import { concat, viewOf } from "#base/bytes.ts";
import { crc32 } from "#codec/crc.ts";

/** Where a log lies: `start` and `bytes` as in board.json, two sectors at least. */
export interface LogRegion {
  readonly start: number;
  readonly bytes: number;
  readonly sectorBytes: number;
  readonly writeBytes: number;
}

export type ReadFlash = (address: number, byteLength: number) => Uint8Array;

export type FlashOp =
  | { readonly kind: "flash-erase"; readonly address: number }
  | { readonly kind: "flash-write"; readonly address: number; readonly bytes: Uint8Array };

export interface LogRecord {
  /** 0 to 254; what it means is the log's business. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Where a log stands. Generation 0 means that neither bank holds one yet: compact to begin. */
export interface LogEnd {
  readonly generation: number;
  readonly bank: 0 | 1;
  /** Bytes into the bank where the next record goes. */
  readonly offset: number;
}

/** What is to be performed, in order, and where the log stands afterwards. */
export interface LogChange {
  readonly end: LogEnd;
  readonly ops: readonly FlashOp[];
}

const MAGIC = 0x314c_4b4c; // "LKL1"
export const HEADER_BYTES = 16;
/** Bytes between a record's address and its payload's. */
export const RECORD_HEADER_BYTES = 8;
const CHECK = 0x5a;

/** Whether a bank's first bytes say that a log is there, or was. @param head HEADER_BYTES of them. */
export const beginsLog = (head: Uint8Array): boolean => viewOf(head).getUint32(0, true) === MAGIC;

/**
 * Reads a log from its first record to its end.
 * @param visit Is shown each record and the address of its payload. The payload may be a view: copy what is kept.
 */
export function readLog(
  region: LogRegion,
  read: ReadFlash,
  visit: (record: LogRecord, address: number) => void,
): LogEnd {
  const generations = [generationOf(region, read, 0), generationOf(region, read, 1)] as const;
  const bank = generations[1] > generations[0] ? 1 : 0;
  const generation = generations[bank];
  if (generation === 0) return { generation, bank: 1, offset: bankBytes(region) };
  return readRecords(region, read, { generation, bank, offset: padded(region, HEADER_BYTES) }, (record, address) => {
    visit(record, address);
    return true;
  });
}

/** Where the records of this generation begin, as long as it is there: the log's own, or the one before, which still lies in the other bank. */
export function firstOf(region: LogRegion, read: ReadFlash, end: LogEnd, generation: number): LogEnd | undefined {
  const bank = generation === end.generation ? end.bank : end.bank === 0 ? 1 : 0;
  if (generation === 0 || generationOf(region, read, bank) !== generation) return undefined;
  return { generation, bank, offset: padded(region, HEADER_BYTES) };
}

/**
 * Reads the records of one bank from some record on.
 * @param visit As for readLog; answers whether it takes the record: one that it doesn't take ends the reading there.
 * @returns Where it ended: the record that was not taken, or the bank's end.
 */
export function readRecords(
  region: LogRegion,
  read: ReadFlash,
  at: LogEnd,
  visit: (record: LogRecord, address: number) => boolean,
): LogEnd {
  const { generation, bank } = at;
  const start = bankStart(region, bank);
  const word = wordBytes(region);
  let { offset } = at;
  while (offset + word <= bankBytes(region)) {
    const header = read(start + offset, word);
    if (isErased(header)) break;
    const payloadBytes = viewOf(header).getUint16(0, true);
    const kind = header[2] as number;
    if (header[3] !== checkOf(payloadBytes, kind)) {
      // Torn within its first word, so nothing after that word was written.
      offset += word;
      continue;
    }
    const recordBytes = padded(region, RECORD_HEADER_BYTES + payloadBytes);
    if (offset + recordBytes > bankBytes(region)) return { generation, bank, offset: bankBytes(region) };
    const payload = read(start + offset + RECORD_HEADER_BYTES, payloadBytes);
    if (viewOf(header).getUint32(4, true) === recordCrc(generation, offset, header.subarray(0, 4), payload)) {
      if (!visit({ kind, payload }, start + offset + RECORD_HEADER_BYTES)) break;
    }
    offset += recordBytes;
  }
  return { generation, bank, offset };
}

/**
 * Adds one record.
 * @returns The change, or undefined when there is no erased room for it: compact, with the record among the rest.
 */
export function appendRecord(
  region: LogRegion,
  read: ReadFlash,
  end: LogEnd,
  record: LogRecord,
): LogChange | undefined {
  const recordBytes = padded(region, RECORD_HEADER_BYTES + record.payload.length);
  if (end.generation === 0 || end.offset + recordBytes > bankBytes(region)) return undefined;
  const address = bankStart(region, end.bank) + end.offset;
  if (!isErased(read(address, recordBytes))) return undefined;
  return {
    end: { ...end, offset: end.offset + recordBytes },
    ops: [{ kind: "flash-write", address, bytes: encodeRecord(region, end.generation, end.offset, record) }],
  };
}

/**
 * Starts the other bank with these records alone; until the last op is done the old bank counts.
 * @returns The change, or undefined when the records don't fit in a bank.
 */
export function compactLog(region: LogRegion, end: LogEnd, records: readonly LogRecord[]): LogChange | undefined {
  const generation = end.generation + 1;
  const bank = end.bank === 0 ? 1 : 0;
  const start = bankStart(region, bank);
  const ops: FlashOp[] = [];
  for (let at = 0; at < bankBytes(region); at += region.sectorBytes) {
    ops.push({ kind: "flash-erase", address: start + at });
  }
  let offset = padded(region, HEADER_BYTES);
  for (const record of records) {
    const bytes = encodeRecord(region, generation, offset, record);
    ops.push({ kind: "flash-write", address: start + offset, bytes });
    offset += bytes.length;
  }
  if (offset > bankBytes(region)) return undefined;
  ops.push({ kind: "flash-write", address: start, bytes: encodeHeader(region, generation) });
  return { end: { generation, bank, offset }, ops };
}

/** A fresh log as the bytes of its whole region, for an image that the factory writes; undefined when it won't fit. */
export function encodeLog(region: LogRegion, records: readonly LogRecord[]): Uint8Array | undefined {
  const change = compactLog(region, { generation: 0, bank: 1, offset: 0 }, records);
  if (change === undefined) return undefined;
  const image = new Uint8Array(region.bytes).fill(0xff);
  for (const op of change.ops) if (op.kind === "flash-write") image.set(op.bytes, op.address - region.start);
  return image;
}

/** Bytes that are still free for records and their headers. */
export function freeLogBytes(region: LogRegion, end: LogEnd): number {
  return bankBytes(region) - end.offset;
}

/** Bytes that a record takes, header and padding included. */
export function recordBytesOf(region: LogRegion, payloadBytes: number): number {
  return padded(region, RECORD_HEADER_BYTES + payloadBytes);
}

function bankBytes(region: LogRegion): number {
  return Math.floor(region.bytes / 2 / region.sectorBytes) * region.sectorBytes;
}

function bankStart(region: LogRegion, bank: number): number {
  return region.start + bank * bankBytes(region);
}

function wordBytes(region: LogRegion): number {
  return Math.max(RECORD_HEADER_BYTES, region.writeBytes);
}

function padded(region: LogRegion, byteLength: number): number {
  const word = wordBytes(region);
  return Math.ceil(byteLength / word) * word;
}

/** Guards the length before anything relies on it: an erased or half-written word never passes as a header. */
function checkOf(payloadBytes: number, kind: number): number {
  return CHECK ^ kind ^ (payloadBytes & 255) ^ (payloadBytes >> 8);
}

/** Generation and place go into the sum, so that no record counts in a place where it was not written. */
function recordCrc(generation: number, offset: number, head: Uint8Array, payload: Uint8Array): number {
  const place = new Uint8Array(8);
  viewOf(place).setUint32(0, generation, true);
  viewOf(place).setUint32(4, offset, true);
  return crc32(payload, crc32(head, crc32(place)));
}

function encodeRecord(region: LogRegion, generation: number, offset: number, record: LogRecord): Uint8Array {
  const payloadBytes = record.payload.length;
  const bytes = new Uint8Array(padded(region, RECORD_HEADER_BYTES + payloadBytes)).fill(0xff);
  const view = viewOf(bytes);
  view.setUint16(0, payloadBytes, true);
  bytes[2] = record.kind;
  bytes[3] = checkOf(payloadBytes, record.kind);
  view.setUint32(4, recordCrc(generation, offset, bytes.subarray(0, 4), record.payload), true);
  bytes.set(record.payload, RECORD_HEADER_BYTES);
  return bytes;
}

function encodeHeader(region: LogRegion, generation: number): Uint8Array {
  const head = new Uint8Array(12);
  const view = viewOf(head);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, generation, true);
  view.setUint32(8, wordBytes(region), true);
  const crc = new Uint8Array(4);
  viewOf(crc).setUint32(0, crc32(head), true);
  return concat(head, crc, new Uint8Array(padded(region, HEADER_BYTES) - HEADER_BYTES).fill(0xff));
}

/** The generation of a bank, 0 when its header doesn't check. */
function generationOf(region: LogRegion, read: ReadFlash, bank: number): number {
  const header = read(bankStart(region, bank), HEADER_BYTES);
  const view = viewOf(header);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(8, true) !== wordBytes(region)) return 0;
  return view.getUint32(12, true) === crc32(header.subarray(0, 12)) ? view.getUint32(4, true) : 0;
}

function isErased(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff);
}
