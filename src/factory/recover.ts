/**
 * Recovers a unit whose flash holds no image that verifies: sends its boot stage a signed release over the serial line,
 * and then the blocks that it requests. The unit doesn't trust this side; it verifies all that it receives.
 * @source PROTOCOL 9.8
 */
import type { Fault } from "#base/faults.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import {
  decodeRecoveryWord,
  encodeRecoveryOffer,
  encodeRecoveryParts,
  type RecoveryWord,
} from "#wire/lines/recovery-line.ts";
import { BLOCK_BYTES, LEAVES_INDEX, leavesOf } from "#wire/releases/blocks.ts";

/** The serial line to the unit's console. */
export interface SerialLine {
  write(bytes: Uint8Array): void;
  /** Calls back with what comes from now on. */
  onBytes(see: (bytes: Uint8Array) => void): void;
}

/** What the unit is given: a release as its role signed it, and its images by kind. */
export interface RecoveryImages {
  readonly signed: Uint8Array;
  readonly images: ReadonlyMap<number, Uint8Array>;
}

/** The unit can't be recovered so; the message is one line that says what to do. */
export class RecoveryError extends Error {
  override name = "RecoveryError";
}

const SILENCE_MS = 30_000;

const ADVICE: Partial<Record<Fault, string>> = {
  RELEASE_SIGNATURE: "sign a release with a release key of the key set that the unit has",
  RELEASE_HARDWARE: "take a release for the unit's hardware revision",
  RELEASE_EPOCH: "take a release of a newer security epoch",
  RELEASE_COMPONENT: "take a release with every image that the unit lacks, of a size that fits its slots",
  IMAGE_FLASH: "its flash does not hold what is written: take another unit",
};

/**
 * Waits for a unit in recovery on the line and recovers it. Resolves once the unit has written all and starts anew.
 * @param onBlock Told of each block that the unit asked for: its component, and its index.
 * @throws RecoveryError when the unit refuses, or says nothing for thirty seconds.
 */
export function recover(
  line: SerialLine,
  given: RecoveryImages,
  onBlock: (component: number, index: number) => void = () => undefined,
): Promise<void> {
  const read = lineFrameReader();
  return new Promise((resolve, reject) => {
    let isOver = false;
    let isOffered = false;
    let timer: NodeJS.Timeout;
    const end = (error?: RecoveryError) => {
      isOver = true;
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const words = isOffered
          ? "the unit fell silent; check the cable and its power, then recover it again"
          : "no unit in recovery speaks on this line; it waits there only when no image of its own verifies";
        end(new RecoveryError(words));
      }, SILENCE_MS);
    };

    function answer(word: RecoveryWord): void {
      if (word.kind === "waiting") {
        isOffered = true;
        line.write(encodeRecoveryOffer(given.signed));
      } else if (word.kind === "want") {
        const image = given.images.get(word.component);
        if (image === undefined) return end(new RecoveryError(`the release file lacks image ${word.component}`));
        onBlock(word.component, word.index);
        const at = word.index * BLOCK_BYTES;
        const isList = word.index === LEAVES_INDEX;
        const bytes = isList ? leavesOf(nodePrimitives.sha256, image) : image.subarray(at, at + BLOCK_BYTES);
        line.write(encodeRecoveryParts(word.component, word.index, bytes));
      } else if (word.kind === "refused") {
        const advice = word.fault === undefined ? undefined : ADVICE[word.fault];
        end(new RecoveryError(`the unit refuses (${word.fault ?? "unknown fault"}); ${advice ?? "try again"}`));
      } else end();
    }

    line.onBytes((bytes) => {
      if (isOver) return;
      for (const frame of read(bytes)) {
        const word = decodeRecoveryWord(frame);
        if (!word.ok || isOver) continue;
        listen();
        answer(word.value);
      }
    });
    listen();
  });
}
