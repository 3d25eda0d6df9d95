/** On which boards the examples run, and what a board lacks that they need. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ioResources } from "#base/board-io.ts";
import { boardNames, readBoard } from "#boards/sim/host/board.ts";
import { NOT_ON_A_UNIT } from "#boards/sim/host/engine-features.ts";
import { lacksOf, STARTER_NAMES, starterFor } from "#cli/new/starters.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import { checkApp } from "#factory/bundle/check-app.ts";

/** Why an app is refused for a board, or "" when it passes the check before a build. */
function refusalOf(app: string, name: string, isModelled = false): string {
  const { pins, io, sleep } = readBoard(name);
  try {
    checkApp({ app, board: name, pins, io, sleep, isModelled, absent: NOT_ON_A_UNIT });
    return "";
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return error.message;
  }
}

/** The first TypeScript of a page, as a file. */
function appIn(page: string): string {
  const [, app = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(page, "utf8")) ?? [];
  const path = join(mkdtempSync(join(tmpdir(), "latchkey-page-")), "app.ts");
  writeFileSync(path, app);
  return path;
}

const GREENHOUSE = "examples/greenhouse/src/app.ts";

test("the greenhouse passes for a board that has all it opens, and for test builds of one that models some of it", () => {
  expect(refusalOf(GREENHOUSE, "sim")).toBe("");
  expect(refusalOf(GREENHOUSE, "qemu-mps2", true)).toBe("");
  expect(refusalOf(GREENHOUSE, "qemu-mps2").split("; ")).toEqual([
    expect.stringMatching(
      /^examples\/greenhouse\/src\/app\.ts:\d+:\d+: PWM on pin vent of board qemu-mps2 is a model, in test/,
    ),
    expect.stringMatching(
      /^examples\/greenhouse\/src\/app\.ts:\d+:\d+: Analog on pin soil of board qemu-mps2 is a model, in test/,
    ),
  ]);
});

test("the app of the guide passes, and the board's table there is what the boards have", () => {
  const guide = readFileSync("docs/guide/hardware.md", "utf8");
  expect(refusalOf(appIn("docs/guide/hardware.md"), "sim")).toBe("");
  const KINDS = { Digital: "digital", Analog: "analog", PulseCount: "pulse", I2C: "i2c", SPI: "spi", Serial: "serial" };
  for (const [column, name] of ["sim", "qemu-mps2", "qemu-sf2"].entries()) {
    const { pins, io } = readBoard(name);
    // What exists beside a model of its kind counts.
    const resources = [...ioResources(pins, io)].sort((a, b) => Number(b.isModelled) - Number(a.isModelled));
    const has = new Map(resources.map((each) => [each.name.split(" ")[0], each.isModelled]));
    for (const [className, kind] of Object.entries({ ...KINDS, DigitalBank: "bank" })) {
      const row = guide.split("\n").find((line) => line.startsWith(`| \`${className}\``)) ?? "";
      const isModelled = has.get(kind);
      const told = isModelled === undefined ? "" : isModelled ? "in test builds" : "yes";
      expect([name, className, row.split("|")[3 + column]?.trim()]).toEqual([name, className, told]);
    }
  }
});

test("a board without its hardware is refused, with each piece of it and the place in the app", () => {
  expect(refusalOf(GREENHOUSE, "qemu-sf2").split("; ")).toEqual([
    expect.stringMatching(/^examples\/greenhouse\/src\/app\.ts:\d+:\d+: board qemu-sf2 has no I2C$/),
    expect.stringMatching(/^examples\/greenhouse\/src\/app\.ts:\d+:\d+: board qemu-sf2 has no PWM$/),
    expect.stringMatching(/^examples\/greenhouse\/src\/app\.ts:\d+:\d+: board qemu-sf2 has no Analog$/),
  ]);
});

test.each(["sim", "qemu-mps2", "qemu-sf2"])("the README's lamp and the relay pass for %s", (board) => {
  expect([refusalOf(appIn("README.md"), board), refusalOf("examples/relay/src/app.ts", board)]).toEqual(["", ""]);
});

test("a starter is refused for the boards that it says lack its hardware, and for no others", () => {
  for (const board of boardNames()) {
    for (const starter of STARTER_NAMES) {
      const { absent, modelled } = lacksOf(board, starter);
      const app = `examples/${starter}/src/app.ts`;
      const refused = refusalOf(app, board) === "" ? [] : refusalOf(app, board).split("; ");
      expect([board, starter, refused.length]).toEqual([board, starter, absent.length + modelled.length]);
    }
    expect([board, refusalOf(`examples/${starterFor(board)}/src/app.ts`, board)]).toEqual([board, ""]);
  }
});

test("the battery sensor passes for each board that has its bus", () => {
  const SENSOR = "examples/battery-sensor/src/app.ts";
  expect(["sim", "qemu-mps2"].map((board) => refusalOf(SENSOR, board))).toEqual(["", ""]);
  expect(refusalOf(SENSOR, "qemu-sf2")).toMatch(
    /^examples\/battery-sensor\/src\/app\.ts:\d+:\d+: board qemu-sf2 has no I2C$/,
  );
});
