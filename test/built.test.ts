/** What runs is built from the sources as they are now, and its stack lines name them. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";

const folders: string[] = [];
afterAll(() => folders.forEach((each) => void rmSync(each, { recursive: true, force: true })));

let root: string;
const write = (path: string, text: string) => writeFileSync(join(root, path), text);
const builds = () => readdirSync(join(root, ".cache/built")).filter((name) => /^[0-9a-f]{24}$/.test(name));

/** A repository with one program of two files, and our own way of building it. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "latchkey built ü "));
  folders.push(root);
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "src"));
  for (const name of ["built.mjs", "run.mjs", "setup.mjs"]) cpSync(join("bin", name), join(root, "bin", name));
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  cpSync("package.json", join(root, "package.json"));
  cpSync("package-lock.json", join(root, "package-lock.json"));
  write("bin/programs.json", '{ "programs": ["src/main.ts"] }');
  write("src/word.ts", 'export const word: string = "one";\n');
  write(
    "src/main.ts",
    'import { word } from "./word.ts";\n\nif (process.argv[2] === "fail") throw new Error(word);\nconsole.log(word);\n',
  );
});

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/run.mjs"), "src/main.ts", ...args], {
    encoding: "utf8",
  });
  return { status, stdout: stdout.trim(), stderr };
}

test("is built once, and again when a source has other content, whatever its date says", () => {
  expect(run()).toEqual({ status: 0, stdout: "one", stderr: "" });
  expect(run().stdout).toBe("one");
  expect(builds()).toHaveLength(1);
  const { atime, mtime } = statSync(join(root, "src/word.ts"));
  write("src/word.ts", 'export const word: string = "two";\n');
  utimesSync(join(root, "src/word.ts"), atime, mtime);
  expect(run().stdout).toBe("two");
  expect(builds()).toHaveLength(2);
  // A file that the last build did not know.
  write("src/next.ts", 'export const word: string = "three";\n');
  write("src/main.ts", 'import { word } from "./next.ts";\nconsole.log(word);\n');
  expect(run().stdout).toBe("three");
});

test("a source that is wrong or missing is named, and what was built before it is not run", () => {
  expect(run().stdout).toBe("one");
  write("src/word.ts", "export const word: string = ;\n");
  expect(run()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/src\/word\.ts:1:28/) });
  rmSync(join(root, "src/word.ts"));
  expect(run()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/src\/main\.ts:1.*/s) });
});

test("a stack line names the source", () => {
  expect(run("fail")).toMatchObject({ status: 1, stderr: expect.stringMatching(/src\/main\.ts:3:/) });
});

test("four processes that build at once all run, and leave one build", async () => {
  const codes = Array.from({ length: 4 }, async () => {
    const child = spawn(process.execPath, [join(root, "bin/run.mjs"), "src/main.ts"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return (await once(child, "exit"))[0];
  });
  expect(await Promise.all(codes)).toEqual([0, 0, 0, 0]);
  expect(builds()).toHaveLength(1);
  expect(readdirSync(join(root, ".cache/built")).sort()).toEqual([...builds(), "inputs.json"].sort());
});
