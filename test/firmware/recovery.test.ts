/** A unit with nothing left that verifies is brought back over its console, by a signed release and by nothing else. */
import { closeSync, mkdtempSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { buildNative, flashBareUnit, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { type Emulator, powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { type ReleaseFile, writeReleaseFile } from "#cloud/releases/release-file.ts";
import { type RecoveryImages, recover } from "#factory/recover.ts";
import { imagePaths } from "#firmware/image.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { encodeJournal, readJournal } from "#wire/flash/journal.ts";
import { COMPONENT } from "#wire/releases/release.ts";

const EPOCH = 2;
const hello = (name: string) =>
  utf8(`native.console.write(Uint8Array.from("hello from ${name}\\n",c=>c.charCodeAt(0)))`);

let emulator: Emulator | undefined;
afterEach(() => emulator?.cut());

interface Bed {
  readonly board: Board;
  readonly flashPath: string;
  readonly native: Uint8Array;
  release(sequence: number, epoch: number, seed: Uint8Array, images: ReadonlyMap<number, Uint8Array>): ReleaseFile;
  readonly seed: Uint8Array;
}

async function bedOf(name: string): Promise<Bed> {
  const board = readBoard(name);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-recovery-")), "flash.bin");
  const maker = throwawayMaker();
  const native = await buildNative(name);
  flashBareUnit(board, flashPath, maker, native, hello("release 1"));
  return {
    board,
    flashPath,
    native,
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
async function attempt({ board, flashPath }: Bed, given: RecoveryImages, cutAtBlock = -1): Promise<string> {
  const unit = await startEmulator({ board: board.name, flashPath, kernel: imagePaths(board.name).boot });
  emulator = unit;
  const line = {
    write: (bytes: Uint8Array) => void unit.process.stdin?.write(bytes),
    onBytes: (see: (bytes: Uint8Array) => void) => void unit.process.stdout?.on("data", see),
  };
  let blocks = 0;
  const cut = new Promise<string>((resolve) => {
    const count = () => {
      if (++blocks === cutAtBlock) void powerOff(unit, board.name).then(() => resolve("cut"));
    };
    recover(line, given, count).then(
      () => resolve("recovered"),
      (error: Error) => resolve(error.message),
    );
  });
  const words = await cut;
  await powerOff(unit, board.name);
  return words;
}

/** What the bundle that starts says. */
async function said({ board, flashPath }: Bed): Promise<string> {
  const unit = await startEmulator({ board: board.name, flashPath, kernel: imagePaths(board.name).boot });
  emulator = unit;
  let text = "";
  const words = await new Promise<string>((resolve) => {
    setTimeout(() => resolve(text), 20_000).unref();
    unit.process.stdout?.on("data", (chunk) => {
      text += chunk;
      const found = /hello from (.*)\n|boot: no image verifies/.exec(text);
      if (found !== null) resolve(found[1] ?? found[0]);
    });
  });
  await powerOff(unit, board.name);
  return words;
}

test.each(["qemu-mps2", "qemu-sf2"])("%s: only what its maker signed, whole or again after a cut", async (name) => {
  const bed = await bedOf(name);
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
  const other = new Map(images).set(COMPONENT.native, bed.native.slice().fill(0, 4000, 4100));
  expect(await attempt(bed, given(good, other))).toMatch(/LEAVES_HASH/);
  expect(await attempt(bed, given(good), 40)).toBe("cut");
  expect(await said(bed)).toBe("boot: no image verifies");

  const path = join(bed.flashPath, "..", "good.release");
  writeReleaseFile(path, good);
  const words: string[] = [];
  const verb = startProgram("src/cli/main.ts", ["recover", path, "--board", name, "--flash", bed.flashPath]);
  verb.onLine((line) => words.push(line));
  expect(await verb.exited, verb.errors()).toBe(0);
  expect(words.join()).toMatch(/^release 2 written in \d+ blocks; the unit says: boot native A js A$/);
  expect(await said(bed)).toBe("release 2");
  expect(journalOf(bed)).toMatchObject({ confirmed: { sequence: 2, epoch: EPOCH, slots: 0 } });
});

test("an image that still verifies is kept until the new one is whole", async () => {
  const bed = await bedOf("qemu-mps2");
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
