/**
 * A release brought by hand, in a home without a cloud: the line's unit, an air and the phone's command line, each a
 * process of its own. That the cloud serves the same bytes over the same paths: test/cloud/cloud-process.test.ts.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { startReady } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { factory, makeRelease } from "#cli/story/factory.ts";
import { latchkey, latchkeyOk } from "#cli/story/world.ts";
import { buildScript, bundleEntry } from "#factory/bundle/bundle.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { ensureKeyFile } from "#trust/host/key-file.ts";
import { writeReleaseFile } from "#trust/host/release-file.ts";

const SUBNET = "127.95.10";
const HOME = { ssid: "Lamplight", passphrase: "a story told" } as const;
/** What the new release says of itself where the old one says 100. */
const NEW_BRIGHTNESS = 42;
let station: SimStation;
let air: Child;
let radio: string;

beforeAll(async () => {
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${SUBNET}.255`, subnet: SUBNET, seed: 3, loss: { rate: 0 } };
  const started = await startReady("boards/sim/host/air/main.ts", ["--json", JSON.stringify(config)]);
  air = started.child;
  radio = `127.0.0.1:${started.ready.radioPort}`;
});

afterAll(async () => {
  await station?.power(false);
  await air.stop();
});

/** A unit on its owner's network, which never had a cloud, and a newer release of its product. */
async function unitAtHome() {
  const output = mkdtempSync(join(tmpdir(), "latchkey-carry-"));
  const { cloud: _, ...shipped } = readFlashConfig("flash.config.json");
  const onboarding = { legacy: [], softAp: false };
  const config: FlashConfig = { ...shipped, board: "sim", output, keys: join(output, "keys"), onboarding };
  station = openSimStation(readBoard("sim"), join(output, "flash.bin"), radio);
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
  const powerOn = async () => {
    await station.power(true);
    station.unit()?.onNotice((notice) => void ("boot" in notice && starts.push(notice)));
  };
  await powerOn();
  const about = ["--json", "--memory", phoneMemory, "--label", unit.labelPng];
  const asOwner = [...about, "--card", unit.cardPng];
  const credentials = ["--ssid", HOME.ssid, "--passphrase", HOME.passphrase];
  await latchkeyOk("phone", "onboard", ...asOwner, ...credentials, "--broadcast", `${SUBNET}.255`);
  const brightness = async () => (await latchkeyOk("phone", "call", "brightness", ...asOwner)).value;
  expect(await brightness()).toBe(100);
  return { config, unit, powerOn, starts, about, asOwner, path, file, brightness };
}

type UnitAtHome = Awaited<ReturnType<typeof unitAtHome>>;

/** An unconfirmed trial would go back at the next start: the new release lasts, as its holder sees. */
async function lasts({ powerOn, starts, brightness }: UnitAtHome): Promise<void> {
  expect(await brightness()).toBe(NEW_BRIGHTNESS);
  await station.power(false);
  await powerOn();
  expect(await brightness()).toBe(NEW_BRIGHTNESS);
  expect(starts).toEqual([
    { boot: "A", trial: false, reason: "power" },
    { boot: "B", trial: true, reason: "update" },
    { boot: "B", trial: false, reason: "power" },
  ]);
}

test("an owner with a noFlash card can't, a technician whom the maker sent can; the owner has the last word", async () => {
  const home = await unitAtHome();
  const refused = await latchkey("phone", "deliver", home.path, ...home.asOwner);
  expect(refused.code).toBe(1);
  expect(refused.errors).toMatch(/the unit takes no release from you \(GRANT_FLASH\)/);
  expect(home.starts).toHaveLength(1);

  const { config, unit, about, path, file } = home;
  const [key, chain] = [join(config.output, "technician.key"), join(config.output, "technician.grant")];
  const holder = toHex(ensureKeyFile(key, "holder").publicKey);
  const what = ["--for", toHex(unit.id), "--holder", holder, "--allow", "*=flash"];
  await latchkeyOk("grant", "issue", "--issuer", join(config.keys, "issuer.key"), ...what, "--out", chain, "--json");
  const asTechnician = [...about, "--key", key, "--chain", chain];
  // What the unit refuses is never said to be delivered: signed by a stranger, and, further down, no newer than what runs.
  const forged = join(config.output, "forged.release");
  const { signed: _, ...unsigned } = file;
  writeReleaseFile(forged, { ...unsigned, signed: undefined });
  await latchkeyOk("keys", "new", "release", join(config.output, "stranger.key"));
  await latchkeyOk("release", "sign", forged, "--key", join(config.output, "stranger.key"));
  const stranger = await latchkey("phone", "deliver", forged, ...asTechnician);
  expect([stranger.code, stranger.errors]).toEqual([1, expect.stringMatching(/the unit refused .*RELEASE_SIGNATURE/)]);
  expect(home.starts).toHaveLength(1);
  const brought = await latchkeyOk("phone", "deliver", path, ...asTechnician);
  expect(brought).toMatchObject({ sequence: file.release.sequence, stage: "trial" });
  expect(brought.servedBytes).toBeGreaterThan(file.streams[0]?.length ?? Number.POSITIVE_INFINITY);
  // The deliverer's session proves nothing: whoever may install might also have cut the owner off.
  expect(home.starts.at(-1)).toMatchObject({ trial: true });
  await lasts(home);
  const again = await latchkey("phone", "deliver", path, ...asTechnician);
  expect([again.code, again.errors]).toEqual([1, expect.stringMatching(/the unit refused release \d+ \(RELEASE_/)]);
});
