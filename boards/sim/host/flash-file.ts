/**
 * A NOR flash in a file: erased bytes are 0xff, a write can only clear bits, sectors are erased whole. A cut of power
 * can be asked for at any operation, torn in one of the ways a real one tears.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import type { Flash } from "#device/port.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";

interface FlashGeometry {
  readonly bytes: number;
  readonly sectorBytes: number;
  readonly writeBytes: number;
}

/** How the operation that power failed in was left. */
export const TEAR_MODES = ["before", "half", "last-byte", "after"] as const;
export type TearMode = (typeof TEAR_MODES)[number];

export interface FlashFile extends Flash {
  /** Writes and erases so far: what a cut is counted in. */
  operations(): number;
  close(): void;
}

/** Power fails in the operation with this number (the first is 0); `fail` must not return. */
export interface PowerCut {
  readonly operation: number;
  readonly tear: TearMode;
  fail(): never;
}

/** Thrown when the file can't be this board's flash; the message says what to do. */
export class FlashFileError extends Error {
  override name = "FlashFileError";
}

/** Makes an erased flash. Throws FlashFileError when the file can't be written. */
export function createFlashFile(path: string, geometry: FlashGeometry): void {
  try {
    // It will hold the unit's keys.
    replaceSecretFile(path, new Uint8Array(geometry.bytes).fill(0xff));
  } catch (error) {
    throw new FlashFileError(
      `the flash file ${path} can't be written (${(error as NodeJS.ErrnoException).code}); free space or name another folder`,
    );
  }
}

/**
 * Checks that a file can be this board's flash. Its size tells which flash map it was written with, because a board whose
 * map changes also gets a flash of another size (test/boards/board-json.test.ts).
 * @throws FlashFileError when the file is missing or has another size.
 */
export function checkFlashFile(path: string, geometry: Pick<FlashGeometry, "bytes">): void {
  if (!existsSync(path)) throw new FlashFileError(`there is no flash file ${path}; flash the unit first`);
  const have = statSync(path).size;
  if (have !== geometry.bytes) {
    throw new FlashFileError(
      `the flash file ${path} has ${have} bytes (expected ${geometry.bytes}): it is damaged, or was written with another flash map. Restore it, or make the unit again: latchkey factory make`,
    );
  }
}

/** Opens a unit's flash. Throws FlashFileError as checkFlashFile does. */
export function openFlashFile(path: string, geometry: FlashGeometry, cut?: PowerCut): FlashFile {
  checkFlashFile(path, geometry);
  const file = openSync(path, "r+");
  let operations = 0;

  function read(address: number, byteLength: number): Uint8Array {
    const bytes = new Uint8Array(byteLength);
    if (address < 0 || address + byteLength > geometry.bytes) return bytes.fill(0xff);
    readSync(file, bytes, 0, byteLength, address);
    return bytes;
  }
  /** Performs one operation whole, or torn with the power gone. */
  function perform(whole: () => void, torn: (tear: "half" | "last-byte") => void): void {
    const isCut = cut !== undefined && operations === cut.operation;
    operations++;
    if (!isCut) return whole();
    if (cut.tear === "after") whole();
    else if (cut.tear !== "before") torn(cut.tear);
    fsyncSync(file);
    cut.fail();
  }
  return {
    sectorBytes: geometry.sectorBytes,
    writeBytes: geometry.writeBytes,
    byteLength: geometry.bytes,
    read,
    write(address, bytes) {
      const inRange = address >= 0 && address + bytes.length <= geometry.bytes;
      if (!inRange || address % geometry.writeBytes !== 0 || bytes.length % geometry.writeBytes !== 0) return false;
      const held = read(address, bytes.length).map((byte, i) => byte & (bytes[i] as number));
      const put = (byteLength: number) => writeSync(file, held, 0, byteLength, address);
      perform(
        () => put(held.length),
        (tear) => put(tear === "half" ? held.length >> 1 : held.length - 1),
      );
      return held.every((byte, i) => byte === bytes[i]);
    },
    eraseSector(address) {
      if (address < 0 || address + geometry.sectorBytes > geometry.bytes || address % geometry.sectorBytes !== 0)
        return false;
      const erased = new Uint8Array(geometry.sectorBytes).fill(0xff);
      perform(
        () => writeSync(file, erased, 0, erased.length, address),
        (tear) => writeSync(file, erased, 0, tear === "half" ? erased.length >> 1 : erased.length - 1, address),
      );
      return true;
    },
    operations: () => operations,
    close: () => closeSync(file),
  };
}
