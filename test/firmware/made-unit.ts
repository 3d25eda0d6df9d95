/** An emulated unit that runs a script of a test's own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "#base/utf8.ts";
import { type Maker, makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { whileProgressing } from "../progress.ts";
import { hearing } from "./heard.ts";

export interface Bench {
  readonly station: SimStation;
  readonly maker: Maker;
  readonly flashPath: string;
}

/**
 * Makes one and switches it on.
 * @param radio HOST:PORT of an air; port 1 where none is wanted.
 * @param more  Further arguments for the unit's process.
 */
export async function benchUnit(
  board: string,
  script: string | Uint8Array,
  radio = "127.0.0.1:1",
  more: readonly string[] = [],
): Promise<Bench> {
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-firmware-")), "flash.bin");
  const maker = await makeBareUnit(board, flashPath, typeof script === "string" ? utf8(script) : script);
  const station = openSimStation(readBoard(board), flashPath, radio, more);
  await station.power(true);
  return { station, maker, flashPath };
}

const heardOf = hearing((unit: Child, hear: (line: string) => void) => unit.onLine(hear));

/**
 * Resolves with the first console line that matches, behind the last one that was waited for: several lines may come at once. Rejects
 * with what the unit said once it falls silent.
 */
export function lineOf(station: SimStation, pattern: RegExp): Promise<RegExpExecArray> {
  const unit = station.unit();
  if (unit === undefined) return Promise.reject(new Error("the unit has no power"));
  const heard = heardOf(unit);
  const { items: lines } = heard;
  let at = heard.next;
  return whileProgressing(
    (progress) =>
      new Promise((resolve) => {
        const look = () => {
          for (; at < lines.length; at++) {
            progress();
            const found = pattern.exec(lines[at] as string);
            if (found === null) continue;
            heard.looks.delete(look);
            heard.next = Math.max(heard.next, at + 1);
            return resolve(found);
          }
        };
        heard.looks.add(look);
        look();
      }),
    () => `no line ${pattern}; the unit said: ${lines.join(" | ")} ${unit.errors()}`,
  );
}
