/** What no unit would accept is refused by the verb that was asked to write it, in one line, and leaves nothing behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readReleaseFile } from "#trust/host/release-file.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-refusals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const ID = "0123456789abcdef01234567";
const HOLDER = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

beforeAll(async () => {
  writeFileSync(at("native"), new Uint8Array(4_000).fill(7));
  writeFileSync(at("empty"), "");
  expect((await runVerb("keys", "new", "issuer", at("issuer.key"))).status).toBe(0);
});

const issue = (...more: string[]) => ["grant", "issue", "--issuer", at("issuer.key"), "--out", at("out"), ...more];
const revoke = (...more: string[]) => ["grant", "revoke", "--issuer", at("issuer.key"), "--out", at("out"), ...more];
const build = (...more: string[]) => ["release", "build", "--sequence", "1", "--out", at("out"), ...more];
const native = () => ["--native", at("native")];

it.each([
  ["a revocation of nothing", () => revoke("--for", ID), /nothing to revoke/],
  ["a holder that is nobody", () => issue("--for", ID, "--holder", "0".repeat(64)), /--holder 0+ is nobody's key/],
  ["a holder of small order", () => issue("--for", ID, "--holder", `01${"0".repeat(62)}`), /nobody's key/],
  [
    "a second factor that is nobody",
    () => issue("--for", ID, "--holder", HOLDER, "--discharge", `${"0".repeat(64)}:60`),
    /--discharge 0+ is nobody's key/,
  ],
  ["a product without a proper name", () => issue("--for", "product:Bad Name!", "--holder", HOLDER), /Bad Name!/],
  ["a fleet without a proper name", () => issue("--for", "null", "--fleet", "A b", "--holder", HOLDER), /A b/],
  [
    "a card for no domain",
    () => ["factory", "card", "new", "--id", ID, "--maker", "a/b#c", "--out", at("out")],
    /"a\/b#c" is not/,
  ],
  [
    "keys for no product",
    () => ["keys", "new", "--product", "Bad Name!", "--keys", at("out")],
    /"Bad Name!" (cannot|is not understood)/,
  ],
  [
    "a window that never opens",
    () => ["rollout", "pin", ID, "--data", at("cloud"), "--window", "00:00-00:00"],
    /00:00-00:00 never opens/,
  ],
  [
    "a release of no product",
    () => build("--product", "Bad Name!", ...native()),
    /"Bad Name!" (cannot|is not understood)/,
  ],
  ["a release of an empty image", () => build("--product", "lamp", "--native", at("empty")), /native image is empty/],
  [
    "a release whose sequence is too high",
    () => ["release", "build", "--sequence", "4294967296", "--product", "lamp", "--out", at("out"), ...native()],
    /units would refuse this release \(it holds no release \(RELEASE_SHAPE\)\)/,
  ],
  [
    "a release for a hardware revision that cannot be",
    () => build("--product", "lamp", "--hardware", "70000", ...native()),
    /units would refuse this release/,
  ],
  [
    "a release for more hardware revisions than fit",
    () =>
      build(
        "--product",
        "lamp",
        ...native(),
        ...Array.from({ length: 90 }, (_, i) => ["--hardware", `${i + 600}`]).flat(),
      ),
    /takes \d+ bytes once signed \(a unit reads 400\)/,
  ],
] as const)("refuses %s", async (_, args, line) => {
  const { status, out, trouble } = await runVerb(...args());
  expect(trouble).toMatch(line);
  expect(trouble.split("\n")).toHaveLength(1);
  expect([status === 0, out]).toEqual([false, ""]);
  expect([existsSync(at("out")), existsSync(at("out.new"))]).toEqual([false, false]);
});

it("keeps an earlier release where a new one is refused, and writes one that its own reader takes", async () => {
  const good = ["release", "build", "--sequence", "1", "--product", "lamp", "--out", at("lamp.release"), ...native()];
  expect(await runVerb(...good)).toMatchObject({ status: 0, trouble: "" });
  const before = readFileSync(at("lamp.release"));
  expect((await runVerb(...good, "--epoch", "4294967296")).status).toBe(1);
  expect(readFileSync(at("lamp.release")).equals(before)).toBe(true);
  expect(readReleaseFile(at("lamp.release")).release.sequence).toBe(1);
});
