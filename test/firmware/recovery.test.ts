/**
 * A unit with nothing left that verifies is brought back over its console, by a signed release and by nothing else. On the
 * emulated boards a native image of a few kilobytes stands in for the real one, since each byte on their serial lines is
 * slow; the boot stage as a program of this machine takes images of full size.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { type RecoveryImages, recover, type SerialLine } from "#factory/recover.ts";
import { buildHost, HOST_FLASH_BYTES, HOST_LAYOUT } from "#firmware/host.ts";
import { buildBoot } from "#firmware/image.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { type ReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { encodeJournal, readJournal } from "#wire/flash/journal.ts";
import { BLOCK_BYTES } from "#wire/releases/blocks.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { imageSets } from "../powercut/images.ts";
import { whileProgressing } from "../progress.ts";
import { testOnNativeBoards } from "../tier.ts";
import { buildCheck } from "./build-check.ts";

const EPOCH = 2;
/** As long as the firmware of a real board. */
const FULL_BYTES = 450_000;
const hello = (name: string) => utf8(`native.console.write(Uint8Array.from("hello from ${name}.",c=>c.charCodeAt(0)))`);

/** A unit with power, and its console. */
interface PoweredUnit {
  readonly line: SerialLine;
  cut(): Promise<void>;
}

let unit: PoweredUnit | undefined;
afterEach(() => unit?.cut());

interface Bed {
  readonly board: Board;
  readonly flashPath: string;
  readonly native: Uint8Array;
  start(): Promise<PoweredUnit>;
  release(sequence: number, epoch: number, seed: Uint8Array, images: ReadonlyMap<number, Uint8Array>): ReleaseFile;
  readonly seed: Uint8Array;
}

/** @param place A board's name, or "host" for the boot stage as a program of this machine. */
async function bedOf(place: string): Promise<Bed> {
  const board = readBoard(place === "host" ? HOST_LAYOUT : place);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-recovery-")), "flash.bin");
  const maker = throwawayMaker();
  const { native, start } = place === "host" ? await onHost(flashPath) : await onBoard(place, flashPath);
  flashBareUnit(board, flashPath, maker, native, hello("release 1"));
  if (place === "host") truncateSync(flashPath, HOST_FLASH_BYTES);
  return {
    ...{ board, flashPath, native, start },
    seed: maker.releaseSeed,
    release: (sequence, epoch, seed, images) =>
      signReleaseFile(
        buildRelease({
          ...{ product: "bench", sequence, hardware: [1], consent: "auto", epoch, notAfterS: undefined },
          ...{ images, bases: [] },
        }),
        seed,
      ),
  };
}

async function onBoard(board: string, flashPath: string): Promise<Pick<Bed, "native" | "start">> {
  const kernel = (await buildBoot(board)).elf;
  const { binary } = await buildCheck(board, "test/firmware/stand-in.c", [], "main");
  return {
    native: new Uint8Array(readFileSync(binary)),
    async start() {
      const emulator = await startEmulator({ board, flashPath, kernel });
      return {
        line: {
          write: (bytes) => void emulator.process.stdin?.write(bytes),
          onBytes: (see) => void emulator.process.stdout?.on("data", see),
        },
        cut: () => powerOff(emulator, board),
      };
    },
  };
}

async function onHost(flashPath: string): Promise<Pick<Bed, "native" | "start">> {
  const programs = await buildHost();
  const env = { CHIP_FLASH: flashPath, CHIP_BOOT: programs.boot, CHIP_MAIN: programs.main, CHIP_CONSOLE_IN: "1" };
  return {
    native: imageSets(FULL_BYTES, 1000)[0].images.get(COMPONENT.native) as Uint8Array,
    async start() {
      const child = spawn(programs.boot, [], { env, stdio: ["pipe", "pipe", "inherit"] });
      child.stdin.on("error", () => undefined);
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
      return {
        line: {
          write: (bytes) => void child.stdin.write(bytes),
          onBytes: (see) => void child.stdout.on("data", see),
        },
        cut() {
          child.kill("SIGKILL");
          return ended;
        },
      };
    },
  };
}

function put(path: string, address: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, address);
  closeSync(file);
}

function journalOf({ board, flashPath }: Bed) {
  const { regions, sectorBytes, writeBytes } = board.flash;
  const flash = readFileSync(flashPath);
  const read = (at: number, byteLength: number) => flash.subarray(at, at + byteLength);
  return readJournal({ ...regions.journal, sectorBytes, writeBytes }, read).state;
}

/** Spoils images of these slots, heads left whole. */
function spoil({ board, flashPath }: Bed, ...slots: readonly string[]): void {
  for (const slot of slots)
    put(flashPath, (board.flash.regions[slot]?.start ?? 0) + board.flash.sectorBytes + 40, new Uint8Array(64));
}

/** Starts the unit and tries to recover it. @returns How that ended, in words. */
async function attempt(bed: Bed, given: RecoveryImages, cutAtBlock = -1): Promise<string> {
  unit = await bed.start();
  const { line, cut } = unit;
  let blocks = 0;
  const words = await new Promise<string>((resolve) => {
    const count = () => {
      if (++blocks === cutAtBlock) void cut().then(() => resolve("cut"));
    };
    recover(line, given, count).then(
      () => resolve("recovered"),
      (error: Error) => resolve(error.message),
    );
  });
  await cut();
  return words;
}

/** What the bundle that starts says. */
async function said(bed: Bed): Promise<string> {
  unit = await bed.start();
  const { line, cut } = unit;
  let text = "";
  const words = await whileProgressing<string>(
    (progress) =>
      new Promise((resolve) => {
        line.onBytes((bytes) => {
          progress();
          text += Buffer.from(bytes).toString("latin1");
          const found = /hello from (release \d)\.|boot: no image verifies/.exec(text);
          if (found !== null) resolve(found[1] ?? found[0]);
        });
      }),
    () => text,
  );
  await cut();
  return words;
}

/** What a unit without an image that verifies takes, and what it refuses. */
async function takesWhatIsSigned(place: string): Promise<void> {
  const bed = await bedOf(place);
  const { regions, sectorBytes, writeBytes } = bed.board.flash;
  const region = { ...regions.journal, sectorBytes, writeBytes };
  put(
    bed.flashPath,
    regions.journal.start,
    encodeJournal(region, { sequence: 1, epoch: EPOCH, slots: 0 }) as Uint8Array,
  );
  spoil(bed, "nativeA", "jsA");
  const images = new Map([
    [COMPONENT.native as number, bed.native],
    [COMPONENT.js as number, hello("release 2")],
  ]);
  const given = (file: ReleaseFile, own = images) => ({ signed: file.signed as Uint8Array, images: own });
  const good = bed.release(2, EPOCH, bed.seed, images);
  expect(await attempt(bed, given(bed.release(2, EPOCH, crypto.random(32), images)))).toMatch(/RELEASE_SIGNATURE/);
  expect(await attempt(bed, given(bed.release(2, EPOCH - 1, bed.seed, images)))).toMatch(/RELEASE_EPOCH/);
  const half = bed.release(2, EPOCH, bed.seed, new Map([[COMPONENT.js, hello("release 2")]]));
  expect(await attempt(bed, given(half))).toMatch(/RELEASE_COMPONENT/);
  const other = new Map(images).set(COMPONENT.native, bed.native.slice().fill(0, 400, 500));
  expect(await attempt(bed, given(good, other))).toMatch(/LEAVES_HASH/);
  // The list of leaves comes first, then the blocks: a cut in the middle of the native image.
  const middle = 1 + Math.ceil(Math.ceil(bed.native.length / BLOCK_BYTES) / 2);
  expect(await attempt(bed, given(good), middle)).toBe("cut");
  expect(await said(bed)).toBe("boot: no image verifies");
  if (place === "host") expect(await attempt(bed, given(good))).toBe("recovered");
  else await recoverByCommand(bed, place, good);
  expect(await said(bed)).toBe("release 2");
  expect(journalOf(bed)).toMatchObject({ confirmed: { sequence: 2, epoch: EPOCH, slots: 0 } });
}

async function recoverByCommand({ flashPath }: Bed, board: string, file: ReleaseFile): Promise<void> {
  const path = join(flashPath, "..", "good.release");
  writeReleaseFile(path, file);
  const words: string[] = [];
  const verb = startProgram("src/cli/main.ts", ["factory", "recover", path, "--board", board, "--flash", flashPath]);
  verb.onLine((line) => words.push(line));
  expect(await verb.exited, verb.errors()).toBe(0);
  expect(words.join()).toMatch(/^release 2 written in \d+ blocks; the unit says: boot native A js A$/);
}

testOnNativeBoards("%s: only what its maker signed, whole or again after a cut", takesWhatIsSigned);

test("images of full size: only what their maker signed, whole or again after a cut", () => takesWhatIsSigned("host"));

test("an image that still verifies is kept until the new one is whole", async () => {
  const bed = await bedOf("host");
  spoil(bed, "jsA");
  const images = new Map([
    [COMPONENT.native as number, bed.native],
    [COMPONENT.js as number, hello("release 2")],
  ]);
  const given = { signed: bed.release(2, 0, bed.seed, images).signed as Uint8Array, images };
  expect(await attempt(bed, given, 100)).toBe("cut");
  // The other native slot was being written: the old image is still there, so a bundle alone is enough.
  const only = new Map([[COMPONENT.js as number, hello("release 3")]]);
  const bundle = { signed: bed.release(3, 0, bed.seed, only).signed as Uint8Array, images: only };
  expect(await attempt(bed, bundle)).toBe("recovered");
  expect(await said(bed)).toBe("release 3");
  spoil(bed, "jsA");
  expect(await attempt(bed, given)).toBe("recovered");
  expect(await said(bed)).toBe("release 2");
  expect(journalOf(bed).confirmed.slots).toBe(1 << COMPONENT.native);
});
