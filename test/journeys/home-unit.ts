/** A unit on its owner's network, which never had a cloud, and a newer release of its product. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { startReady } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { factory, makeRelease } from "#cli/story/factory.ts";
import { latchkeyOk } from "#cli/story/world.ts";
import { buildScript, bundleEntry } from "#factory/bundle/bundle.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { until } from "../progress.ts";

const HOME = { ssid: "Lamplight", passphrase: "a story told" } as const;
/** What the new release says of itself where the old one says 100. */
export const NEW_BRIGHTNESS = 42;

/** An air with one network, a process of its own. @param subnet The first three numbers of its loopback addresses. */
export async function startHomeAir(subnet: string): Promise<{ readonly air: Child; readonly radio: string }> {
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${subnet}.255`, subnet, seed: 3, loss: { rate: 0 } };
  const { child, ready } = await startReady("boards/sim/host/air/main.ts", ["--json", JSON.stringify(config)]);
  return { air: child, radio: `127.0.0.1:${ready.radioPort}` };
}

/** @param cards What the owner's card may do. */
export async function homeUnit(subnet: string, radio: string, cards: FlashConfig["cards"]) {
  const output = mkdtempSync(join(tmpdir(), "latchkey-home-unit-"));
  const { cloud: _, ...shipped } = readFlashConfig("flash.config.json");
  const onboarding = { legacy: [], softAp: false };
  const config: FlashConfig = { ...shipped, cards, board: "sim", output, keys: join(output, "keys"), onboarding };
  const station: SimStation = openSimStation(readBoard("sim"), join(output, "flash.bin"), radio);
  const tell = createReporter(() => undefined, false);
  const phoneMemory = join(output, "phone.json");
  const world = { tell, config, board: readBoard("sim"), radio, station, phoneMemory, broadcast: undefined };
  const { unit, sequence } = await factory(world);
  const build = { release: String(sequence + 1), atS: Math.floor(Date.now() / 1000) };
  const changed = `{ ...app, variables: { ...app.variables, brightness: { ...app.variables.brightness, read: () => ${NEW_BRIGHTNESS} } } }`;
  const { path, file } = makeRelease(config, sequence + 1, {
    js: await buildScript(bundleEntry(config, build, changed)),
  });
  /** How each start went, as the board shows it. */
  const starts: object[] = [];
  const said: string[] = [];
  const powerOn = async () => {
    await station.power(true);
    station.unit()?.onLine((line) => void said.push(line));
    station.unit()?.onNotice((notice) => void ("boot" in notice && starts.push(notice)));
  };
  await powerOn();
  const about = ["--json", "--memory", phoneMemory, "--label", unit.labelPng];
  const asOwner = [...about, "--card", unit.cardPng];
  const credentials = ["--ssid", HOME.ssid, "--passphrase", HOME.passphrase];
  await latchkeyOk("phone", "onboard", "--timeout", "600", ...asOwner, ...credentials, "--broadcast", `${subnet}.255`);
  const brightness = async () => (await latchkeyOk("phone", "call", "brightness", ...asOwner)).value;
  expect(await brightness()).toBe(100);
  return { config, unit, station, powerOn, starts, said, about, asOwner, path, file, brightness };
}

export type HomeUnit = Awaited<ReturnType<typeof homeUnit>>;

/** An unconfirmed trial would go back at the next start: the new release lasts, as its holder sees, once it has run for a while. */
export async function expectToLast({ station, powerOn, starts, said, brightness }: HomeUnit): Promise<void> {
  expect(await brightness()).toBe(NEW_BRIGHTNESS);
  await until("the confirmation", () => said.some((line) => /^update: release \d+ confirmed/.test(line)) || undefined);
  await station.power(false);
  await powerOn();
  expect(await brightness()).toBe(NEW_BRIGHTNESS);
  expect(starts).toEqual([
    { boot: "A", trial: false, reason: "power" },
    { boot: "B", trial: true, reason: "update" },
    { boot: "B", trial: false, reason: "power" },
  ]);
}
