import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BoardIo, BoardPins } from "#base/board-io.ts";
import { placeOfJsonFault } from "#codec/host/json-place.ts";
import { readText } from "#trust/host/files.ts";

export interface Region {
  readonly start: number;
  readonly bytes: number;
}

export interface Board {
  readonly name: string;
  readonly chip: string;
  /** The chip, as "esp32c6", whose loader in ROM writes the flash over a serial line. */
  readonly loader?: string;
  readonly hardwareRevision?: number;
  /** Countries whose rules the radio knows, separated by spaces; any where absent. */
  readonly countries?: string;
  readonly flash: {
    readonly bytes: number;
    readonly sectorBytes: number;
    readonly writeBytes: number;
    readonly regions: Readonly<Record<string, Region>> & {
      readonly settings: Region;
      readonly journal: Region;
      readonly jsA: Region;
      readonly jsB: Region;
    };
  };
  readonly pins: BoardPins;
  readonly io?: BoardIo;
  /** The chip's number of each input. */
  readonly inputs?: Readonly<Record<string, number>>;
  /** The input that is the unit's button. */
  readonly button?: string;
  /** Whether the chip can seal the device key by a key in its fuses, once such a key was burned. */
  readonly chipSecret?: boolean;
  /** Absent on a board that can't sleep. */
  readonly sleep?: { readonly pins: readonly string[] };
  readonly network: { readonly tcpPort: number; readonly portalPort?: number; readonly broadcast: string };
  readonly budgets: {
    readonly bundleBytes: number;
    readonly heapBytes: number;
    readonly stackBytes?: number;
    readonly [budget: string]: number | undefined;
  };
}

/** The modules that carry a board's chip: boards/NAME/module.json. */
export interface Module {
  /** What is known of it, to be read behind its name. */
  readonly notice: string;
  /** Where the names of pins and io are on it, and what to connect there. */
  readonly wiring: Readonly<Record<string, string>>;
}

/** There is no such board; the message says where boards are. */
class BoardError extends Error {
  override name = "BoardError";
}

/** The boards that an app can be built for. */
export function boardNames(): readonly string[] {
  return readdirSync("boards").filter((name) => existsSync(join("boards", name, "board.json")));
}

/** Reads boards/NAME/board.json. Throws BoardError. */
export function readBoard(name: string): Board {
  const path = join("boards", name, "board.json");
  if (!/^[\w-]+$/.test(name) || !existsSync(path)) {
    throw new BoardError(`there is no board ${name} (expected one of ${boardNames().join(", ")})`);
  }
  const text = readText(path);
  try {
    return JSON.parse(text) as Board;
  } catch (error) {
    const { line, column } = placeOfJsonFault(text, error as Error);
    throw new BoardError(`${path}:${line}:${column}: this is not JSON`);
  }
}

/** Reads boards/NAME/module.json; undefined for a board that nobody can hold. */
export function readModule(name: string): Module | undefined {
  const path = join("boards", name, "module.json");
  return existsSync(path) ? (JSON.parse(readText(path)) as Module) : undefined;
}
