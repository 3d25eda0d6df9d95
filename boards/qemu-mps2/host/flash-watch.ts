/**
 * Sees every flash operation of an emulated unit before it is done, lets it pass, lets it fail as worn flash does, or
 * takes the power away in it. Works on the images that ship, boot stage and runtime alike, by breakpoints where their
 * flash operations begin.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { viewOf } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import type { TearMode } from "#boards/sim/host/flash-file.ts";
import { CORTEX_M, RISCV } from "#firmware/cores.ts";
import { imagePaths } from "#firmware/image.ts";
import { ARM, openDebugger, RISC_V } from "./debugger.ts";
import { type Emulator, type EmulatorOptions, powerOff, startEmulator } from "./emulator.ts";

export interface FlashOperation {
  readonly kind: "write" | "erase";
  readonly address: number;
  /** What is written; empty for an erase. */
  readonly bytes: Uint8Array;
}

/** What becomes of an operation: `pass`; `worn`: nothing is changed and the unit is told so; or the power fails in it. */
export type Fate = "pass" | "worn" | { readonly tear: TearMode };

export interface WatchedUnit {
  readonly emulator: Emulator;
  /** Resolves when the power failed in an operation, or was taken away otherwise. */
  readonly ended: Promise<void>;
}

const isRiscV = (board: string) => board === "qemu-riscv";

const symbolsKnown = new Map<string, readonly (readonly [name: string, address: number])[]>();

/** Where the firmware of a board counts its flash operations, restarts included (chip_flash_operations, firmware/main/sections.ld). */
export const operationsAddress = (board: string): number => (isRiscV(board) ? 0x80200000 : 0x20000000);

/** Where both images begin a flash operation. */
function entries(board: string): readonly (readonly [name: string, address: number])[] {
  const known = symbolsKnown.get(board);
  if (known !== undefined) return known;
  const { boot } = imagePaths(board);
  const { tools } = isRiscV(board) ? RISCV : CORTEX_M;
  const found = [boot, join(boot, "..", "main.elf")].flatMap((elf) =>
    [
      ...execFileSync(`${tools}nm`, [elf])
        .toString()
        .matchAll(/^([0-9a-f]+) T chip_flash_(write|erase)$/gm),
    ].map(([, address, name]) => [name as string, Number.parseInt(address as string, 16)] as const),
  );
  if (found.length !== 4) throw new Error("boot stage and runtime have chip_flash_write and chip_flash_erase each");
  symbolsKnown.set(board, found);
  return found;
}

/** How an operation stands in flash when the power failed in it, given what stood there before. */
export function torn(before: Uint8Array, operation: FlashOperation, tear: TearMode): Uint8Array {
  if (tear === "before") return before;
  const { kind, bytes } = operation;
  if (kind === "erase") {
    if (tear === "after") return before.slice().fill(0xff);
    if (tear === "half") return before.slice().fill(0xff, 0, before.length / 2);
    // An erase that stops short leaves some bits set and others as they were, all over the sector.
    return before.map((byte, i) => byte | (Math.imul(operation.address + i, 0x9e3779b1) >>> 24));
  }
  const most = tear === "half" ? bytes.length >> 1 : tear === "last-byte" ? bytes.length - 1 : bytes.length;
  return before.map((byte, i) => (i < most ? byte & (bytes[i] as number) : byte));
}

/** Puts an operation into a flash file as the tear leaves it. */
function tearFile(path: string, operation: FlashOperation, byteLength: number, tear: TearMode): void {
  const file = openSync(path, "r+");
  const before = new Uint8Array(byteLength);
  readSync(file, before, 0, byteLength, operation.address);
  writeSync(file, torn(before, operation, tear), 0, byteLength, operation.address);
  closeSync(file);
}

/** Starts a unit whose flash operations are judged one by one, from the boot stage's first. */
export async function watchFlash(
  options: Omit<EmulatorOptions, "kernel">,
  judge: (operation: FlashOperation) => Fate,
): Promise<WatchedUnit> {
  const { board, flashPath } = options;
  const folder = mkdtempSync(join(tmpdir(), "latchkey-watch-"));
  const path = join(folder, "debugger");
  const more = ["-S", "-chardev", `socket,id=debugger,path=${path},server=on,wait=off`, "-gdb", "chardev:debugger"];
  const kernel = imagePaths(board).boot;
  const emulator = await startEmulator({ ...options, kernel, more: [...more, ...(options.more ?? [])] });
  void emulator.exited.then(() => rmSync(folder, { recursive: true, force: true }));
  const { sectorBytes } = readBoard(board).flash;
  const core = isRiscV(board) ? RISC_V : ARM;
  const line = await openDebugger(path, core);
  const starts = entries(board);
  for (const [, address] of starts) await line.breakAt(address, true);

  async function watch(): Promise<void> {
    for (let passed = 0; ; ) {
      await line.run();
      const registers = await line.registers();
      const [address = 0, from = 0, byteLength = 0] = core.parameters.map((number) => registers[number] as number);
      const pc = registers[core.pc] as number;
      const kind = starts.find(([, start]) => start === pc)?.[0] as FlashOperation["kind"] | undefined;
      // One step or run in a hundred ends before the instruction has run, or in an interrupt in its place.
      if (kind === undefined) continue;
      const counted = viewOf(await line.read(operationsAddress(board), 4)).getUint32(0, true);
      const isAgain = counted === passed - 1;
      if (counted !== passed && !isAgain)
        throw new Error(`the unit began ${counted} operations, ${passed} were let pass`);
      const bytes = kind === "write" ? await line.read(from, byteLength) : new Uint8Array(0);
      const operation = { kind, address, bytes };
      const fate = isAgain ? "pass" : judge(operation);
      if (fate === "pass") {
        // A core that stands at a breakpoint would stop there again.
        await line.breakAt(pc, false);
        await line.step();
        await line.breakAt(pc, true);
        passed = counted + 1;
      } else if (fate === "worn") {
        await line.setRegister(core.result, 0);
        await line.setRegister(core.pc, (registers[core.returnAddress] as number) & ~1);
      } else {
        await powerOff(emulator, board);
        tearFile(flashPath, operation, kind === "write" ? byteLength : sectorBytes, fate.tear);
        return;
      }
    }
  }
  const ended = watch().catch(async (error: Error) => {
    if (error.message === "the emulator has ended") return void (await emulator.exited);
    await emulator.cut();
    throw error;
  });
  return { emulator, ended };
}
