/**
 * The networks of one guest: an access point, a phone's host and a unit, each with a radio of its own; phone and unit each in a network
 * namespace of its own, so that what they say to each other goes through the air.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtPath } from "#boards/sim/host/programs.ts";
import { imagePaths } from "#firmware/image.ts";
import type { LinuxUnit } from "../made-unit.ts";
import type { Guest } from "./guest.ts";

const ROUTER = "192.168.77.1";
/** Where the guest has the shared folder. */
const SHARE = "/tmp/share";

/** An access point as hostapd is told of it, besides interface and name. */
interface Network {
  readonly ssid: Uint8Array;
  readonly channel: number;
  /** Lines of hostapd.conf. */
  readonly hostapd: readonly string[];
  /** Lines of the phone's network in wpa_supplicant.conf. */
  readonly phone: readonly string[];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A WPA2 network with CCMP. */
export const wpa2 = (ssid: string, passphrase: string, more: readonly string[] = []): Network => ({
  ssid: Buffer.from(ssid),
  channel: 6,
  hostapd: ["wpa=2", "wpa_key_mgmt=WPA-PSK", "rsn_pairwise=CCMP", `wpa_passphrase=${passphrase}`, ...more],
  phone: [`psk="${passphrase}"`, "key_mgmt=WPA-PSK"],
});

export interface World {
  readonly guest: Guest;
  /** Opens the network, in place of the one before, and joins the phone to it. */
  open(network: Network): Promise<void>;
  /** Switches the unit on with the flash that it was made with. */
  unitOn(): Promise<void>;
  unitOff(): Promise<void>;
  unitLog(): string;
  /** Runs `latchkey phone ...` on the phone's host. @returns What it printed. */
  phone(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}

const DHCP_SCRIPT = `#!/bin/sh
case $1 in bound|renew)
  ip addr replace $ip/24 broadcast 192.168.77.255 dev $interface
  ip route replace default via ${ROUTER} dev $interface ;;
deconfig) ip addr flush dev $interface ;;
esac
`;

/** Waits in the guest until a shell condition holds; busy machines take their time. */
const until = (condition: string, seconds: number) =>
  `i=0; until ${condition}; do i=$((i+1)); [ $i -gt ${seconds * 5} ] && { echo "in vain: ${condition.replaceAll('"', "'")}"; false; break; }; sleep 0.2; done`;

export async function startWorld(guest: Guest, unit: LinuxUnit): Promise<World> {
  const file = (name: string) => join(guest.share, name);
  const put = (name: string, text: string) => writeFileSync(file(name), text);
  copyFileSync(unit.flashPath, file("flash.bin"));
  copyFileSync(unit.made.labelPng, file("label.png"));
  copyFileSync(unit.made.cardPng, file("card.png"));
  copyFileSync(imagePaths("linux").runtime, file("latchkey-unit"));
  writeFileSync(file("dhcp.sh"), DHCP_SCRIPT, { mode: 0o755 });
  put(
    "udhcpd.conf",
    `start 192.168.77.20\nend 192.168.77.90\ninterface wlan0\nlease_file /tmp/leases\nopt subnet 255.255.255.0\nopt router ${ROUTER}\n`,
  );
  put("unit.conf", "ctrl_interface=/tmp/wpa-unit\np2p_disabled=1\n");
  const { root } = guest;
  const libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map((name) => `${root}/${name}`).join(":");
  const phoneIn = "nsenter -n -t $PHONE";
  const unitIn = "nsenter -n -t $UNIT";
  const dhcp = (interfaceName: string) => `busybox udhcpc -q -t 100 -T 1 -i ${interfaceName} -s ${SHARE}/dhcp.sh`;
  const launch = (line: string, log: string) => `(${line} > ${SHARE}/${log} 2>&1 &)`;
  await guest.run(`export LD_LIBRARY_PATH=${libraries} PATH=${root}/usr/sbin:${root}/sbin:${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
    unshare -n sleep 100000 & UNIT=$!
    unshare -n sleep 100000 & PHONE=$!
    ${until('[ "$(readlink /proc/$PHONE/ns/net)" != "$(readlink /proc/self/ns/net)" ] && [ "$(readlink /proc/$UNIT/ns/net)" != "$(readlink /proc/self/ns/net)" ]', 20)}
    iw phy phy1 set netns $PHONE && iw phy phy2 set netns $UNIT
    ${phoneIn} ip link set lo up; ${unitIn} ip link set lo up
    cp ${SHARE}/latchkey-unit ${SHARE}/flash.bin /tmp/; touch /tmp/leases
    ${launch(`${unitIn} wpa_supplicant -i wlan2 -c ${SHARE}/unit.conf`, "wpa-unit.log")}
    ${until("[ -S /tmp/wpa-unit/wlan2 ]", 20)}
    ${launch(`while :; do ${unitIn} busybox udhcpc -f -t 1000 -T 1 -A 1 -i wlan2 -s ${SHARE}/dhcp.sh; sleep 1; done`, "dhcp-unit.log")}`);
  return {
    guest,
    async open({ ssid, channel, hostapd, phone }) {
      const common = ["interface=wlan0", "driver=nl80211", "hw_mode=g", `channel=${channel}`, `ssid2=${hex(ssid)}`];
      put("hostapd.conf", [...common, ...hostapd, ""].join("\n"));
      put(
        "phone.conf",
        [
          "ctrl_interface=/tmp/wpa-phone",
          "p2p_disabled=1",
          "network={",
          `ssid=${hex(ssid)}`,
          "scan_ssid=1",
          ...phone,
          "}",
          "",
        ].join("\n"),
      );
      await guest.run(`busybox killall hostapd udhcpd 2>/dev/null; kill $WPAPHONE 2>/dev/null; sleep 0.3
        hostapd -B -f ${SHARE}/hostapd.log ${SHARE}/hostapd.conf && ip addr replace ${ROUTER}/24 dev wlan0
        busybox udhcpd -S ${SHARE}/udhcpd.conf
        ${phoneIn} wpa_supplicant -i wlan1 -c ${SHARE}/phone.conf > ${SHARE}/wpa-phone.log 2>&1 & WPAPHONE=$!
        ${until(`grep -q CTRL-EVENT-CONNECTED ${SHARE}/wpa-phone.log`, 60)} && ${phoneIn} ${dhcp("wlan1")}`);
    },
    async unitOn() {
      await guest.run(`cp ${SHARE}/flash.bin /tmp/unit.bin
        ${unitIn} /tmp/latchkey-unit --flash /tmp/unit.bin --radio wlan2 --wpa /tmp/wpa-unit > ${SHARE}/unit.log 2>&1 & RUNNING=$!
        ${until(`grep -q "latchkey: start us" ${SHARE}/unit.log`, 60)}`);
    },
    unitOff: async () => void (await guest.run("kill -9 $RUNNING; wait $RUNNING 2>/dev/null; true")),
    unitLog: () => readFileSync(file("unit.log"), "latin1"),
    async phone(...words) {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
      const told = await guest.run(
        `cd ${process.cwd()} && ${phoneIn} env -u LD_LIBRARY_PATH ${process.execPath} ${builtPath("src/cli/main.ts")} phone ${quoted}`,
      );
      const json = told.split("\n").find((line) => line.startsWith("{"));
      return JSON.parse(json ?? "{}") as Record<string, unknown>;
    },
  };
}

/** The unit's label and the owner's card, as the phone's options. */
export const CODES = ["--label", `${SHARE}/label.png`, "--card", `${SHARE}/card.png`, "--memory", "/tmp/phone.json"];
