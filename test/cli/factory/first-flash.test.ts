/** What the line gives a bare unit in place of a random source: a seed of its own, where its board.json says that it needs one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { toHex, viewOf } from "#base/bytes.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { firstFlash } from "#cli/factory/first-flash.ts";
import { crc32 } from "#codec/crc.ts";
import { decodeReleaseFile } from "#trust/host/release-file.ts";
import { testKeys, testRelease } from "../../cloud/broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-first-flash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { roots, signedKeyset } = testKeys(folder, "lamp");
const release = decodeReleaseFile(testRelease(folder, "lamp", 1, new Uint8Array(500).fill(32)), "lamp.release");
const sim = readBoard("sim");
const ENTROPY = { start: 1179648, bytes: 8192 };
const withoutSource: Board = {
  ...sim,
  flash: { ...sim.flash, regions: { ...sim.flash.regions, entropy: ENTROPY } },
};
const imagesFor = (board: Board) =>
  firstFlash({ product: "lamp", hardwareRevision: 1 }, board, release, { roots, keySet: signedKeyset }, "lamp.release");

it("a board without a random source gets record 1 of a seed that no other unit has", () => {
  const seeds = [1, 2, 3].map(() => {
    const record = imagesFor(withoutSource).find(({ address }) => address === ENTROPY.start)?.bytes;
    if (record === undefined) throw new Error("no seed");
    expect([record.length, viewOf(record).getUint32(0, true)]).toEqual([40, 1]);
    expect(viewOf(record).getUint32(36, true)).toBe(crc32(record.subarray(0, 36)));
    return toHex(record.subarray(4, 36));
  });
  expect(new Set(seeds).size).toBe(3);
});

it("a board with a source of its own gets none, and so makes a key that no station ever could", () => {
  expect(imagesFor(sim).some(({ address }) => address === ENTROPY.start)).toBe(false);
  expect(imagesFor(sim).length).toBe(imagesFor(withoutSource).length - 1);
});
