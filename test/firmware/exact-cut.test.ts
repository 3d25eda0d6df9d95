/**
 * The booted images lose their power at an exact flash operation of updates of native image and bundle, torn in one of four
 * ways, in the boot stage as in the runtime, and come back every time. Seeded: each start is cut within its first
 * operations, and the next one shows what became of it. LATCHKEY_CUTS sets how often; `all` cuts every operation of one
 * update in every way, each from the flash as it stood there, which takes hours.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type FlashOperation, torn } from "#boards/qemu-mps2/host/flash-watch.ts";
import { TEAR_MODES, type TearMode } from "#boards/sim/host/flash-file.ts";
import { seededFractions } from "#boards/sim/host/seeded-fractions.ts";
import { testOnNativeBoards, times } from "../tier.ts";
import { judgeSession, newRecord, runSession, type UpdateBed, updateBed } from "./update-bed.ts";

const CUTS = process.env.LATCHKEY_CUTS ?? String(times(8, 16));
/** Operations that a start gets to see at most; an update has some thousand. */
const REACH = 40;
const CONFIRMED = /^state 2 0 none/m;

/** Whether an operation belongs to compiled code, of which a first start writes a thousand pieces. */
function isCode({ board }: UpdateBed, { address }: FlashOperation): boolean {
  return ["codeA", "codeB"].some((name) => {
    const { start = 0, bytes = 0 } = board.flash.regions[name] ?? {};
    return address >= start && address < start + bytes;
  });
}

async function seededCuts(bed: UpdateBed, count: number): Promise<void> {
  const record = newRecord();
  const fraction = seededFractions(20_261_125);
  for (let i = 0; i < count; i++) {
    const at = Math.floor(fraction() * REACH);
    const tear = TEAR_MODES[Math.floor(fraction() * TEAR_MODES.length)] as TearMode;
    // Every eighth cut may hit the compiler's writes; the others let it come to its end, as it must once a bundle.
    let others = 0;
    const isHit = (operation: FlashOperation, number: number) =>
      i % 8 === 7 ? number === at : !isCode(bed, operation) && others++ === at;
    const session = await runSession(bed, {
      judge: (operation, number) => (isHit(operation, number) ? { tear } : "pass"),
    });
    try {
      judgeSession(bed, record, session);
      expect(record.refetchedSectorsMax).toBeLessThanOrEqual(1);
    } catch (error) {
      throw new Error(`cut ${i} at operation ${at}, ${tear}: ${(error as Error).message}\n${session.text}`);
    }
  }
  // The updates went on between the cuts, or the test would show nothing.
  expect(record.begun.size + 100 * record.sequence).toBeGreaterThan(100);
}

async function everyCut({ board, flashPath }: UpdateBed): Promise<void> {
  const flash = new Uint8Array(readFileSync(flashPath));
  const { operations } = await runSession({ board, flashPath }, { until: CONFIRMED });
  const folder = mkdtempSync(join(tmpdir(), "latchkey-every-"));
  for (const [number, operation] of operations.entries()) {
    const end = operation.address + (operation.kind === "erase" ? board.flash.sectorBytes : operation.bytes.length);
    const before = flash.slice(operation.address, end);
    for (const tear of TEAR_MODES) {
      const bed = { board, flashPath: join(folder, "flash.bin") };
      flash.set(torn(before, operation, tear), operation.address);
      writeFileSync(bed.flashPath, flash);
      const record = newRecord();
      judgeSession(bed, record, { text: "", operations: operations.slice(0, number + 1) });
      judgeSession(bed, record, await runSession(bed, { until: CONFIRMED }));
      expect(record.refetchedSectorsMax, `operation ${number}, ${tear}`).toBeLessThanOrEqual(1);
    }
  }
  rmSync(folder, { recursive: true });
}

testOnNativeBoards("%s comes back from every torn operation", async (board) => {
  if (CUTS === "all") await everyCut(await updateBed(board, { releases: 1 }));
  else await seededCuts(await updateBed(board), Number(CUTS));
});
