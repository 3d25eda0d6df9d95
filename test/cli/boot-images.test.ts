/** What a chip starts first, as it is written beside the regions of the map. */
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { aroundRegions } from "#cli/board/boot-images.ts";
import { flashSegments } from "#factory/flasher/flash-segments.ts";

test("an ESP32's loader, table and boot stage leave room for the journal between them", () => {
  const board = readBoard("esp32c3");
  const { journal, boot } = board.flash.regions as Record<string, { start: number; bytes: number }>;
  if (journal === undefined || boot === undefined) throw new Error("the map has no journal or no boot stage");
  const image = new Uint8Array(boot.start + 50_000).fill(0x5a);
  const parts = aroundRegions(image, board);
  const journalImage = { address: journal.start, bytes: new Uint8Array(100) };
  const segments = flashSegments([...parts, journalImage], board.flash.sectorBytes);
  const held = new Uint8Array(image.length + board.flash.sectorBytes);
  for (const { address, bytes } of segments) held.set(bytes, address);
  expect(held.subarray(0, journal.start).every((byte) => byte === 0x5a)).toBe(true);
  expect(held.subarray(boot.start, image.length).every((byte) => byte === 0x5a)).toBe(true);
  expect(held[journal.start]).toBe(0);
});

test("an image that ends before any region stays whole", () => {
  const parts = aroundRegions(new Uint8Array(1_000), readBoard("esp32c3"));
  expect(parts.map(({ address, bytes }) => [address, bytes.length])).toEqual([[0, 1_000]]);
});
