/** A disk that is full, a host that is none, and other things of the system: one line that says where and what to do. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startChild } from "#boards/sim/host/child.ts";
import { writeWhole } from "#trust/host/files.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-full-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const ID = "0123456789abcdef01234567";
const KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/** Every write to it fails as on a full disk (full(4)). */
const FULL = "/dev/full";

async function process(line: string) {
  const child = startChild("/bin/sh", ["-c", `node bin/latchkey.mjs ${line}`]);
  return { code: await child.exited, lines: child.errors().trim().split("\n") };
}

beforeAll(async () => {
  expect((await runVerb("keys", "new", "issuer", at("issuer.key"))).status).toBe(0);
  writeFileSync(at("image"), new Uint8Array(4_000).fill(7));
});

it.each([
  ["a grant", () => ["grant", "issue", "--issuer", at("issuer.key"), "--for", ID, "--holder", KEY]],
  ["a release", () => ["release", "build", "--product", "lamp", "--sequence", "1", "--native", at("image")]],
])("%s that no space is left for is refused by its place", async (_, words) => {
  const { status, out, trouble } = await runVerb(...words(), "--out", FULL);
  expect([status, out, trouble]).toEqual([
    1,
    "",
    expect.stringMatching(/^latchkey: \/dev\/full can't be used \(ENOSPC\): .*free some/),
  ]);
  expect(statSync(FULL).isCharacterDevice()).toBe(true);
});

it("keeps the earlier file, and leaves none of its own, where a write fails", async () => {
  // As a limit on the size of files, in blocks of 512 or 1,024 bytes.
  const words = `grant issue --issuer ${at("issuer.key")} --for ${ID} --holder ${KEY} --out`;
  writeFileSync(at("kept"), "earlier\n");
  const child = startChild("/bin/sh", [
    "-c",
    `trap '' XFSZ; ulimit -f 0; exec node bin/latchkey.mjs ${words} ${at("kept")}`,
  ]);
  expect(await child.exited).toBe(1);
  expect(child.errors().trim()).toMatch(new RegExp(`^latchkey: ${at("kept")} can't be used \\(EFBIG\\): `));
  expect(readdirSync(folder).filter((name) => name.startsWith("kept"))).toEqual(["kept"]);
  expect(statSync(at("kept")).size).toBe(8);
});

it("never puts a file in the place of a device or folder", async () => {
  for (const place of [FULL, folder]) {
    const said = await runVerb("keys", "new", "issuer", place);
    expect([said.status, said.trouble.split("\n").length]).toEqual([1, 1]);
  }
  expect(() => writeWhole(folder, "x")).toThrow(/a folder stands where a file is expected/);
  expect([statSync(FULL).isCharacterDevice(), existsSync(`${FULL}.new`)]).toEqual([true, false]);
});

it.each([
  ["bench --help > /dev/full", /^latchkey: standard output can't be written \(ENOSPC\)/],
  [
    `cloud --data ${at("cloud")} --host nohost.invalid`,
    /^latchkey: nohost\.invalid.* can't be used \((ENOTFOUND|EAI_AGAIN)\)/,
  ],
  [`inspect - < ${folder}`, /^latchkey: standard input can't be used \(EISDIR\)/],
])("%s ends in one line", async (line, expected) => {
  const { code, lines } = await process(line);
  expect([code, lines]).toEqual([1, [expect.stringMatching(expected)]]);
});

it("a URL without a scheme ends in one line", async () => {
  const { code, lines } = await process(`rollout status --data ${at("cloud")} --url 127.0.0.1:8080`);
  expect([code, lines]).toEqual([
    2,
    [expect.stringMatching(/^latchkey: --url: 127\.0\.0\.1:8080 has no scheme \(expected http:/)],
  ]);
});
