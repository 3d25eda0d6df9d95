/** A person's commands and a whole unit: each older protocol, without label and card, and what is said of it. */

import { mkdtempSync } from "node:fs";
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
const LEGACY = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"] as const;
const memory = join(mkdtempSync(join(tmpdir(), "latchkey-onboarding-")), "phone.json");
let air: Child;
let unit: TestUnit;

beforeAll(async () => {
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${SUBNET}.255`, subnet: SUBNET, seed: 2, loss: { rate: 0.1 } };
  const started = await startReady("boards/sim/host/air/main.ts", ["--json", JSON.stringify(config)]);
  air = started.child;
  const onboarding = { legacy: [...LEGACY], softAp: false };
  unit = await makeTestUnit(`127.0.0.1:${started.ready.radioPort}`, { onboarding });
});

afterAll(async () => {
  await unit.station.power(false);
  await air.stop();
});

function onboard(protocol: string, ...more: readonly string[]) {
  const credentials = ["--ssid", HOME.ssid, "--passphrase", HOME.passphrase, "--timeout", "600"];
  const to = ["--broadcast", `${SUBNET}.255`, "--memory", memory, "--json"];
  return latchkey("phone", "onboard", "--protocol", protocol, ...credentials, ...to, ...more);
}

/** Without its power a unit forgets a join that nobody proved. */
async function forget(): Promise<void> {
  await unit.station.power(false);
  await unit.station.power(true);
}

test.each(["esptouch-v1", "airkiss", "ti-cc3000", "ti-cc3200"])(
  "%s without label and card: someone acknowledges, and that proves nothing",
  async (protocol) => {
    await forget();
    const { code, json, errors } = await onboard(protocol);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(json).toMatchObject({ proved: false, provisional: true });
    expect(json?.host).toMatch(new RegExp(`^${SUBNET.replaceAll(".", "\\.")}\\.\\d+$`));
  },
);

test.each(["esptouch-v2", "tuya-ez"])(
  "%s with the label alone: the unit's signed hello proves who it is, the join stays provisional",
  async (protocol) => {
    await forget();
    const { code, json, errors } = await onboard(protocol, "--label", unit.made.labelPng);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(json).toMatchObject({ deviceId: toHex(unit.made.id), proved: true, provisional: true });
  },
);

test.each([
  ["air", [], /Air is sealed for one unit; scan both/],
  ["air", ["--label", "LABEL"], /scan the card too/],
  ["tuya-ez", [], /by tuya-ez a unit answers with its signed hello alone; scan the label/],
  ["esptouch-v1", ["--card", "CARD"], /scan the label too/],
] as const)("%s with %j says what is missing", async (protocol, words, advice) => {
  const more = words.map((word) =>
    word === "LABEL" ? unit.made.labelPng : word === "CARD" ? unit.made.cardPng : word,
  );
  const { code, errors } = await onboard(protocol, ...more);
  expect(code).toBe(1);
  expect(errors).toMatch(advice);
});
