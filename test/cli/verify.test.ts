import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Vector {
  readonly input: { pk: string; msg: string; sig: string };
  readonly expect: string;
}
const vectors: Vector[] = JSON.parse(readFileSync("test/vectors/ed25519.json", "utf8"));

function judged(args: readonly string[], lines: readonly string[]) {
  const run = spawnSync(process.execPath, ["bin/latchkey.mjs", "verify", "ed25519", ...args], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
  });
  return { words: run.stdout.trim().split("\n"), status: run.status, trouble: run.stderr };
}

test.each([[[]], [["--board", "sim"]]])("one word a line, in order: %j", (args) => {
  const lines = vectors.map(({ input }, i) => JSON.stringify({ ...input, comment: `case ${i}` }));
  const malformed = ["", "null", "[]", "nonsense", '{"pk":1,"msg":"","sig":""}', '{"pk":"","msg":"0","sig":""}'];
  const { words, status } = judged(args, [...lines, ...malformed, lines[0] as string]);
  expect(status).toBe(0);
  expect(words).toEqual([...vectors.map((each) => each.expect), ...malformed.map(() => "reject"), "accept"]);
});

test("a board that isn't there is one clear line and exit code 1", () => {
  const { status, trouble } = judged(["--board", "toaster"], []);
  expect(status).toBe(1);
  expect(trouble.trim().split("\n")).toHaveLength(1);
  expect(trouble).toContain("toaster");
});
