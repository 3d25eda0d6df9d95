/** Every board's description fits the schema, and its flash map holds together. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { type Module, readBoard, readModule } from "#boards/sim/host/board.ts";

const names = readdirSync("boards", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`boards/${entry.name}/board.json`))
  .map((entry) => entry.name);
const schemaOf = (name: string) =>
  new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(readFileSync(`boards/${name}.schema.json`, "utf8")));
const validate = schemaOf("board");

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

test.each(names)("%s's slots hold the longest bundle with a quarter to spare, and what is compiled of it", (name) => {
  const { flash, budgets } = readBoard(name);
  const sizes = (region: string) => ["A", "B"].map((slot) => flash.regions[region + slot]?.bytes);
  for (const bytes of sizes("js")) {
    // The first sector holds the slot's head.
    expect(budgets.bundleBytes).toBeLessThanOrEqual(((bytes as number) - flash.sectorBytes) * 0.75);
  }
  // docs/PORTING.md
  for (const bytes of sizes("code")) {
    if (bytes !== undefined) expect(bytes).toBeGreaterThanOrEqual(2 * budgets.bundleBytes);
  }
});

/** Each simulated flash map ever shipped: where the slots lie, by the size of the flash. */
const SIM_MAPS: Readonly<Record<number, string>> = {
  1048576: "131072 393216 655360 786432",
  1310720: "131072 524288 917504 1048576",
};

test("a changed map of the simulated flash gets another size, by which old files are told apart", () => {
  const { bytes, regions } = readBoard("sim").flash;
  const slots = ["jsA", "jsB", "nativeA", "nativeB"].map((name) => regions[name]?.start).join(" ");
  expect(SIM_MAPS[bytes]).toBe(slots);
});

test("a description with a wrong key or a missing region is refused", () => {
  const sim = JSON.parse(readFileSync("boards/sim/board.json", "utf8"));
  expect(validate({ ...sim, flsh: {} })).toBe(false);
  expect(validate({ ...sim, flash: { ...sim.flash, regions: {} } })).toBe(false);
});

const modules = names.filter((name) => readModule(name) !== undefined);

test("every board that a person writes through its chip's loader has a module", () => {
  expect(modules).toEqual(names.filter((name) => readBoard(name).loader !== undefined));
});

test.each(modules)("%s's module tells where each name is that its board.json has, by the same number", (name) => {
  const validateModule = schemaOf("module");
  const { wiring } = readModule(name) as Module;
  validateModule(JSON.parse(readFileSync(`boards/${name}/module.json`, "utf8")));
  expect(validateModule.errors ?? []).toEqual([]);
  const board = readBoard(name) as ReturnType<typeof readBoard> & { outputs: Readonly<Record<string, number>> };
  for (const [pin, number] of Object.entries({ ...board.inputs, ...board.outputs })) {
    expect([pin, wiring[pin]]).toEqual([pin, expect.stringMatching(new RegExp(`^GPIO ${number}[:,]`))]);
  }
  const { analog = [], i2c = [], spi = [], serial = [] } = board.io ?? {};
  const named = [
    ...[...Object.keys(board.pins), ...analog.map(({ pin }) => pin)],
    ...i2c.flatMap(({ data, clock }) => [data, clock]),
    ...spi.flatMap(({ out, in: input, clock }) => [out, input, clock]),
    ...serial.flatMap(({ receive, transmit }) => [receive, transmit]),
  ].filter((pin) => pin !== undefined);
  const told = Object.keys(wiring).flatMap((each) => each.split(", "));
  expect(told.sort()).toEqual([...new Set(named)].sort());
});
