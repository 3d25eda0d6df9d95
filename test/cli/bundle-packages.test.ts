/** Packages of npm in an app: those of plain JavaScript work, and what others want of Node or a browser is named at the build. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { BundleError } from "#factory/bundle/bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-packages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A package as npm installs it. */
function install(name: string, files: Readonly<Record<string, string>>, more: object = {}): void {
  write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js", ...more }));
  write(`node_modules/${name}/index.d.ts`, "export declare function make(value: number): number;\n");
  for (const [path, text] of Object.entries(files)) write(`node_modules/${name}/${path}`, text);
}

/** The bundle of an app that uses a package's `make`, or the line by which it is refused. */
async function bundleOf(name: string): Promise<string> {
  write(
    `${name.replace("/", "-")}.ts`,
    [
      'import { defineDevice, int } from "latchkey/device";',
      `import { make } from "${name}";`,
      'const v = { right: "read", value: int(0, 1e6), read: () => make(4) } as const;',
      "export const app = defineDevice({ variables: { v } });",
    ].join("\n"),
  );
  const product = {
    app: join(folder, `${name.replace("/", "-")}.ts`),
    board: "sim",
    onboarding: { legacy: [], softAp: false },
  };
  try {
    const { bytes } = await buildCheckedBundle(product, readBoard("sim"), { release: "1", atS: 1_790_000_000 });
    return new TextDecoder().decode(bytes);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    expect(error.message.split("\n")).toHaveLength(1);
    return error.message.replace(folder, "");
  }
}

it("a package of plain JavaScript is in the bundle, as ES module, as CommonJS, and with packages of its own", async () => {
  install("inner", { "index.js": "exports.half = (value) => value / 2;\n" });
  install("plain-cjs", {
    "index.js": 'const { half } = require("inner");\nexports.make = (value) => half(value) + 4711;\n',
  });
  install("@maker/plain-esm", { "index.js": "export const make = (value) => value * 4712;\n" }, { type: "module" });
  expect(await bundleOf("plain-cjs")).toContain("4711");
  expect(await bundleOf("@maker/plain-esm")).toContain("4712");
});

it("a package that looks before it uses what a unit lacks is taken", async () => {
  install("careful", {
    "index.js":
      'const now = typeof performance !== "undefined" ? performance.now() : 0;\nif (typeof window === "object") window.x = now;\nexports.make = (value) => value + 4713;\n',
  });
  expect(await bundleOf("careful")).toContain("4713");
});

it("what a package does not use of another is not held against it", async () => {
  install(
    "two-things",
    { "index.js": "export const make = (value) => value + 4714;\nexport const show = () => document.title;\n" },
    { type: "module", sideEffects: false },
  );
  expect(await bundleOf("two-things")).toContain("4714");
});

it("a module of Node is named, with the package that asked for it, also deep down", async () => {
  install("reads-files", {
    "index.js": 'const fs = require("fs");\nexports.make = (value) => fs.readFileSync(value);\n',
  });
  install("outer", { "index.js": 'exports.make = require("reads-files").make;\n' });
  for (const name of ["reads-files", "outer"]) {
    expect(await bundleOf(name)).toMatch(
      /node_modules\/reads-files\/index\.js:1:\d+: the package reads-files asks for fs, a module of Node, which no unit has: /,
    );
  }
  install(
    "new-style",
    { "index.js": 'import { hostname } from "node:os";\nexport const make = () => hostname();\n' },
    { type: "module" },
  );
  expect(await bundleOf("new-style")).toMatch(/new-style\/index\.js:1:\d+: the package new-style asks for node:os, /);
});

it("a package of npm may be called like a module of Node", async () => {
  install("events", { "index.js": "exports.make = (value) => value + 4715;\n" });
  install("emits", { "index.js": 'exports.make = require("events").make;\n' });
  expect(await bundleOf("emits")).toContain("4715");
});

it("a global of Node or of a browser is named, with the package's file and line", async () => {
  install("buffers", { "index.js": "exports.make = (value) =>\n  Buffer.alloc(value).length;\n" });
  expect(await bundleOf("buffers")).toMatch(
    /^\/?node_modules\/buffers\/index\.js:2:\d+: the package buffers uses Buffer, which no unit has: take a package of plain JavaScript/,
  );
  install("pages", {
    "index.js": "exports.make = (value) => document.querySelectorAll('p').length + new Date().getTime();\n",
  });
  expect(await bundleOf("pages")).toMatch(/pages uses document, which no unit has: .* \(and 1 more\)$/);
});
