/** A maker's line and a home by hand, through the command line alone: keys, release, two units, power, unboxing, lost paper. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { latchkey } from "#cli/story/world.ts";
import { readReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-line-"));
const file = (...names: string[]) => join(folder, ...names);
const config = ["--config", file("flash.config.json")];
/** An air apart from other tests'. */
const AIR = `${await loopbackSubnet()}.255`;
const release = file("lamp-1.release");

async function good(...words: string[]) {
  const told = await latchkey(...words);
  expect([words.slice(0, 2), told.code, told.errors]).toEqual([words.slice(0, 2), 0, ""]);
  return told.json ?? {};
}

/** Lines of a run that prints more than one. */
async function linesOf(...words: string[]): Promise<readonly string[]> {
  const child = startProgram("src/cli/main.ts", words);
  const lines: string[] = [];
  child.onLine((line) => lines.push(line));
  expect([await child.exited, child.errors()]).toEqual([0, ""]);
  return lines;
}

const made = async (...words: string[]) =>
  (await linesOf("factory", "make", release, ...config, "--json", ...words)).map(
    (line) => JSON.parse(line) as { id: string; folder: string },
  );

beforeAll(async () => {
  const shipped = JSON.parse(readFileSync("flash.config.json", "utf8")) as object;
  writeFileSync(
    file("flash.config.json"),
    JSON.stringify({ ...shipped, app: resolve("test/apps/lamp.ts"), cloud: undefined, keys: "keys", output: "out" }),
  );
  await good("keys", "new", "--product", "lamp", "--keys", file("keys"));
  // What no station needs lies elsewhere.
  mkdirSync(file("offline"));
  for (const name of ["root-1.key", "root-2.key", "root-3.key", "release.key", "timestamp.key", "time.key"]) {
    renameSync(file("keys", name), file("offline", name));
  }
  await good("bundle", "build", ...config, "--release", "1", "--out", file("bundle.js"));
  await good("release", "build", "--product", "lamp", "--sequence", "1", "--js", file("bundle.js"), "--out", release);
});

let home: Child | undefined;
afterAll(() => home?.stop());

test("a release that the units would not start is refused before anything is flashed", async () => {
  const unsigned = await latchkey("factory", "make", release, ...config);
  expect([unsigned.code, unsigned.errors]).toEqual([1, expect.stringMatching(/not signed yet: latchkey release sign/)]);
  const { signed: _, ...rest } = readReleaseFile(release);
  const forged = file("forged.release");
  await good("keys", "new", "release", file("other.key"));
  writeReleaseFile(forged, { ...rest, signed: undefined });
  await good("release", "sign", forged, "--key", file("other.key"));
  const refused = await latchkey("factory", "make", forged, ...config);
  expect([refused.code, refused.errors]).toEqual([1, expect.stringMatching(/RELEASE_SIGNATURE/)]);
  expect(existsSync(file("out", "units"))).toBe(false);
  await good("release", "sign", release, "--key", file("offline", "release.key"));
});

test("two units are made, listed as the cloud wants them, and each has a label, a card and a flash of its own", async () => {
  const units = await made("--count", "2");
  const [listed = "[]"] = await linesOf("factory", "list", ...config, "--json");
  expect(JSON.parse(listed)).toMatchObject(
    units.map(({ id }) => ({ id, product: "lamp", hardware: 1, fleet: "workshop", card: "noFlash", release: "1" })),
  );
  for (const unit of units) {
    expect(readdirSync(unit.folder).sort()).toEqual(
      ["card.png", "label.png", "print.pdf", "unit.flash", "unit.flash.log"].sort(),
    );
  }
  expect(new Set(units.map((unit) => readFileSync(join(unit.folder, "unit.flash")).toString("hex"))).size).toBe(2);
  expect(readdirSync(file("out")).sort()).toEqual(["registry.db", "units"]);
});

test("a card that was printed is forgotten; one whose printer failed is kept, and said", async () => {
  const [printed] = await made("--print", "test -s");
  expect(readdirSync(printed?.folder ?? "")).not.toContain("card.png");
  expect(readdirSync(printed?.folder ?? "")).not.toContain("print.pdf");
  const failed = await latchkey("factory", "make", release, ...config, "--count", "2", "--print", "false");
  const words =
    /false did not print \(1\); the unit is made, print \S+ by hand and remove it then \(1 of 2 units is made\)/;
  expect([failed.code, failed.errors]).toEqual([1, expect.stringMatching(words)]);
  const pdf = /print (\S+) by hand/.exec(failed.errors)?.[1] ?? "";
  expect(existsSync(pdf)).toBe(true);
});

test("at home a unit is unboxed and used; lost paper ends the old card without any cloud", async () => {
  const [unit] = await made();
  const { id, folder: place } = unit as { id: string; folder: string };
  const attic = ["--ssid", "Attic", "--passphrase", "under the roof"];
  home = startProgram("src/cli/main.ts", ["home", id, ...config, ...attic, "--address", AIR]);
  const shown: string[] = [];
  await new Promise<void>((resolve, reject) => {
    home?.onLine((line) => {
      shown.push(line);
      if (line.includes("Attic is on the air")) resolve();
    });
    void home?.exited.then(() => reject(new Error(home?.errors())));
  });
  const memory = ["--json", "--memory", file("phone.json"), "--label", join(place, "label.png")];
  const old = [...memory, "--card", join(place, "old-card.png")];
  writeFileSync(join(place, "old-card.png"), readFileSync(join(place, "card.png")));
  await good("phone", "onboard", "--timeout", "600", ...old, ...attic, "--broadcast", AIR);
  await good("phone", "call", "setLamp", "on=true", ...old);
  expect(shown.join("\n")).toMatch(/"pin":"lamp","value":1/);
  expect(shown.join("\n")).not.toContain("under the roof");

  const { card, grant, revocation } = await good("factory", "reissue-card", id, ...config, "--json");
  const fresh = [...memory, "--card", String(card), "--chain", String(grant)];
  const early = await latchkey("phone", "adopt", ...fresh);
  expect([early.code, early.errors]).toEqual([1, expect.stringMatching(/SESSION_OWNER/)]);
  await good("phone", "adopt", ...fresh, "--revocation", String(revocation));
  await good("phone", "call", "setLamp", "on=false", ...memory, "--card", String(card));
  const lost = await latchkey("phone", "call", "setLamp", "on=true", ...old);
  expect([lost.code, lost.errors]).toEqual([1, expect.stringMatching(/opens no session/)]);
});

test("what isn't there is said, with what to do", async () => {
  const unknown = await latchkey("factory", "reissue-card", "ff".repeat(12), ...config);
  expect([unknown.code, unknown.errors]).toEqual([
    1,
    expect.stringMatching(/knows no unit ffff.*latchkey factory list/),
  ]);
  const nobody = await latchkey("home", "ff".repeat(12), ...config);
  expect([nobody.code, nobody.errors]).toEqual([1, expect.stringMatching(/make one: latchkey factory make/)]);
});
