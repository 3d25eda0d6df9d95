/** SoftAP through the 802.11 stack of Linux: a station finds the unit's own access point, and onboards it by the portal's page (ADR 0158). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { buildScript, bundleEntry } from "#factory/bundle/bundle.ts";
import { makeLinuxUnit } from "../made-unit.ts";
import { type Guest, startGuest } from "./guest.ts";
import { whyNoGuest } from "./guest-files.ts";
import { networkNamed } from "./networks.ts";
import { CODES, startWorld, type World } from "./world.ts";

const BOOT_MS = 900_000;
const ONBOARDING_MS = 900_000;
/** In place of the minute that a unit listens first. */
const LISTEN_MS = 4_000;
const UNIT = "192.168.4.1";

const lacking = whyNoGuest();
if (lacking !== undefined) process.stderr.write(`SoftAP on the kernel's 802.11: not run: ${lacking}\n`);

describe.skipIf(lacking !== undefined)("a unit that hears nobody, on the kernel's 802.11", () => {
  let guest: Guest;
  let world: World;

  beforeAll(async () => {
    const onboarding = { legacy: [], softAp: true };
    const sooner = (text: string) => {
      const edited = text.replace(/(LISTEN_BEFORE_PORTAL_MS = )[\d_]+/, `$1${LISTEN_MS}`);
      if (edited === text) throw new Error("portal-turns.ts says elsewhere how long a unit listens first");
      return edited;
    };
    const edits = new Map([["src/device/onboarding/portal-turns.ts", sooner]]);
    const unit = await makeLinuxUnit({ cloud: undefined, onboarding }, (config) =>
      buildScript(bundleEntry(config, { release: "1", atS: 1_790_000_000 }), edits),
    );
    guest = await startGuest();
    world = await startWorld(guest, unit);
  }, BOOT_MS);

  afterAll(() => guest?.stop());

  /** Adds what the unit said to what went wrong. */
  const withLog = async (error: Error) => {
    throw new Error(`${error.message}\n${await world.unitLog()}`);
  };
  /** Runs a command on the phone's host. */
  const phone = (command: string) => guest.run(`nsenter -n -t $PHONE ${command}`);
  /** Joins the phone's host to a network, and gets an address there. */
  const join = (configuration: string) =>
    guest.run(`kill $WPAPHONE; sleep 0.5; nsenter -n -t $PHONE busybox ip addr flush dev wlan1
      rm -f /run/wpa-phone.log
      nsenter -n -t $PHONE wpa_supplicant -i wlan1 -c ${configuration} > /run/wpa-phone.log 2>&1 & WPAPHONE=$!
      wait_for 120 "has /run/wpa-phone.log CTRL-EVENT-CONNECTED" || { cat /run/wpa-phone.log; false; } &&
      nsenter -n -t $PHONE busybox udhcpc -q -n -t 20 -T 1 -i wlan1 -s /run/dhcp.sh`);

  test(
    "opens an access point on which a station gets an address, names lead to the page, and the form leads to the network",
    async () => {
      const network = networkNamed("wpa2");
      await world.open(network);
      await world.unitOn();
      // The name is made of what stands on the label.
      const name = `Setup ${toHex(world.codes.deviceId.subarray(0, 3)).toUpperCase()}`;
      await guest.run(`cat > /run/share/setup.conf <<'END'
ctrl_interface=/run/wpa-phone
network={
ssid=${Buffer.from(name).toString("hex")}
key_mgmt=NONE
}
END`);
      await join("/run/share/setup.conf").catch(withLog);
      expect(await phone("busybox ip addr show dev wlan1")).toMatch(/inet 192\.168\.4\.\d+\/24/);
      expect(await phone(`busybox nslookup connectivitycheck.example ${UNIT}`)).toMatch(
        /connectivitycheck[\s\S]*192\.168\.4\.1/,
      );
      // Where a phone looks first; it is sent on until it has the form.
      const page = await phone(`busybox wget -q -O - http://${UNIT}/hotspot-detect.html`);
      const token = /name="token" value="([0-9a-f]+)"/.exec(page)?.[1];
      const option = new RegExp(`<option value="([^"]*)"[^>]*>${Buffer.from(network.ssid).toString()}<`).exec(
        page,
      )?.[1];
      expect(option, page).toBeDefined();
      const form = `token=${token}&network=${option}&other=&passphrase=${encodeURIComponent(network.passphrase)}`;
      const answer = await phone(`busybox wget -q -O - --post-data '${form}' http://${UNIT}:8088/join`);
      expect(answer).toMatch(/Put your phone back/);
      await join("/run/share/phone.conf");
      await guest.run('wait_for 120 "has /run/address-wlan2 192.168.77"').catch(withLog);
      // The owner's session makes the join last; the unit is found once it listens.
      const call = () => world.phone("call", "setLamp", "on=true", "--json", ...CODES).catch(() => ({}));
      await expect.poll(call, { timeout: ONBOARDING_MS }).not.toEqual({});
      await world.unitOff();
    },
    ONBOARDING_MS,
  );
});
