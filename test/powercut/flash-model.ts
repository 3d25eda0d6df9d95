/**
 * Flash as chips behave, with power that fails at a chosen operation. An erase sets bits of a sector, a write clears
 * bits of erased bytes only, page by page; where a word can be written once, a second write of it is refused.
 */
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import type { Flash } from "#device/port.ts";

export interface Geometry {
  readonly name: string;
  readonly sectorBytes: number;
  readonly writeBytes: number;
  /** Whose flash map it has; one that just fits the images when absent. */
  readonly board?: Board;
}

/** A board's own flash, with its map. */
export function boardGeometry(name: string): Geometry {
  const board = readBoard(name);
  return { name, sectorBytes: board.flash.sectorBytes, writeBytes: board.flash.writeBytes, board };
}

export const GEOMETRIES: readonly Geometry[] = [
  { name: "nor-4k", sectorBytes: 4096, writeBytes: 1 },
  { name: "nor-128k", sectorBytes: 131072, writeBytes: 1 },
  { name: "write-once-8", sectorBytes: 4096, writeBytes: 8 },
];

/** How far the operation got at which the power failed. */
export const TEARS = ["before", "half", "last-byte", "after"] as const;
export type Tear = (typeof TEARS)[number];

/** Thrown where the power fails: nothing that the unit holds in memory survives. */
export class PowerCut extends Error {
  override name = "PowerCut";
}

export interface FlashModel extends Flash {
  readonly bytes: Uint8Array;
  /** Operations so far, counted over all starts. */
  ops: number;
  /** The power fails at this operation, and then `cutAt` is never reached again. */
  cutAt: number;
  tear: Tear;
  /** Cuts after the first, each so many operations after the one before. */
  readonly laterCuts: { afterOps: number; tear: Tear }[];
  /** Sectors that no longer take a write. */
  readonly worn: Set<number>;
  /** Erases of each sector, by its number. */
  readonly erases: Map<number, number>;
}

const PAGE_BYTES = 256;

export function flashModel(geometry: Geometry, bytes: Uint8Array): FlashModel {
  const { sectorBytes, writeBytes } = geometry;
  const model: FlashModel = {
    sectorBytes,
    writeBytes,
    byteLength: bytes.length,
    bytes,
    ops: 0,
    cutAt: -1,
    tear: "before",
    laterCuts: [],
    worn: new Set(),
    erases: new Map(),
    read(address, byteLength) {
      if (address < 0 || address + byteLength > bytes.length) throw new RangeError(`read ${address}+${byteLength}`);
      return bytes.subarray(address, address + byteLength);
    },
    write(address, data) {
      if (address % writeBytes !== 0 || data.length % writeBytes !== 0)
        throw new RangeError(`unaligned write ${address}`);
      for (let at = 0; at < data.length; ) {
        const size = Math.min(PAGE_BYTES - ((address + at) % PAGE_BYTES), data.length - at);
        if (!program(address + at, data.subarray(at, at + size))) return false;
        at += size;
      }
      return true;
    },
    eraseSector(address) {
      if (address % sectorBytes !== 0) throw new RangeError(`unaligned erase ${address}`);
      const sector = address / sectorBytes;
      model.erases.set(sector, (model.erases.get(sector) ?? 0) + 1);
      gate((tear) => {
        if (tear === "half") bytes.fill(0xff, address, address + sectorBytes / 2);
        // An erase that stops short leaves some bits set and others as they were, all over the sector.
        else
          for (let i = address; i < address + sectorBytes; i++)
            bytes[i] = (bytes[i] as number) | (Math.imul(i, 0x9e3779b1) >>> 24);
      });
      if (model.worn.has(sector)) return false;
      bytes.fill(0xff, address, address + sectorBytes);
      if (model.tear === "after" && model.ops === model.cutAt + 1) throw new PowerCut();
      return true;
    },
  };

  /** Lets an operation through, or fails the power within it. */
  function gate(torn: (tear: Tear) => void): void {
    const op = model.ops++;
    if (op !== model.cutAt || model.tear === "after") return;
    if (model.tear !== "before") torn(model.tear);
    throw new PowerCut();
  }

  function program(address: number, data: Uint8Array): boolean {
    if (model.worn.has(Math.floor(address / sectorBytes))) {
      model.ops++;
      return false;
    }
    const put = (byteLength: number) => {
      for (let i = 0; i < byteLength; i++) bytes[address + i] = (bytes[address + i] as number) & (data[i] as number);
    };
    for (let i = 0; i < data.length; i++) {
      // A write that meets bytes that aren't erased is a fault of ours on every board that we support.
      if (bytes[address + i] !== 0xff) return false;
    }
    gate((tear) => put(tear === "half" ? data.length >> 1 : data.length - 1));
    put(data.length);
    if (model.tear === "after" && model.ops === model.cutAt + 1) throw new PowerCut();
    return true;
  }

  return model;
}
