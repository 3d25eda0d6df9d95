/** Every board's description fits the schema, and its flash map holds together. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";

const names = readdirSync("boards", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`boards/${entry.name}/board.json`))
  .map((entry) => entry.name);
const validate = new Ajv({ allErrors: true, strict: false }).compile(
  JSON.parse(readFileSync("boards/board.schema.json", "utf8")),
);

test.each(names)("%s fits the schema", (name) => {
  const board = readBoard(name);
  validate(board);
  expect(validate.errors ?? []).toEqual([]);
  expect(board.name).toBe(name);
});

test.each(names)("%s's regions are whole sectors within the flash, and none overlaps another", (name) => {
  const { flash } = readBoard(name);
  const regions = Object.entries(flash.regions).sort(([, a], [, b]) => a.start - b.start);
  let end = 0;
  for (const [region, { start, bytes }] of regions) {
    expect([region, start % flash.sectorBytes, bytes % flash.sectorBytes]).toEqual([region, 0, 0]);
    expect(start, region).toBeGreaterThanOrEqual(end);
    end = start + bytes;
  }
  expect(end).toBeLessThanOrEqual(flash.bytes);
});

test("a description with a wrong key or a missing region is refused", () => {
  const sim = JSON.parse(readFileSync("boards/sim/board.json", "utf8"));
  expect(validate({ ...sim, flsh: {} })).toBe(false);
  expect(validate({ ...sim, flash: { ...sim.flash, regions: {} } })).toBe(false);
});
