/** Onboarding through the 802.11 stack of Linux: what nobody here wrote encrypts, relays and captures (ADR 0157). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeLinuxUnit } from "../made-unit.ts";
import { type Guest, startGuest } from "./guest.ts";
import { whyNoGuest } from "./guest-files.ts";
import { networkNamed } from "./networks.ts";
import { runTrial } from "./trial.ts";
import { CODES, startWorld, type World } from "./world.ts";

const BOOT_MS = 900_000;
const ONBOARDING_MS = 600_000;

/** A sample of what main.ts measures: each kind of length, of loss and of search. */
const SAMPLE = [
  ["wpa2", "air", 30],
  ["tkip-mixed", "air", 0],
  ["ap-isolate", "air", 10],
  ["gcmp", "esptouch-v2", 0],
  ["5-ghz", "air", 0],
] as const;

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

  test(
    "hears Air by the command line on WPA2, joins, proves who it is, and answers a call",
    async () => {
      const network = networkNamed("wpa2");
      await world.open(network);
      const { ssid, passphrase } = network;
      const credentials = ["--ssid", Buffer.from(ssid).toString(), "--passphrase", passphrase];
      const onboard = (timeoutS: number) =>
        world.phone(
          ...["onboard", "--json", "--broadcast", "--protocol", "air", "--timeout", `${timeoutS}`],
          ...[...credentials, ...CODES],
        );
      const call = () => world.phone("call", "setLamp", "on=true", "--json", ...CODES);
      // Each once before it counts: while the guest waits for a command's files its clock races, and the command's time is over.
      await onboard(1).catch(() => undefined);
      await world.unitOn();
      const onboarded = await onboard(120);
      expect(onboarded, await world.unitLog()).toMatchObject({
        proved: true,
        host: expect.stringMatching(/^192\.168\.77\./),
      });
      await call().catch(() => undefined);
      expect(await call()).not.toEqual({});
      await world.unitOff();
    },
    ONBOARDING_MS,
  );

  test.each(SAMPLE)(
    "on %s by %s, with %i of a hundred frames lost, it joins what the phone said",
    async (name, protocol, lossPercent) => {
      const network = networkNamed(name);
      await world.lose(0, 0);
      await world.open(network);
      const result = await runTrial(world, network, { protocol, lossPercent, seed: 1 });
      expect(result, await world.unitLog()).toMatchObject({ isJoined: true, isWrong: false });
      if (!network.isIsolated) expect(result.provedS).toBeGreaterThan(0);
    },
    ONBOARDING_MS,
  );
});
