/** The line makes a simulated unit: real bundle, real engine, real process, real print. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { openRegistry } from "#factory/registry.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { cardText, readCardLink, readLabelLink } from "#wire/grants/card.ts";
import { makeTestUnit, type TestUnit, testConfig } from "./made-unit.ts";

let unit: TestUnit | undefined;
afterEach(async () => {
  await unit?.station.power(false);
  unit = undefined;
});

test("a unit comes out with an identity that its label, its card and the registry agree on", async () => {
  unit = await makeTestUnit();
  const { made, config } = unit;
  const label = readLabelLink((await readQr(readFileSync(made.labelPng))) ?? "");
  const card = readCardLink((await readQr(readFileSync(made.cardPng))) ?? "");
  expect(label).toEqual({ ok: true, value: made.id });
  expect(card).toMatchObject({ ok: true, value: { id: made.id } });
  const registry = openRegistry(join(config.output, "registry.db"));
  expect(registry.find(toHex(made.id))?.board).toBe("sim");
  registry.close();
  const secret = Buffer.from(card.ok ? card.value.secret : []);
  expect(secret).toHaveLength(16);
  expect(readFileSync(unit.flashPath).includes(secret)).toBe(false);
  expect(readFileSync(join(config.output, "registry.db")).includes(secret)).toBe(false);
  // The line derived what it needed and forgot: beside what was printed, no file holds the secret, its text, or the holder's seed.
  const text = card.ok ? cardText(card.value.secret) : "";
  const seed = Buffer.from(card.ok ? holderSeed(nodePrimitives, card.value.secret, made.id) : []);
  const printed = [made.cardPng, made.pdf];
  const kept = readdirSync(config.output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const forms = [secret, seed].flatMap((key) => [
    key,
    Buffer.from(key.toString("hex")),
    Buffer.from(key.toString("base64")),
  ]);
  for (const path of kept.filter((each) => !printed.includes(each))) {
    const bytes = readFileSync(path);
    for (const form of [...forms, Buffer.from(text)]) expect([path, bytes.includes(form)]).toEqual([path, false]);
  }
  expect(kept.length).toBeGreaterThan(3);
});

test("a unit whose app sleeps at once, with no cloud that could hold it awake, is made as any other", async () => {
  const { cloud: _, ...config } = testConfig();
  unit = await makeTestUnit("127.0.0.1:1", { app: resolve("test/apps/sleeping-app.ts") }, config);
  const registry = openRegistry(join(unit.config.output, "registry.db"));
  expect(registry.find(toHex(unit.made.id))?.product).toBe(unit.config.product);
  registry.close();
});

test("a unit whose bundle was changed by one bit does not start it", async () => {
  unit = await makeTestUnit();
  await unit.station.power(false);
  const flash = readFileSync(unit.flashPath);
  const address = readBoard("sim").flash.regions.jsA.start + 4096 + 1000;
  flash[address] = (flash[address] as number) ^ 1;
  writeFileSync(unit.flashPath, flash);
  const child = startProgram("boards/sim/host/unit.ts", ["--flash", unit.flashPath, "--radio", "127.0.0.1:1"]);
  expect(await child.exited).toBe(81);
});

test("a truncated flash file is refused with what to do, and left as it is", async () => {
  unit = await makeTestUnit();
  await unit.station.power(false);
  truncateSync(unit.flashPath, 1000);
  const child = startProgram("boards/sim/host/unit.ts", ["--flash", unit.flashPath]);
  expect(await child.exited).toBe(1);
  expect(child.errors()).toMatch(/has 1000 bytes.*make the unit again/);
  expect(readFileSync(unit.flashPath).length).toBe(1000);
  expect(existsSync(unit.made.pdf)).toBe(true);
});
