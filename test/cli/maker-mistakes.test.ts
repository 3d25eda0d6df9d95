/** What a maker gets wrong in an ordinary day ends in one plain line: with the file, the line and the key where there is one, and with what to do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey mistakes ü "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const CONFIG = {
  product: "lamp",
  fleet: "f",
  app: "app.ts",
  board: "sim",
  maker: "L.EXAMPLE",
  keys: "keys",
  output: "out",
};
const IMPORT = 'import { bool, defineDevice, int, PWM } from "latchkey/device";\n';
const GOOD = `${IMPORT}export const app = defineDevice({ functions: {} });\n`;
const withFunctions = (text: string) =>
  `${IMPORT}export const app = defineDevice({\n  functions: {\n    ${text}\n  },\n});\n`;

interface Mistake {
  readonly config?: string | object;
  readonly app?: string | undefined;
  readonly words: readonly string[];
  readonly line: RegExp;
}

const BUNDLE = ["bundle", "build", "--release", "1", "--out", "OUT"] as const;
const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a comma too many in flash.config.json": {
    config: '{\n  "product": "lamp",\n}\n',
    words: BUNDLE,
    line: /flash\.config\.json:3:1: this is not JSON: expected double-quoted property name$/,
  },
  "a misspelt key": {
    config: `{\n  "prodct": "lamp"\n}\n`,
    words: BUNDLE,
    line: /flash\.config\.json:1:1: product: is missing \(expected a text\)$/,
  },
  "a board that there is not, in flash.config.json": {
    config: { ...CONFIG, board: "esp8266" },
    words: BUNDLE,
    line: /^latchkey: there is no board esp8266 \(expected one of esp32c3, esp32c6, linux, linux-arm64, linux-armhf, qemu-mps2, qemu-riscv, qemu-sf2, sim\)$/,
  },
  "a board that there is not, as a flag": {
    words: [...BUNDLE, "--board", "esp8266"],
    line: /^latchkey: there is no board esp8266 \(expected one of esp32c3, esp32c6, linux, linux-arm64, linux-armhf, qemu-mps2, qemu-riscv, qemu-sf2, sim\)$/,
  },
  "no flash.config.json": {
    words: ["release", "make", "1", "--config", "NONE"],
    line: /^latchkey: there is no .*none\.json; go to your device's folder, name the file by --config, or start a device: latchkey new FOLDER$/,
  },
  "an app that is not there": {
    config: { ...CONFIG, app: "ap.ts" },
    words: BUNDLE,
    line: /there is no .*ap\.ts; name it under app in flash\.config\.json$/,
  },
  "a quotation mark too few in the app": {
    app: `${IMPORT}export const app = defineDevice({ functions: {}, product: "x });\n`,
    words: BUNDLE,
    line: /app\.ts:2:\d+: .*[Uu]nterminated string/,
  },
  "a wrong type": {
    app: withFunctions('go: { right: "call", args: {}, run: (_, io) => io.log(7) },'),
    words: BUNDLE,
    line: /app\.ts:4:\d+: .*'number' is not assignable to .*'string'/,
  },
  "an argument that is not defined": {
    app: withFunctions('go: { right: "call", args: {}, run: ({ on }, io) => io.pin("lamp").write(on) },'),
    words: BUNDLE,
    line: /app\.ts:4:\d+: Property 'on' does not exist/,
  },
  "a right that there is not": {
    app: withFunctions('go: { right: "run", args: {}, run: () => 1 },'),
    words: BUNDLE,
    line: /app\.ts:4:\d+: .*"run".* is not assignable/,
  },
  "a range the wrong way round": {
    app: withFunctions('go: { right: "call", args: { n: int(10, 1) }, run: () => 1 },'),
    words: BUNDLE,
    line: /app\.ts:4:\d+: go, n: int\(10, 1\) holds no value: its lower end comes first$/,
  },
  "a setting whose default is outside of its range": {
    app: `${IMPORT}export const app = defineDevice({\n  settings: { level: { value: int(0, 9), default: 10 } },\n});\n`,
    words: BUNDLE,
    line: /app\.ts:3:\d+: level: its default 10 does not fit it$/,
  },
  "a pin that the board has not": {
    app: withFunctions('go: { right: "call", args: {}, run: (_, io) => io.pin("lmap").write(1) },'),
    words: BUNDLE,
    line: /app\.ts:4:\d+: board sim has no pin "lmap" \(it has lamp, /,
  },
  "hardware that the board has not": {
    app: withFunctions('go: { right: "call", args: {}, run: () => new PWM({ pin: "vent" }).close() },'),
    words: [...BUNDLE, "--board", "qemu-sf2"],
    line: /app\.ts:4:\d+: board qemu-sf2 has no PWM$/,
  },
  "a package for Node": {
    app: `import { readFileSync } from "node:fs";\n${GOOD}export const text = readFileSync("x");\n`,
    words: BUNDLE,
    line: /app\.ts:\d+:\d+: .*node:fs/,
  },
  "an export of another name": {
    app: GOOD.replace("const app", "const device"),
    words: BUNDLE,
    line: /app\.ts: exports no `app` \(expected: export const app = defineDevice\(\{ \.\.\. \}\)\)$/,
  },
  "no keys": {
    words: ["release", "make", "1"],
    line: /keys[\\/]release\.key.*latchkey keys new/,
  },
  "a release that was not made": {
    words: ["release", "inspect", "NONE"],
    line: /none\.json/,
  },
  "an unknown flag": { words: ["dev", "--wings"], line: /unknown option '--wings'/ },
  "a number that is none": { words: ["release", "make", "one"], line: /one.*whole number/ },
};

test.each(Object.entries(MISTAKES))("%s", async (_, { config = CONFIG, app = GOOD, words, line }) => {
  const device = mkdtempSync(join(folder, "device-"));
  mkdirSync(join(device, "out"));
  const path = join(device, "flash.config.json");
  writeFileSync(path, typeof config === "string" ? config : JSON.stringify(config, null, 2));
  writeFileSync(join(device, "app.ts"), app);
  const at: Readonly<Record<string, string>> = { OUT: join(device, "a.bundle"), NONE: join(device, "none.json") };
  const given = words.map((word) => at[word] ?? word);
  const said = await runVerb(
    ...given,
    ...(given.includes("--config") || given[1] === "inspect" ? [] : ["--config", path]),
  );
  expect(said.trouble).toMatch(line);
  expect(said.trouble.split("\n")).toHaveLength(1);
  expect([said.status > 0, said.out]).toEqual([true, ""]);
});
