/** A product whose app and units share an AES key: who has it brings a unit home, who has another does not. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { startReady } from "#cli/program.ts";
import { latchkey } from "#cli/story/world.ts";
import { makeTestUnit, type TestUnit } from "../boards/sim/made-unit.ts";

const SUBNET = await loopbackSubnet();
const HOME = { ssid: "Lamplight", passphrase: "a story told" } as const;
const APP_KEY = "00112233445566778899aabbccddeeff";
const OTHER_KEY = "00112233445566778899aabbccddeefe";
const folder = mkdtempSync(join(tmpdir(), "latchkey-app-key-"));
const keyFile = join(folder, "app.key");
let air: Child;
let unit: TestUnit;

beforeAll(async () => {
  writeFileSync(keyFile, `${APP_KEY}\n`, { mode: 0o600 });
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${SUBNET}.255`, subnet: SUBNET, seed: 2, loss: { rate: 0.1 } };
  const started = await startReady("boards/sim/host/air/main.ts", ["--json", JSON.stringify(config)]);
  air = started.child;
  const onboarding = {
    legacy: ["esptouch-v2" as const, "airkiss" as const, "ti-smartconfig" as const],
    softAp: false,
    aesKeyFile: keyFile,
  };
  unit = await makeTestUnit(`127.0.0.1:${started.ready.radioPort}`, { onboarding });
});

afterAll(async () => {
  await unit.station.power(false);
  await air.stop();
});

function onboard(protocol: string, key: string, timeoutS: number) {
  const credentials = ["--ssid", HOME.ssid, "--passphrase", HOME.passphrase, "--timeout", String(timeoutS)];
  const to = ["--broadcast", `${SUBNET}.255`, "--memory", join(folder, "phone.json"), "--json"];
  return latchkey(
    "phone",
    "onboard",
    "--protocol",
    protocol,
    "--key",
    key,
    "--label",
    unit.made.labelPng,
    ...credentials,
    ...to,
  );
}

/** Without its power a unit forgets a join that nobody proved. */
async function forget(): Promise<void> {
  await unit.station.power(false);
  await unit.station.power(true);
}

test.each([
  ["esptouch-v2", APP_KEY],
  ["esptouch-v2", keyFile],
  ["airkiss", keyFile],
  ["ti-cc3200", keyFile],
])("%s under the app's key (%#) brings the unit home", async (protocol, key) => {
  await forget();
  const { code, json, errors } = await onboard(protocol, key, 600);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(json).toMatchObject({ deviceId: toHex(unit.made.id), proved: true, provisional: true });
});

test("under another key nothing comes of it, and nobody's log tells a key", async () => {
  await forget();
  const { code, errors } = await onboard("esptouch-v2", OTHER_KEY, 12);
  expect(code).toBe(1);
  expect(errors).toMatch(/the unit did not answer/);
  const log = readFileSync(`${unit.flashPath}.log`, "utf8");
  expect(log.match(/complete, joining/g)).toHaveLength(4);
  for (const text of [log, errors])
    expect(text).not.toMatch(new RegExp(`${APP_KEY.slice(0, 8)}|${HOME.passphrase}`, "i"));
});

test.each([
  ["air", APP_KEY, /air has no AES key/],
  ["esptouch-v2", APP_KEY.slice(2), /--key wants 32 hexadecimal digits, or the file that holds them/],
  ["esptouch-v2", join(folder, "nothing.key"), /--key: there is no .*nothing\.key/],
] as const)("%s with a key that is none says so, and not the key", async (protocol, key, advice) => {
  const { code, errors } = await onboard(protocol, key, 5);
  expect(code).toBe(1);
  expect(errors).toMatch(advice);
  expect(errors).not.toContain(APP_KEY.slice(2));
});
