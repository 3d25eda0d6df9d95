/** The boot stage's decision in C gives the answers of test/vectors/boot, as the one in TypeScript does. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex, toHex, viewOf } from "#base/bytes.ts";
import { startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheck } from "./build-check.ts";
import { saidUntil } from "./console.ts";

interface Vector {
  readonly name: string;
  readonly input: {
    readonly writeBytes: number;
    readonly banks: readonly [string, string];
    readonly reason: string;
    readonly components: number;
    readonly valid: readonly string[];
  };
  readonly expect: { slots: number; isTrial: boolean; write?: { offset: number; bytes: string } };
}

const REASONS = ["power", "requested", "update", "fault", "watchdog", "out-of-memory", "exception"];
const CASES_START = 0x200000;
const CASE_BYTES = 0x3000;
const BANK_BYTES = 4096;

const ALL = JSON.parse(readFileSync("test/vectors/boot/decision.json", "utf8")) as Vector[];
/** The C is for boards with both components. */
const NATIVE = ALL.filter(({ input }) => input.components === 3);

test("there are vectors for flash that is written byte by byte, and for words that are written once", () => {
  expect(NATIVE.filter(({ input }) => input.writeBytes === 1).length).toBeGreaterThan(20);
  expect(NATIVE.filter(({ input }) => input.writeBytes > 1).length).toBeGreaterThan(0);
});

test.each([...new Set(NATIVE.map(({ input }) => input.writeBytes))])(
  "every vector of a native board, words of %i",
  async (word) => {
    const vectors = NATIVE.filter(({ input }) => input.writeBytes === word);
    const flash = new Uint8Array(readBoard("qemu-mps2").flash.bytes).fill(0xff);
    vectors.forEach(({ input }, i) => {
      const at = CASES_START + i * CASE_BYTES;
      const valid = input.valid.reduce((mask, each) => mask | (1 << (2 * Number(each[0]) + Number(each[2]))), 0);
      viewOf(flash).setUint32(at, 1, true);
      viewOf(flash).setUint32(at + 4, REASONS.indexOf(input.reason), true);
      viewOf(flash).setUint32(at + 8, valid, true);
      input.banks.forEach((bank, k) => {
        flash.set(fromHex(bank) as Uint8Array, at + 0x1000 + k * BANK_BYTES);
      });
    });
    const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-decide-")), "flash.bin");
    writeFileSync(flashPath, flash);
    const parts = ["decide", "journal", "record-log"];
    const { elf: kernel } = await buildCheck("qemu-mps2", "test/firmware/decide-check.c", parts, "boot", word);
    const emulator = await startEmulator({ board: "qemu-mps2", flashPath, kernel });
    const text = await saidUntil(emulator, /done/);
    await emulator.cut();
    const answers = text.split("end").map((part) => part.trim().split(/\s+/).map(Number));
    vectors.forEach(({ name, expect: want }, i) => {
      const [slots = 0, isTrial, offset, ...written] = answers[i] as number[];
      const got = {
        slots: slots - 1,
        isTrial: isTrial === 1,
        write: written.length === 0 ? undefined : { offset, bytes: toHex(Uint8Array.from(written)) },
      };
      expect(got, name).toEqual({ slots: want.slots, isTrial: want.isTrial, write: want.write });
    });
  },
);
