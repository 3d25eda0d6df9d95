/**
 * Turns the blocks of one transfer into pages in a slot. Holds the decoder, one block and one page; says what to write
 * and, after a sector's last page, how far a power cut may not throw it back.
 */
import { ok, type Result } from "#base/faults.ts";
import type { Progress } from "#wire/flash/journal.ts";
import type { FlashOp, ReadFlash } from "#wire/flash/record-log.ts";
import { imageAddress, type SlotRegion } from "#wire/flash/slot.ts";
import { createStreamDecoder, type StreamDecoder } from "#wire/stream/stream-decoder.ts";

const PAGE_BYTES = 1024;

interface WriterPlan {
  readonly slot: SlotRegion;
  readonly imageBytes: number;
  /** Where the base image lies; none for a whole image. */
  readonly base: { readonly address: number; readonly imageBytes: number } | undefined;
  /** Sectors that are done, and the block to go on with. */
  readonly resume: Progress;
}

export interface SlotWriter {
  readonly slot: SlotRegion;
  readonly imageBytes: number;
  /** What is in flash already. */
  readonly doneBytes: number;
  readonly decoder: StreamDecoder;
  readonly page: Uint8Array;
  /** How far the page is filled. */
  filled: number;
  /** The block that is wanted next. */
  nextBlock: number;
  isTaken: boolean;
}

export function createSlotWriter(read: ReadFlash, { slot, imageBytes, base, resume }: WriterPlan): SlotWriter {
  const start = imageAddress(slot);
  const decoder = createStreamDecoder({
    baseBytes: base?.imageBytes ?? 0,
    imageBytes,
    readBase: (at, byteLength) => read((base?.address ?? 0) + at, byteLength),
    readImage: (at, byteLength) => read(start + at, byteLength),
  });
  return {
    slot,
    imageBytes,
    doneBytes: Math.min(resume.sectors * slot.sectorBytes, imageBytes),
    decoder,
    page: new Uint8Array(PAGE_BYTES),
    filled: 0,
    nextBlock: resume.block,
    isTaken: false,
  };
}

/** Whether the whole image is written. */
export function isDone({ doneBytes, imageBytes, decoder, filled }: SlotWriter): boolean {
  return doneBytes === imageBytes || (decoder.position === imageBytes && filled === 0);
}

/** Whether a block is in hand that has more to give. */
export function isBusy({ isTaken, decoder }: SlotWriter): boolean {
  return isTaken && !decoder.isBlockDone;
}

/** Takes up `nextBlock`, already checked. Refuses with STREAM_TOKEN. */
export function takeBlock(read: ReadFlash, writer: SlotWriter, block: Uint8Array): Result<undefined> {
  const { decoder, page } = writer;
  const started = decoder.startBlock(writer.nextBlock, block);
  if (!started.ok) return started;
  if (!writer.isTaken) {
    // After a power cut: the page before the block's first byte is in flash already, and may be referred to.
    writer.filled = decoder.position % PAGE_BYTES;
    page.set(read(imageAddress(writer.slot) + decoder.position - writer.filled, writer.filled));
  }
  writer.isTaken = true;
  return ok(undefined);
}

interface Written {
  readonly ops: readonly FlashOp[];
  /** To be recorded behind it. */
  readonly progress: Progress | undefined;
}

/** Decodes up to one page. @returns What to write, and the progress to record behind it; or STREAM_TOKEN. */
export function writePage(writer: SlotWriter): Result<Written> {
  const { decoder, slot, page } = writer;
  const pageAt = decoder.position - writer.filled;
  const got = decoder.fill(page, writer.filled);
  if (!got.ok) return got;
  writer.filled = got.value;
  if (decoder.isBlockDone) writer.nextBlock++;
  const isComplete = decoder.position === writer.imageBytes;
  if (writer.filled < PAGE_BYTES && !isComplete) return ok({ ops: [], progress: undefined });
  const ops = pageOps(writer, pageAt);
  writer.filled = 0;
  const isSectorEnd = decoder.position % slot.sectorBytes === 0 || isComplete;
  const sectors = Math.ceil(decoder.position / slot.sectorBytes);
  const progress = isSectorEnd && ops.length > 0 ? { sectors, block: writer.nextBlock } : undefined;
  return ok({ ops, progress });
}

/** What puts the page in hand into flash; nothing where an earlier run already did. */
function pageOps({ slot, page, filled, doneBytes }: SlotWriter, at: number): FlashOp[] {
  if (at < doneBytes) return [];
  const ops: FlashOp[] = [];
  const address = imageAddress(slot) + at;
  if (at % slot.sectorBytes === 0) ops.push({ kind: "flash-erase", address });
  const bytes = Math.ceil(filled / slot.writeBytes) * slot.writeBytes;
  page.fill(0xff, filled, bytes);
  ops.push({ kind: "flash-write", address, bytes: page.slice(0, bytes) });
  return ops;
}
