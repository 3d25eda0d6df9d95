/** NOR flash in memory, with power that fails at a chosen write or erase. */
import type { Flash } from "#device/port.ts";

const SECTOR_BYTES = 4_096;

/** Thrown where the power fails: what the unit holds in memory is gone. */
export class PowerCut extends Error {
  override name = "PowerCut";
}

export interface MemoryFlash extends Flash {
  /** Writes and erases so far. */
  operations: number;
  /** The power fails half-way in the operation with this number. */
  cutAt: number;
}

export function createMemoryFlash(byteLength: number): MemoryFlash {
  const bytes = new Uint8Array(byteLength).fill(0xff);
  /** Whether the power fails in this operation. */
  const isCut = () => flash.operations++ === flash.cutAt;
  const flash: MemoryFlash = {
    ...{ sectorBytes: SECTOR_BYTES, writeBytes: 1, byteLength, operations: 0, cutAt: -1 },
    read: (address, length) => bytes.subarray(address, address + length),
    write(address, data) {
      const isLast = isCut();
      const written = isLast ? data.subarray(0, data.length >> 1) : data;
      if (written.some((_, i) => bytes[address + i] !== 0xff)) return false;
      bytes.set(written, address);
      if (isLast) throw new PowerCut("the power failed in a write");
      return true;
    },
    eraseSector(address) {
      const isLast = isCut();
      bytes.fill(0xff, address, address + (isLast ? SECTOR_BYTES / 2 : SECTOR_BYTES));
      if (isLast) throw new PowerCut("the power failed in an erase");
      return true;
    },
  };
  return flash;
}
