/**
 * Turns the blocks of one transfer into pages in a slot. Holds the decoder, one block and one page; says what to write
 * and, after a sector's last page, how far a power cut may not throw it back.
 */
import { ok, type Result } from "#base/faults.ts";
import type { Progress } from "#wire/journal.ts";
import type { FlashOp, ReadFlash } from "#wire/record-log.ts";
import { imageAddress, type SlotRegion } from "#wire/slot.ts";
import { createStreamDecoder } from "#wire/stream-decoder.ts";

const PAGE_BYTES = 1024;

export interface SlotWriter {
  /** The block that is wanted next. */
  readonly nextBlock: number;
  /** Whether the whole image is written. */
  readonly isDone: boolean;
  /** Whether a block is in hand that has more to give. */
  readonly isBusy: boolean;
  /** Takes up `nextBlock`, already checked. Refuses with STREAM_TOKEN. */
  take(block: Uint8Array): Result<undefined>;
  /** Decodes up to one page. @returns What to write, and the progress to record behind it; or STREAM_TOKEN. */
  step(): Result<{ readonly ops: readonly FlashOp[]; readonly progress: Progress | undefined }>;
}

export interface WriterPlan {
  readonly slot: SlotRegion;
  readonly imageBytes: number;
  /** Where the base image lies; none for a whole image. */
  readonly base: { readonly address: number; readonly imageBytes: number } | undefined;
  /** Sectors that are done, and the block to go on with. */
  readonly resume: Progress;
}

export function createSlotWriter(read: ReadFlash, plan: WriterPlan): SlotWriter {
  const { slot, imageBytes, base, resume } = plan;
  const start = imageAddress(slot);
  const doneBytes = Math.min(resume.sectors * slot.sectorBytes, imageBytes);
  const page = new Uint8Array(PAGE_BYTES);
  let filled = 0;
  let index = resume.block;
  let isTaken = false;
  const decoder = createStreamDecoder({
    baseBytes: base?.imageBytes ?? 0,
    imageBytes,
    readBase: (at, byteLength) => read((base?.address ?? 0) + at, byteLength),
    readImage: (at, byteLength) => read(start + at, byteLength),
  });

  /** What puts the page in hand into flash; nothing where an earlier run already did. */
  function pageOps(at: number): FlashOp[] {
    if (at < doneBytes) return [];
    const ops: FlashOp[] = [];
    if (at % slot.sectorBytes === 0) ops.push({ kind: "flash-erase", address: start + at });
    const bytes = Math.ceil(filled / slot.writeBytes) * slot.writeBytes;
    page.fill(0xff, filled, bytes);
    ops.push({ kind: "flash-write", address: start + at, bytes: page.slice(0, bytes) });
    return ops;
  }

  return {
    get nextBlock() {
      return index;
    },
    get isDone() {
      return doneBytes === imageBytes || (decoder.position === imageBytes && filled === 0);
    },
    get isBusy() {
      return isTaken && !decoder.isBlockDone;
    },
    take(block) {
      const started = decoder.startBlock(index, block);
      if (!started.ok) return started;
      if (!isTaken) {
        // After a power cut: the page before the block's first byte is in flash already, and may be referred to.
        filled = decoder.position % PAGE_BYTES;
        page.set(read(start + decoder.position - filled, filled));
      }
      isTaken = true;
      return ok(undefined);
    },
    step() {
      const pageAt = decoder.position - filled;
      const got = decoder.fill(page, filled);
      if (!got.ok) return got;
      filled = got.value;
      if (decoder.isBlockDone) index++;
      const isComplete = decoder.position === imageBytes;
      if (filled < PAGE_BYTES && !isComplete) return ok({ ops: [], progress: undefined });
      const ops = pageOps(pageAt);
      filled = 0;
      const isSectorEnd = decoder.position % slot.sectorBytes === 0 || isComplete;
      const sectors = Math.ceil(decoder.position / slot.sectorBytes);
      const progress = isSectorEnd && ops.length > 0 ? { sectors, block: index } : undefined;
      return ok({ ops, progress });
    },
  };
}
