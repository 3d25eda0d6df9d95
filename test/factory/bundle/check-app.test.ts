/** What a maker gets wrong in an app is told at the build, with file, line and column, before anything is signed or flashed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, expect, it } from "vitest";
import type { BoardIo } from "#base/board-io.ts";
import { startEngine } from "#boards/sim/host/engine.ts";
import { NOT_ON_A_UNIT } from "#boards/sim/host/engine-features.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import { checkApp } from "#factory/bundle/check-app.ts";
import { absentOf, withoutAbsent } from "#factory/bundle/unit-library.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-apps-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const HEAD = 'import { defineDevice } from "latchkey/device";\nimport { bool } from "#app/index.ts";\n';
const PINS = { lamp: "output", light: "level", button: "input" } as const;

/** The refusal of an app, its file named `app.ts`; "" when it passes. */
function refusalOf(text: string, name = "app.ts"): string {
  const app = join(folder, name);
  writeFileSync(app, text);
  try {
    checkApp({ app, board: "toy", pins: PINS, absent: NOT_ON_A_UNIT });
    return "";
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    expect(error.message.split("\n")).toHaveLength(1);
    return error.message.replace(app, name);
  }
}

/** An app of one function; its body is on line 3. */
const appOf = (run: string) =>
  `${HEAD}export const app = defineDevice({ functions: { f: { right: "call", args: { on: bool() }, run: ${run} } } });\n`;

it.each([
  ["nothing at all", "", /^app\.ts: exports no `app` \(expected: export const app = defineDevice\(/],
  ["no imports", "const app = 1;\n", /^app\.ts: exports no `app`/],
  ["no `app`", `${HEAD}export const lamp = defineDevice({ functions: {} });\n`, /^app\.ts: exports no `app`/],
  [
    "an `app` of its own making",
    "export const app = { functions: {} };\n",
    /^app\.ts: `app` is not what defineDevice gives/,
  ],
  ["no defineDevice", "\nexport const app = defineDevice({});\n", /^app\.ts:2:20: a unit has no defineDevice/],
  [
    "a timer of Node's",
    appOf("() => setImmediate(() => undefined)"),
    /^app\.ts:3:\d+: a unit has no setImmediate: an app finds/,
  ],
  ["a request", appOf('() => { fetch("http://x"); }'), /^app\.ts:3:\d+: a unit has no fetch: /],
  ["the time", appOf("() => Date.now()"), /^app\.ts:3:\d+: a unit has no Date: /],
  [
    "Node",
    appOf('() => Buffer.from("x").length + process.pid'),
    /^app\.ts:3:\d+: a unit has no Buffer: .* \(and 1 more\)$/,
  ],
  ["a calendar's sister", appOf('() => "a".localeCompare("b")'), /^app\.ts:3:\d+: a unit has no localeCompare/],
  [
    "an object as an async answer",
    appOf("async () => ({ a: 1 })"),
    /^app\.ts:3:\d+: a caller cannot be told \{ a: number; \}/,
  ],
  [
    "a plain object as an answer",
    appOf("() => ({ a: 1 })"),
    /^app\.ts:3:\d+: a caller cannot be told \{ a: number; \}/,
  ],
  ["an argument by another name", appOf("({ off }) => off"), /^app\.ts:3:\d+: Property 'off' does not exist/],
  [
    "a right that there is not",
    appOf("() => 1").replace('"call"', '"cal"'),
    /^app\.ts:3:\d+: Type '"cal"' is not assignable/,
  ],
  [
    "a pin that the board lacks",
    appOf('({ on }, io) => io.pin("lampp").write(on)'),
    /^app\.ts:3:\d+: board toy has no pin "lampp" \(it has lamp, light, button\)$/,
  ],
  [
    "a sensor as a lamp",
    appOf('({ on }, io) => io.pin("light").write(on)'),
    /^app\.ts:3:\d+: pin "light" of board toy is an analogue input and cannot be written$/,
  ],
  ["no TypeScript", "export const app = ;\n", /^app\.ts:1:20: Expression expected$/],
  [
    "a file that is not there",
    'export { app } from "./lamp.ts";\n',
    /^app\.ts:1:21: Cannot find module '\.\/lamp\.ts'/,
  ],
])("an app with %s is refused", (_, text, line) => {
  expect(refusalOf(text)).toMatch(line);
});

const IO_HEAD = [
  'import { Analog } from "#app/io/analog.ts";',
  'import { device } from "#app/io/buses.ts";',
  'import { Digital } from "#app/io/digital.ts";',
  'import { I2C } from "#app/io/i2c.ts";',
  'import { PWM } from "#app/io/pwm.ts";',
  'import { SPI as Bus } from "#app/io/spi.ts";',
  "",
].join("\n");

/** The refusal of an app that does this in its start, on line 9, on a board with this IO. */
function ioRefusalOf(start: string, io: BoardIo, isModelled = false): string {
  const app = join(folder, "io-app.ts");
  const text = `${HEAD}${IO_HEAD}export const app = defineDevice({ functions: { f: { right: "call", args: { on: bool() }, run: () => 1 } }, start() {\n${start}\n} });\n`;
  writeFileSync(app, text);
  try {
    checkApp({ app, board: "toy", pins: PINS, io, isModelled, absent: NOT_ON_A_UNIT });
    return "";
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return error.message.replaceAll(app, "app.ts");
  }
}

const GREENHOUSE = `new PWM({ pin: "vent" });
new Analog({ pin: "soil" });
const sensor = { ...device.i2c.default, io: I2C, hz: 100_000, address: 0x48 };
new sensor.io(sensor);
const bus = { ...device.spi.default, hz: 1 };
new Bus(bus);
new Digital({ pin: "lamp", mode: Digital.Output });`;

it("an app that fetches passes where it may, and is told why it may not", () => {
  const app = join(folder, "fetches.ts");
  writeFileSync(app, appOf('async () => (await fetch("https://a.test/")).status'));
  const check = (may: true | string) => checkApp({ app, board: "toy", pins: PINS, fetch: may, absent: NOT_ON_A_UNIT });
  expect(() => check(true)).not.toThrow();
  expect(() => check("board toy has no TLS")).toThrow(/fetches\.ts:3:\d+: a unit has no fetch: board toy has no TLS$/);
});

it("an app is refused each piece of hardware that its board lacks, with the place where it is opened", () => {
  expect(ioRefusalOf(GREENHOUSE, {}).split("; ")).toEqual([
    "app.ts:10:1: board toy has no PWM",
    "app.ts:11:1: board toy has no Analog",
    "app.ts:12:16: board toy has no I2C",
    "app.ts:13:1: board toy has no I2C",
    "app.ts:15:1: board toy has no SPI",
  ]);
  const io: BoardIo = {
    pwm: [{ pin: "vent", bits: 10, number: 0, modelled: true }],
    analog: [{ pin: "soil", bits: 12, number: 0 }],
    i2c: [{ data: "sda", clock: "scl", number: 0 }],
    spi: [{ out: "mosi", in: "miso", clock: "sck", number: 0 }],
  };
  expect(ioRefusalOf(GREENHOUSE, io, true)).toBe("");
  expect(ioRefusalOf(GREENHOUSE, io)).toBe(
    "app.ts:10:1: PWM on pin vent of board toy is a model, in test builds only (bundle build --modelled)",
  );
  expect(ioRefusalOf('const PIN = "fan";\nnew PWM({ pin: PIN });', io)).toBe(
    "app.ts:11:1: board toy has no PWM on pin fan (it has PWM on pin vent)",
  );
  expect(ioRefusalOf('new Digital({ pin: "button", mode: Digital.InputPullUp });', io)).toBe(
    "app.ts:10:1: board toy has no Digital on pin button in mode InputPullUp (it has Digital on pin lamp in mode Output; Digital on pin button in mode Input)",
  );
  // What is computed is refused by the unit itself, unless the board has nothing of the kind.
  const computed = 'new PWM({ pin: ["fan"][0] ?? "" });';
  expect([ioRefusalOf(computed, io), ioRefusalOf(computed, {})]).toEqual(["", "app.ts:10:1: board toy has no PWM"]);
});

it("an app that a unit can run passes: the shipped one, one in plain JavaScript, one in several files", () => {
  expect(() => checkApp({ app: "test/apps/lamp.ts", board: "toy", pins: PINS, absent: NOT_ON_A_UNIT })).not.toThrow();
  expect(
    refusalOf(
      appOf('({ on }, io) => io.pin("lamp").write(on)').replace("import { bool }", "// @ts-check\nimport { bool }"),
      "app.js",
    ),
  ).toBe("");
  mkdirSync(join(folder, "parts"), { recursive: true });
  writeFileSync(
    join(folder, "parts/level.ts"),
    "export const level = (percent: number): number => Math.round(percent * 2.55);\n",
  );
  const several = `import { level } from "./parts/level.ts";\n${appOf("() => level(50)")}`;
  expect(refusalOf(several)).toBe("");
  const waits =
    "async ({ on }) => { await new Promise<void>((go) => void setTimeout(go, 5)); console.log(on); return 1; }";
  expect(refusalOf(appOf(waits))).toBe("");
  writeFileSync(join(folder, "parts/level.ts"), "export const level = (percent: number): string => percent * 2;\n");
  expect(refusalOf(several)).toMatch(/parts\/level\.ts:1:\d+: Type 'number' is not assignable to type 'string'/);
});

it("the library that apps are checked against has nothing that a unit lacks", async () => {
  const options = { target: ts.ScriptTarget.ES2020, lib: ["lib.es2020.d.ts"] };
  const program = ts.createProgram(["src/base/assert.ts"], options);
  const gone = absentOf(NOT_ON_A_UNIT);
  const names = new Set<string>();
  const interfaces = new Map<string, Set<string>>();
  for (const file of program.getSourceFiles().filter(({ fileName }) => fileName.includes("/lib."))) {
    const left = ts.createSourceFile(file.fileName, withoutAbsent(file, gone), ts.ScriptTarget.ES2020, true);
    for (const statement of left.statements) {
      if (ts.isVariableStatement(statement)) {
        for (const { name } of statement.declarationList.declarations) names.add(name.getText());
      } else if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) names.add(statement.name.text);
      else if (ts.isInterfaceDeclaration(statement)) {
        const members = interfaces.get(statement.name.text) ?? new Set();
        interfaces.set(statement.name.text, members);
        for (const { name } of statement.members)
          if (name !== undefined && ts.isIdentifier(name)) members.add(name.text);
      }
    }
  }
  const wanted = [...names].flatMap((name) => [
    name,
    ...[...(interfaces.get(`${name}Constructor`) ?? [])]
      .filter((each) => each !== "prototype")
      .map((each) => `${name}.${each}`),
    ...[...(interfaces.get(name) ?? [])].map((each) => `${name}.prototype.${each}`),
  ]);
  expect(wanted.length).toBeGreaterThan(400);
  const lacking: string[] = [];
  const native = { lacks: (name: unknown) => void lacking.push(String(name)) };
  const engine = await startEngine(native as never, { heapBytes: 3_000_000, stackBytes: 200_000, deadlineMs: 5_000 });
  const tests = wanted.map((path) => {
    const parts = path.split(".");
    const last = parts.pop() as string;
    const owner = parts.length === 0 ? "globalThis" : parts.join(".");
    // Math, JSON, Reflect and Atomics are objects, whose interfaces name their own members.
    const own = parts[1] === "prototype" ? `(${parts[0]}.prototype ?? ${parts[0]})` : owner;
    return `if (typeof ${parts[0] ?? "undefined"} !== "undefined" || ${parts.length === 0}) { const o = Object(${own}); if (!("${last}" in o)) native.lacks("${path}"); }`;
  });
  engine.evaluate(tests.join("\n"), "library.js");
  // Instances have them, prototypes don't: `message` of an error is on its prototype, `lastIndex` of a pattern is its own.
  expect(lacking.filter((path) => !OWN_PROPERTIES.includes(path))).toEqual([]);
});

const OWN_PROPERTIES = ["Function.prototype.prototype", "RegExp.prototype.lastIndex", "Error.prototype.stack"];

const sleeping = (options: string) =>
  `import { defineDevice, sleep } from "latchkey/device";\nexport const app = defineDevice({ start: () => sleep(${options}) });\n`;

it("a board that can't sleep refuses an app that does, and a pin that ends no sleep is named", () => {
  const app = join(folder, "sleeps.ts");
  const refusal = (options: string, sleep?: { pins: readonly string[] }) => {
    writeFileSync(app, sleeping(options));
    try {
      checkApp({ app, board: "toy", pins: PINS, sleep, absent: NOT_ON_A_UNIT });
      return "";
    } catch (error) {
      return (error as Error).message.replace(app, "app.ts");
    }
  };
  expect(refusal("{ forS: 60 }")).toBe("app.ts:2:48: board toy cannot sleep");
  expect(refusal("{ forS: 60 }", { pins: [] })).toBe("");
  expect(refusal('{ untilPin: "button" }', { pins: ["button"] })).toBe("");
  expect(refusal('{ untilPin: "lamp" }', { pins: ["button"] })).toBe(
    'app.ts:2:66: pin "lamp" of board toy ends no sleep (button can)',
  );
});
