/** A new device: what `latchkey new` writes, and what it refuses before it writes anything. */
import {
  type Dirent,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { startChild } from "#boards/sim/host/child.ts";
import { openKitBuilder } from "#cli/dev/dev-kit-build.ts";
import { productOf } from "#cli/new/new-device.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey new ü "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a new device has app, test, configuration and a README with its product's name", async () => {
  const device = join(folder, "Green House");
  const said = await runVerb(
    "new",
    device,
    "--maker",
    "green.example",
    "--board",
    "qemu-mps2",
    "--cloud",
    "cloud.green.example",
  );
  expect(said).toMatchObject({ status: 0, trouble: "" });
  const files = (readdirSync(device, { recursive: true }) as string[]).filter((path) => /\w\.\w|^\./.test(path));
  expect(files.sort()).toEqual([
    ".gitignore",
    "README.md",
    "flash.config.json",
    "package.json",
    "src/app.ts",
    "test/app.test.ts",
    "tsconfig.json",
  ]);
  expect(readFlashConfig(join(device, "flash.config.json"))).toMatchObject({
    ...{ product: "green-house", maker: "GREEN.EXAMPLE", board: "qemu-mps2", keys: join(device, "keys") },
    cloud: { host: "cloud.green.example", broker: "green-house-cloud" },
  });
  for (const path of files)
    expect([path, readFileSync(join(device, path), "utf8").includes("{{")]).toEqual([path, false]);
  expect(readFileSync(join(device, "README.md"), "utf8")).toContain(
    "latchkey cloud --data out/cloud --keys keys --name green-house-cloud",
  );
  const { devDependencies } = JSON.parse(readFileSync(join(device, "package.json"), "utf8"));
  for (const [name, version] of Object.entries(devDependencies))
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d/)]);
});

test("the example is what a new greenhouse is", async () => {
  const device = join(folder, "greenhouse");
  expect(await runVerb("new", device)).toMatchObject({ status: 0, trouble: "" });
  const filesIn = (root: string) =>
    (readdirSync(root, { recursive: true, withFileTypes: true }) as Dirent[])
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [relative(root, path), readFileSync(path, "utf8")] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  expect(filesIn("examples/greenhouse")).toEqual(filesIn(device));
});

test("latchkey test runs the tests of a device, and says by its exit code whether they pass", async () => {
  const device = join(folder, "tested");
  expect((await runVerb("new", device)).status).toBe(0);
  const latchkey = async (...words: readonly string[]) => {
    const child = startChild(process.execPath, ["bin/latchkey.mjs", "test", "--folder", device, ...words]);
    return { code: await child.exited, errors: child.errors() };
  };
  expect(await latchkey()).toEqual({
    code: 1,
    errors: expect.stringMatching(/^latchkey: .*tested has no vitest; run there: npm install --save-dev vitest\n$/),
  });
  symlinkSync(resolve("node_modules"), join(device, "node_modules"));
  const expecting = (value: number) =>
    writeFileSync(
      join(device, "test/app.test.ts"),
      `import { expect, test } from "vitest";\ntest("a", () => expect(1).toBe(${value}));\n`,
    );
  expecting(1);
  expect((await latchkey()).code).toBe(0);
  expecting(2);
  expect((await latchkey("app")).code).toBe(1);
});

test.each([
  ["qemu-sf2", /^note: the board qemu-sf2 has no PWM on pin vent, no Analog on pin soil, no I2C on pins sda, scl: /],
  ["qemu-mps2", /^note: the board qemu-mps2 models PWM on pin vent and Analog on pin soil, in test builds only: /],
])(
  "on %s, which lacks a greenhouse's hardware, the app starts as a relay, and one line says why",
  async (board, note) => {
    const device = join(folder, `on ${board}`);
    const { status, out } = await runVerb("new", device, "--board", board);
    expect([status, out.split("\n")[0]]).toEqual([0, expect.stringMatching(note)]);
    expect(out).toContain("the app starts as a relay\n");
    expect(readFileSync(join(device, "src/app.ts"), "utf8")).toBe(readFileSync("examples/relay/src/app.ts", "utf8"));
  },
);

test.each(["esp32c3", "esp32c6"])(
  "a device for the %s has commands and wiring of a board on a port, and its app fits a kit of it",
  async (board) => {
    const device = join(folder, `kit of ${board}`);
    const { status, out } = await runVerb("new", device, "--board", board, "--product", "relay");
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^note: the board ${board} .*silicon yet`, "m")),
    ]);
    const readme = readFileSync(join(device, "README.md"), "utf8");
    for (const line of [
      "npx latchkey dev --board sim",
      "npx latchkey dev --port PORT",
      "npx latchkey factory make out/releases/relay-1.release --port PORT",
    ])
      expect(readme.split("\n")).toContain(line);
    expect(readme).not.toContain("npx latchkey home");
    expect(readme).toMatch(/^\| `relay` \| GPIO \d+: the input of a relay board \|$/m);
    symlinkSync(resolve("node_modules"), join(device, "node_modules"));
    const config = readFlashConfig(join(device, "flash.config.json"));
    const kit = openKitBuilder(config, readBoard(board));
    try {
      expect((await kit.build()).js.length).toBeGreaterThan(100);
    } finally {
      await kit.close();
    }
    // The unit that the last of its commands makes runs the same app.
    const { bytes } = await buildBundle({ ...config, board }, { release: "1", atS: 0 });
    expect(bytes.length).toBeLessThanOrEqual(readBoard(board).budgets.bundleBytes);
  },
);

test.each([
  [
    /^latchkey: --app greenhouse: the board qemu-sf2 has no PWM .*; take another board, or --app relay$/,
    ["--app", "greenhouse", "--board", "qemu-sf2"],
  ],
  [/holds notes\.txt already; name an empty folder/, []],
  [
    /there is no such board \(expected one of esp32c3, esp32c6, linux, linux-arm64, linux-armhf, qemu-mps2, qemu-riscv, qemu-sf2, sim\)/,
    ["--board", "esp32"],
  ],
  [/flash\.config\.json:\d+:\d+: maker: /, ["--maker", "a-domain-that-is-longer-than-24.example"]],
])("is refused with %s, and nothing is written", async (line, words) => {
  const device = join(folder, "refused");
  rmSync(device, { recursive: true, force: true });
  if (words.length === 0) {
    mkdirSync(device);
    writeFileSync(join(device, "notes.txt"), "mine");
  }
  const said = await runVerb("new", device, ...words);
  expect(said.status).toBeGreaterThan(0);
  expect(said.trouble).toMatch(line);
  expect(said.trouble.split("\n")).toHaveLength(1);
  expect(existsSync(device) ? readdirSync(device) : []).toEqual(words.length === 0 ? ["notes.txt"] : []);
});

test.each([
  ["Gewächshaus 2", "gewachshaus-2"],
  ["/home/me/My_Lamp/", "my-lamp"],
  ["温室", ""],
])("the folder %s names the product %s", (path, product) => expect(productOf(path)).toBe(product));
