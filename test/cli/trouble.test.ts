/** What a person got wrong ends in one line that says what to do, and in the exit code that scripts rely on. */
import { expect, test } from "vitest";
import { startChild } from "#boards/sim/host/child.ts";

async function told(...words: readonly string[]) {
  const child = startChild(process.execPath, ["bin/latchkey.mjs", ...words]);
  return { code: await child.exited, lines: child.errors().trim().split("\n") };
}

test.each([
  [2, /unknown command 'fly'/, ["fly"]],
  [2, /^latchkey: unknown command 'hom'; did you mean home\?$/, ["hom"]],
  [2, /unknown option '--wings'/, ["sim", "--wings"]],
  [2, /expected a whole number/, ["sim", "--seed", "x"]],
  [
    1,
    /^latchkey: there is no board nope \(expected one of esp32c3, esp32c6, linux, linux-arm64, linux-armhf, qemu-mps2, qemu-riscv, qemu-sf2, sim\)$/,
    ["size", "--board", "nope"],
  ],
  [1, /README\.md\/x can't be used \(ENOTDIR\): .*name another folder/, ["start", "--output", "README.md/x"]],
  [
    1,
    /no QR code in README\.md; take the picture of the label again/,
    ["phone", "call", "lamp", "--label", "README.md", "--card", "8"],
  ],
] as const)("exit %i: %s", async (code, line, words) => {
  const trouble = await told(...words);
  expect(trouble.lines).toHaveLength(1);
  expect(trouble.lines[0]).toMatch(line);
  expect(trouble.code).toBe(code);
});

test("a reader that has seen enough ends a verb quietly", async () => {
  const shell = startChild("/bin/sh", ["-c", "node bin/latchkey.mjs factory --help | true"]);
  await shell.exited;
  expect(shell.errors()).toBe("");
});

test("every verb explains itself and exits 0", async () => {
  const { REPOSITORY_VERBS } = await import("#cli/repository-verbs.ts");
  for (const { name } of REPOSITORY_VERBS) expect([name, (await told(name, "--help")).code]).toEqual([name, 0]);
});

test("the package's verbs stand under roles, and those of the repository are not among them", async () => {
  const { VERBS } = await import("#cli/verbs.ts");
  const roles = [...new Set(VERBS.map(({ role }) => role.split(":")[0]))];
  expect(roles).toEqual(["Build", "Make", "Run", "Own", "Look"]);
  const names = VERBS.map(({ name }) => name);
  expect(names.filter((name) => ["bench", "fuzz", "sim", "size", "air", "start"].includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});
