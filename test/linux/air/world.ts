/**
 * The networks of one guest: an access point, a phone's host and a unit, each with a radio of its own; phone and unit each in a network
 * namespace of its own, so that what they say to each other goes through the air.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtPath } from "#boards/sim/host/programs.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { imagePaths } from "#firmware/image.ts";
import { ROOT } from "#firmware/layout.ts";
import type { SentProtocol } from "#phone/message.ts";
import { pairCodes } from "#phone/scan.ts";
import { airKey } from "#trust/grants/card-keys.ts";
import { readBytes } from "#trust/host/files.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { LinuxUnit } from "../made-unit.ts";
import type { Guest } from "./guest.ts";
import type { Network } from "./networks.ts";
import type { PhoneResult, PhoneStart, PhoneTask } from "./phone-process.ts";

const ROUTER = "192.168.77.1";
/** Of the access point's radio. */
export const ACCESS_POINT = "020000000000";
const lines = (...all: readonly string[]) => `${all.join("\n")}\n`;
/** Where the guest has the shared folder. */
const SHARE = "/run/share";

export interface World {
  readonly guest: Guest;
  readonly codes: Codes;
  /** Opens the network, in place of the one before, and joins the phone to it. */
  open(network: Network): Promise<void>;
  /** Loses frames at random from now on, and repeats those to one station; at 0 the kernel's own medium, which loses nothing. */
  lose(percent: number, seed: number): Promise<void>;
  /** Switches the unit on with the flash that it was made with, and waits until it listens. */
  unitOn(): Promise<void>;
  unitOff(): Promise<void>;
  /** What the unit said, each line behind the guest's time in seconds. */
  unitLog(): string;
  /** Whether the unit has an address on the network. */
  isJoined(): boolean;
  /** Begins to write what the unit's monitor interface hears to NAME.pcap in the shared folder; `captured` ends that. */
  capture(name: string): Promise<void>;
  captured(): Promise<void>;
  /** Begins to send what a phone sends, until the unit answers or time is over. */
  send(task: SendTask): Promise<void>;
  /** When its first datagram went out; undefined before. */
  sending(): PhoneStart | undefined;
  /** What came of it; undefined while it is under way. */
  sent(): PhoneResult | undefined;
  /** Ends it. */
  stopSending(): Promise<void>;
  /** Runs `latchkey phone ...` on the phone's host. @returns What it printed. */
  phone(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}

/** What label and card of the unit say. */
interface Codes {
  readonly deviceId: Uint8Array;
  readonly airKey: Uint8Array;
}

interface SendTask {
  readonly protocol: SentProtocol;
  readonly network: Network;
  readonly timeoutMs: number;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

async function codesOf({ made }: LinuxUnit): Promise<Codes> {
  const [label = "", card = ""] = await Promise.all(
    [made.labelPng, made.cardPng].map((path) => readQr(readBytes(path))),
  );
  const scanned = pairCodes(label, card);
  if (!scanned.ok) throw new Error(scanned.fault);
  const { deviceId, secret } = scanned.value;
  return { deviceId, airKey: airKey(nodePrimitives, secret, deviceId) };
}

const DHCP_SCRIPT = `#!/bin/sh
echo "$ip" > ${SHARE}/address-$interface
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
    `start 192.168.77.20\nend 192.168.77.90\ninterface bridge\nlease_file /run/leases\nopt subnet 255.255.255.0\nopt router ${ROUTER}\n`,
  );
  for (const program of ["medium", "stamp"]) {
    execFileSync("gcc", ["-O2", "-static", "-o", file(program), join(ROOT, `test/linux/air/${program}.c`)]);
  }
  put("unit.conf", "ctrl_interface=/run/wpa-unit\np2p_disabled=1\n");
  const { root } = guest;
  const libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map((name) => `${root}/${name}`).join(":");
  const phoneIn = "nsenter -n -t $PHONE";
  const unitIn = "nsenter -n -t $UNIT";
  const dhcp = (interfaceName: string) => `busybox udhcpc -q -t 100 -T 1 -i ${interfaceName} -s ${SHARE}/dhcp.sh`;
  const launch = (line: string, log: string) => `(${line} > ${SHARE}/${log} 2>&1 &)`;
  await guest.run(`export LD_LIBRARY_PATH=${libraries} PATH=${root}/usr/sbin:${root}/sbin:${root}/usr/bin:${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
    unshare -n sleep 100000 & UNIT=$!
    unshare -n sleep 100000 & PHONE=$!
    ${until('[ "$(readlink /proc/$PHONE/ns/net)" != "$(readlink /proc/self/ns/net)" ] && [ "$(readlink /proc/$UNIT/ns/net)" != "$(readlink /proc/self/ns/net)" ]', 20)}
    iw phy phy1 set netns $PHONE && iw phy phy2 set netns $UNIT
    ${phoneIn} ip link set lo up; ${unitIn} ip link set lo up
    ip link add bridge type bridge; ip link set bridge up; ip addr add ${ROUTER}/24 dev bridge
    cp ${SHARE}/latchkey-unit ${SHARE}/flash.bin /run/; touch /run/leases; busybox udhcpd -S ${SHARE}/udhcpd.conf
    ${launch(`${unitIn} wpa_supplicant -i wlan2 -c ${SHARE}/unit.conf`, "wpa-unit.log")}
    ${until("[ -S /run/wpa-unit/wlan2 ]", 20)}
    ${launch(`while :; do ${unitIn} busybox udhcpc -f -p /run/udhcpc.pid -t 1000 -T 1 -A 1 -i wlan2 -s ${SHARE}/dhcp.sh; sleep 1; done`, "dhcp-unit.log")}`);
  const codes = await codesOf(unit);
  const nodeIn = (program: string, words: string) =>
    `cd ${ROOT} && ${phoneIn} env -u LD_LIBRARY_PATH ${process.execPath} ${builtPath(program)} ${words}`;
  const accessPoint = (network: Network, interfaceName: string, more: readonly string[] = []) =>
    lines(
      `interface=${interfaceName}`,
      "bridge=bridge",
      "driver=nl80211",
      `ssid2=${hex(network.ssid)}`,
      ...network.hostapd,
      ...more,
    );
  const station = (network: Network, name: string) =>
    lines(
      `ctrl_interface=/run/wpa-${name}`,
      "p2p_disabled=1",
      "network={",
      `ssid=${hex(network.ssid)}`,
      "scan_ssid=1",
      ...network.phone,
      "}",
    );
  return {
    guest,
    codes,
    async open(network) {
      put("hostapd.conf", accessPoint(network, "wlan0"));
      put("twin.conf", accessPoint(network, "wlan3", ["channel=11"]));
      put("phone.conf", station(network, "phone"));
      put("sleeper.conf", station(network, "sleeper"));
      const twin = network.hasTwin ? `hostapd -B -f ${SHARE}/twin.log ${SHARE}/twin.conf &&` : "";
      const sleeper = network.hasSleeper
        ? `&& { wpa_supplicant -B -P /run/sleeper.pid -i wlan3 -c ${SHARE}/sleeper.conf -f ${SHARE}/wpa-sleeper.log; ${until(`grep -q CTRL-EVENT-CONNECTED ${SHARE}/wpa-sleeper.log`, 60)}; } && iw dev wlan3 set power_save on`
        : "";
      // Frames pass from one access point to the other as over a cable.
      await guest.run(`busybox killall hostapd 2>/dev/null; kill $WPAPHONE 2>/dev/null; [ -f /run/sleeper.pid ] && kill $(cat /run/sleeper.pid); rm -f /run/sleeper.pid; sleep 0.3
        rm -f ${SHARE}/wpa-phone.log ${SHARE}/wpa-sleeper.log
        ${twin} hostapd -B -f ${SHARE}/hostapd.log ${SHARE}/hostapd.conf && {
        ${phoneIn} wpa_supplicant -i wlan1 -c ${SHARE}/phone.conf > ${SHARE}/wpa-phone.log 2>&1 & WPAPHONE=$!
        ${until(`grep -q CTRL-EVENT-CONNECTED ${SHARE}/wpa-phone.log`, 60)} && ${phoneIn} ${dhcp("wlan1")} ${sleeper}; }`);
    },
    async lose(percent, seed) {
      const start = `${launch(`${SHARE}/medium ${percent} ${seed}`, "medium.log")}; ${until(`grep -q ready ${SHARE}/medium.log`, 20)}`;
      await guest.run(`busybox killall medium 2>/dev/null; rm -f ${SHARE}/medium.log; ${percent > 0 ? start : "true"}`);
    },
    async unitOn() {
      put("unit.log", "");
      put("address-wlan2", "");
      await guest.run(`cp ${SHARE}/flash.bin /run/unit.bin; kill $(cat /run/udhcpc.pid)
        ${unitIn} sh -c 'ip addr flush dev wlan2; ip link set wlan2 up; echo $$ > /run/unit.pid; exec /run/latchkey-unit --flash /run/unit.bin --radio wlan2 --wpa /run/wpa-unit' 2>&1 | ${SHARE}/stamp > ${SHARE}/unit.log & 
        ${until(`grep -q "latchkey: start us" ${SHARE}/unit.log`, 60)}
        ${until(`! ${unitIn} ip link show wlan2 | grep -q "[<,]UP"`, 60)}`);
    },
    unitOff: async () => void (await guest.run("kill -9 $(cat /run/unit.pid); sleep 0.2")),
    unitLog: () => readFileSync(file("unit.log"), "latin1"),
    isJoined: () => readFileSync(file("address-wlan2"), "utf8").startsWith("192.168.77."),
    async capture(name) {
      await guest.run(`${unitIn} tcpdump -Z root -q -U -s 96 -i wlan2mon -w ${SHARE}/${name}.pcap type data > ${SHARE}/tcpdump.log 2>&1 & TCPDUMP=$!
        ${until(`grep -q "listening on" ${SHARE}/tcpdump.log`, 20)}`);
    },
    captured: async () => void (await guest.run("kill -INT $TCPDUMP; wait $TCPDUMP; true")),
    async send({ protocol, network, timeoutMs }) {
      const task: PhoneTask = {
        ...{ protocol, timeoutMs, gateway: ROUTER, bssid: ACCESS_POINT },
        ...{ ssid: hex(network.ssid), passphrase: hex(Buffer.from(network.passphrase)) },
        ...{ deviceId: hex(codes.deviceId), airKey: hex(codes.airKey) },
      };
      put("sent.json", "");
      put("task.json", JSON.stringify(task));
      const program = nodeIn("test/linux/air/phone-process.ts", `${SHARE}/task.json`);
      await guest.run(`${program} > ${SHARE}/sent.json 2>&1 &`);
    },
    sending: () => saidBy(file("sent.json"))[0] as PhoneStart | undefined,
    sent: () => saidBy(file("sent.json"))[1] as PhoneResult | undefined,
    stopSending: async () => void (await guest.run("busybox killall node 2>/dev/null; true")),
    async phone(...words) {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
      const said = await guest.run(nodeIn("src/cli/main.ts", `phone ${quoted}`));
      return JSON.parse(said.split("\n").find((line) => line.startsWith("{")) ?? "{}");
    },
  };
}

/** The objects that a program has printed so far, one a line; throws with what it said when it said something else. */
function saidBy(path: string): readonly unknown[] {
  const text = readFileSync(path, "utf8");
  const whole = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean);
  if (whole.some((line) => !line.startsWith("{"))) throw new Error(`the phone said: ${text}`);
  return whole.map((line) => JSON.parse(line));
}

/** The unit's label and the owner's card, as the phone's options. */
export const CODES = ["--label", `${SHARE}/label.png`, "--card", `${SHARE}/card.png`, "--memory", "/run/phone.json"];
