/** The published package: its form, its size, and that a maker can work with it outside this repository. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installed, installPackage } from "./installed.ts";

const BYTES_MAX = 20_000_000;
let maker: Installed;
beforeAll(() => {
  maker = installPackage();
});
afterAll(() => maker.close());

const inPackage = (...path: readonly string[]) => join(maker.folder, "node_modules/latchkey", ...path);
const write = (path: string, text: string) => writeFileSync(join(maker.folder, path), text);

test("publint and Are The Types Wrong accept both packages", () => {
  for (const name of ["latchkey", "create-latchkey"] as const) {
    const lint = spawnSync("node_modules/.bin/publint", [maker.tarballs[name], "--strict"], { encoding: "utf8" });
    expect([name, lint.status, lint.stdout]).toEqual([name, 0, lint.stdout]);
  }
  const types = spawnSync("node_modules/.bin/attw", ["--profile", "esm-only", maker.tarballs.latchkey], {
    encoding: "utf8",
  });
  expect([types.status, types.stdout]).toEqual([0, types.stdout]);
});

test("it has licences, images of every board with native firmware, and no tests, keys or host sources", () => {
  expect(statSync(maker.tarballs.latchkey).size).toBeLessThan(BYTES_MAX);
  const files = (readdirSync(inPackage(), { recursive: true }) as string[]).filter(
    (path) => !path.startsWith("node_modules"),
  );
  const bytes = files.reduce((sum, path) => sum + statSync(inPackage(path)).size, 0);
  expect(bytes).toBeLessThan(BYTES_MAX);
  for (const path of [
    "LICENSE",
    "NOTICE",
    "licenses/quickjs.txt",
    "images/qemu-mps2/main.bin",
    "images/qemu-sf2/main-tls.bin",
  ])
    expect([path, existsSync(inPackage(path))]).toEqual([path, true]);
  expect(
    files.filter(
      (path) =>
        /\.test\.|\.key$|^test|bench|\/host\/.*\.ts$|lamp\.ts/.test(path) &&
        !/^(dist|types|packages|examples)/.test(path),
    ),
  ).toEqual([]);
  const { dependencies, scripts } = JSON.parse(readFileSync(inPackage("package.json"), "utf8"));
  expect([dependencies.tsx, dependencies.vitest, scripts]).toEqual([undefined, undefined, undefined]);
});

test("each verb explains itself, without those of the repository", async () => {
  const { VERBS } = await import("#cli/verbs.ts");
  const help = maker.latchkey("--help");
  expect([help.status, help.stderr]).toEqual([0, ""]);
  for (const { name } of VERBS) expect([name, maker.latchkey(name, "--help").status]).toEqual([name, 0]);
  expect(maker.latchkey("bench")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/unknown command 'bench'/),
  });
});

test("programs of makers compile against the declarations and run, in Node and in a page", async () => {
  write(
    "program.mts",
    `import { startCloud, type CloudOptions } from "latchkey/cloud";
import { bool, defineDevice } from "latchkey/device";
import { openSession, localTransport, primitives, discover, type Session } from "latchkey/phone";
const app = defineDevice({ functions: { setLamp: { right: "call", args: { on: bool() }, run: ({ on }, io) => io.pin("lamp").write(on) } } });
const open = (host: string, deviceId: Uint8Array, holderSeed: Uint8Array): Promise<unknown> =>
  openSession({ primitives, transport: localTransport({ host, port: 8080 }), deviceId, holderSeed });
type Both = readonly [Session, CloudOptions];
console.log(typeof startCloud, typeof discover, Object.keys(app.functions ?? {}).join(), open.length);
`,
  );
  write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: { module: "NodeNext", target: "ES2022", strict: true, skipLibCheck: false, types: [] },
      files: ["program.mts"],
    }),
  );
  write(
    "guides.json",
    JSON.stringify({
      compilerOptions: { module: "NodeNext", target: "ES2022", strict: true, lib: ["ES2023", "DOM"], types: [] },
      files: ["phone.mts", "cloud.mts"],
    }),
  );
  const compiled = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "-p", join(maker.folder, "tsconfig.json")],
    { encoding: "utf8" },
  );
  expect([compiled.status, compiled.stdout]).toEqual([0, ""]);
  expect(maker.run(process.execPath, "program.mjs")).toEqual({
    status: 0,
    stdout: "function function setLamp 3\n",
    stderr: "",
  });
  const block = (guide: string) =>
    /```ts\n([\s\S]*?)```/.exec(readFileSync(`docs/guide/${guide}.md`, "utf8"))?.[1] ?? "";
  write("phone.mts", block("phone"));
  write("cloud.mts", block("cloud"));
  const guides = maker.run(process.execPath, resolve("node_modules/typescript/bin/tsc"), "-p", "guides.json");
  expect([guides.status, guides.stdout]).toEqual([0, ""]);
  expect(maker.run(process.execPath, "phone.mjs").stdout).toMatch(/^CARD_\w+ Uint8Array\(1\) \[ 0 \]\n$/);
  const page = await build({
    stdin: { contents: 'import * as phone from "latchkey/phone"; globalThis.phone = phone;', resolveDir: maker.folder },
    ...{ bundle: true, write: false, platform: "browser", format: "esm", metafile: true, logLevel: "silent" },
  });
  expect(Object.keys(page.metafile.inputs).filter((path) => /phone\/(browser|node)\.js/.test(path))).toEqual([
    expect.stringMatching(/phone\/browser\.js$/),
  ]);
});

test("an app outside the repository is bundled, and its faults name the maker's own file and line", () => {
  write(
    "flash.config.json",
    JSON.stringify({ product: "greenhouse", fleet: "f", app: "app.ts", board: "sim", maker: "GREEN.EXAMPLE" }),
  );
  write(
    "app.ts",
    'import { bool, defineDevice } from "latchkey/device";\n\nexport const app = defineDevice({\n  functions: { setLamp: { right: "call", args: { on: bool() }, run: ({ on }, io) => io.pin("lamp").write(on) } },\n});\n',
  );
  const built = maker.latchkey("bundle", "build", "--release", "1", "--out", "one.bundle");
  expect(built).toMatchObject({ status: 0, stderr: "" });
  expect(statSync(join(maker.folder, "one.bundle")).size).toBeGreaterThan(100_000);
  write(
    "app.ts",
    'import { defineDevice } from "latchkey/device";\n\nexport const app = defineDevice({ functions: 7 });\n',
  );
  const refused = maker.latchkey("bundle", "build", "--release", "1", "--out", "two.bundle");
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/^latchkey: .*app\.ts:3:\d+: .*\n$/) });
});

test("a device that `npm create latchkey` starts is tested, released and made, on both kinds of boards", () => {
  const tried = spawnSync(process.execPath, ["bin/try-package.mjs", dirname(maker.tarballs.latchkey)], {
    encoding: "utf8",
  });
  expect([tried.status, tried.stderr]).toEqual([0, ""]);
  expect(tried.stdout).toMatch(/the package works for a maker\n$/);
});
