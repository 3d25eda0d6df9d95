/** Onboarding through the 802.11 stack of Linux: what nobody here wrote encrypts, relays and captures (ADR 0157). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeLinuxUnit } from "../made-unit.ts";
import { type Guest, startGuest } from "./guest.ts";
import { whyNoGuest } from "./guest-files.ts";
import { CODES, startWorld, type World, wpa2 } from "./world.ts";

const BOOT_MS = 900_000;
const ONBOARDING_MS = 600_000;
const SSID = "Lamplight";
const PASSPHRASE = "a story told";

const NETWORKS = [["WPA2", wpa2(SSID, PASSPHRASE)]] as const;

const lacking = whyNoGuest();
if (lacking !== undefined) process.stderr.write(`802.11 of the kernel: not run: ${lacking}\n`);

describe.skipIf(lacking !== undefined)("a unit on the kernel's 802.11", () => {
  let guest: Guest;
  let world: World;

  beforeAll(async () => {
    const unit = await makeLinuxUnit({ onboarding: { legacy: ["esptouch-v2"], softAp: false } });
    guest = await startGuest();
    world = await startWorld(guest, unit);
  }, BOOT_MS);

  afterAll(() => guest?.stop());

  test.each(NETWORKS)(
    "hears Air on %s, joins, proves who it is, and answers a call",
    async (_, network) => {
      await world.open(network);
      await world.unitOn();
      const credentials = ["--ssid", SSID, "--passphrase", PASSPHRASE, "--timeout", "120"];
      const told = ["--json", "--broadcast", "--protocol", "air", ...credentials, ...CODES];
      const onboarded = await world.phone("onboard", ...told);
      expect(onboarded, world.unitLog()).toMatchObject({
        proved: true,
        host: expect.stringMatching(/^192\.168\.77\./),
      });
      expect(await world.phone("call", "setLamp", "on=true", "--json", ...CODES)).not.toEqual({});
      await world.unitOff();
    },
    ONBOARDING_MS,
  );
});
