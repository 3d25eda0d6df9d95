/**
 * A unit whose flash is a NOR chip that is cut in the middle of what it does. The program is the board's, linked once more with a model
 * of such a chip behind an MTD device (nor-chip.c); both the program that is started and the one in the flash's slots.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { FIRMWARE, STRICT } from "#firmware/flags.ts";
import { buildRuntime } from "#firmware/image.ts";
import { ROOT } from "#firmware/layout.ts";
import type { Phase, Place } from "./round.ts";
import { type ChipState, runHere } from "./running.ts";
import { BOARD, type Subject } from "./subject.ts";

const WRAPPED = ["fstat", "ioctl", "pwrite"];
const OPERATIONS = ["none", "program", "erase"] as const;

/** @returns The program's path. @throws when it doesn't compile. */
export async function buildNorProgram(folder: string): Promise<string> {
  const { objects } = await buildRuntime("linux");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "latchkey-unit-nor");
  const kernel = ["/usr/include", "/usr/include/x86_64-linux-gnu"].flatMap((path) => ["-idirafter", path]);
  execFileSync("musl-gcc", [
    ...["-std=gnu11", "-O2", "-D_GNU_SOURCE", `-DFLASH_BYTES=${BOARD.flash.bytes}u`, ...STRICT, `-I${FIRMWARE}`],
    ...[...kernel, "-fno-pie", "-static", "-no-pie", "-s", "-Wl,--gc-sections"],
    ...WRAPPED.map((name) => `-Wl,--wrap=${name}`),
    ...[join(ROOT, "test/linux/cuts/nor-chip.c"), ...objects, "-lm", "-o", program],
  ]);
  return program;
}

/** Words of `struct state` in nor-chip.c. */
const STATE_WORDS = 5;
const CUT_SHARE = 0.75;
/** As many programs and erases as an onboarding has, and as many as are a good part of an update. */
const MOST: Readonly<
  Record<Phase, { readonly programs: number; readonly erases: number; readonly eraseShare: number }>
> = {
  onboarding: { programs: 10, erases: 2, eraseShare: 0.2 },
  update: { programs: 2000, erases: 100, eraseShare: 0.5 },
};

/** Has the chip lose power within an operation, in most rounds; in the others the round takes it at some moment. */
function drawCut(seed: number, phase: Phase): Buffer {
  const random = createRandomSource(seed * 2 + (phase === "update" ? 1 : 0));
  const words = Buffer.alloc(4 * STATE_WORDS);
  if (random.next() >= CUT_SHARE) return words;
  const { programs, erases, eraseShare } = MOST[phase];
  if (random.next() < eraseShare) words.writeUInt32LE(1 + random.below(erases), 16);
  else words.writeUInt32LE(1 + random.below(programs), 12);
  return words;
}

/** What the chip was at when it was cut. */
function takeState(path: string): ChipState {
  const words = readFileSync(path);
  rmSync(path);
  const at = OPERATIONS[words.readUInt32LE(0)] ?? "none";
  return { at, programs: words.readUInt32LE(4), erases: words.readUInt32LE(8) };
}

/** @param subject Whose program is one of buildNorProgram. */
export const onNorChip = (subject: Subject): Place => ({
  kind: "nor",
  async start(flash, radioPort, host, seed, phase) {
    const path = `${flash}.chip`;
    writeFileSync(path, drawCut(seed, phase));
    return { ...runHere(subject, flash, radioPort, host), chip: () => takeState(path) };
  },
});
