/**
 * The networks of one guest: an access point, a phone's host and a unit, each with a radio of its own; phone and unit each in a network
 * namespace of its own, so that what they say to each other goes through the air.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
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
  unitLog(): Promise<string>;
  /** What all said that a join needs: the unit, its wpa_supplicant and DHCP client, the access point, the medium, the phone. */
  joinLogs(): Promise<string>;
  /** Switches the unit on; a while later a phone sends until the unit answers, has joined where no answer can come, or time is over. */
  onboard(task: SendTask): Promise<Sent>;
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
  /** Seconds from when the unit first listens to when the phone begins. */
  readonly afterS: number;
  /** What the unit's monitor interface hears goes to NAME.pcap in the shared folder. */
  readonly captureAs?: string | undefined;
}

interface Sent {
  readonly start: PhoneStart | undefined;
  readonly result: PhoneResult | undefined;
  /** When the unit took a message for complete, in Unix seconds; absent when it never did. */
  readonly completedS?: number;
  /** Whether the unit had an address on the network in the end. */
  readonly isJoined: boolean;
}

/** What a phone may take at most; the senders stop by themselves before that. */
const SENDING_S = 110;
/** From the decoded message to an address. */
const JOINING_S = 60;

const JOIN_LOGS = ["unit.log", "wpa-unit.log", "carrier.log", "hostapd.log", "medium.log", "phone.log"];
/** Enough for one run: some logs go on from run to run. */
const JOIN_LOG_LINES = 300;

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

/** Asks for an address as soon as the unit's network is joined, as distributions do. wpa_cli loses events while its script runs. */
const CARRIER_SCRIPT = `#!/bin/sh
kill $(cat /run/udhcpc.pid 2>/dev/null) 2>/dev/null
busybox ip addr flush dev $1
[ $2 = CONNECTED ] && busybox udhcpc -f -q -p /run/udhcpc.pid -t 100 -T 1 -i $1 -s /run/dhcp.sh > /dev/null 2>&1 &
`;

const DHCP_SCRIPT = `#!/bin/sh
echo "$ip" > /run/address-$interface
case $1 in bound|renew)
  busybox ip addr replace $ip/24 broadcast 192.168.77.255 dev $interface
  busybox ip route replace default via ${ROUTER} dev $interface ;;
deconfig) busybox ip addr flush dev $interface ;;
esac
`;

/**
 * Waits for a shell condition, by the guest's clock; each look says a dot, so that this machine sees that it goes on. And whether a file
 * has a text. Conditions start no programs: those would have a share of the processor that the unit decodes with.
 */
const WAIT_FOR = `wait_for() {
  looks=$(($1 * 5))
  until eval "$2"; do
    looks=$((looks - 1))
    [ $looks -lt 0 ] && { echo "in vain: $2"; return 1; }
    printf .
    busybox sleep 0.2
  done
}
has() {
  while read -r line; do case $line in *"$2"*) return 0 ;; esac; done < $1
  return 1
}`;
const until = (condition: string, seconds: number) => `wait_for ${seconds} '${condition.replaceAll("'", `'\\''`)}'`;

export async function startWorld(guest: Guest, unit: LinuxUnit): Promise<World> {
  const file = (name: string) => join(guest.share, name);
  const put = (name: string, text: string) => writeFileSync(file(name), text);
  copyFileSync(unit.flashPath, file("flash.bin"));
  copyFileSync(unit.made.labelPng, file("label.png"));
  copyFileSync(unit.made.cardPng, file("card.png"));
  copyFileSync(imagePaths("linux").runtime, file("latchkey-unit"));
  writeFileSync(file("dhcp.sh"), DHCP_SCRIPT, { mode: 0o755 });
  writeFileSync(file("carrier.sh"), CARRIER_SCRIPT, { mode: 0o755 });
  put(
    "udhcpd.conf",
    `start 192.168.77.20\nend 192.168.77.90\ninterface bridge\nlease_file /run/leases\nopt subnet 255.255.255.0\nopt router ${ROUTER}\n`,
  );
  for (const program of ["await", "medium", "stamp"]) {
    execFileSync("gcc", [
      "-O2",
      "-D_GNU_SOURCE",
      "-static",
      "-o",
      file(program),
      join(ROOT, `test/linux/air/${program}.c`),
    ]);
  }
  put("unit.conf", "ctrl_interface=/run/wpa-unit\np2p_disabled=1\n");
  const { root } = guest;
  const libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map((name) => `${root}/${name}`).join(":");
  const phoneIn = "nsenter -n -t $PHONE";
  const unitIn = "nsenter -n -t $UNIT";
  const dhcp = (interfaceName: string) => `busybox udhcpc -q -t 100 -T 1 -i ${interfaceName} -s /run/dhcp.sh`;
  const launch = (line: string, log: string) => `(${line} > /run/${log} 2>&1 &)`;
  await guest.run(`${WAIT_FOR}
    export LD_LIBRARY_PATH=${libraries} PATH=${root}/usr/sbin:${root}/sbin:${root}/usr/bin:${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
    unshare -n sleep infinity & UNIT=$!
    unshare -n sleep infinity & PHONE=$!
    ${until('[ "$(readlink /proc/$PHONE/ns/net)" != "$(readlink /proc/self/ns/net)" ] && [ "$(readlink /proc/$UNIT/ns/net)" != "$(readlink /proc/self/ns/net)" ]', 20)}
    iw phy phy1 set netns $PHONE && iw phy phy2 set netns $UNIT
    ${phoneIn} ip link set lo up; ${unitIn} ip link set lo up
    mkdir /run/unit-sys; ${unitIn} busybox mount -t sysfs unit /run/unit-sys
    ip link add bridge type bridge; ip link set bridge up; ip addr add ${ROUTER}/24 dev bridge
    for file in latchkey-unit flash.bin await medium stamp dhcp.sh carrier.sh; do cp ${SHARE}/$file /run/; done; touch /run/leases; busybox udhcpd -S -a 0 ${SHARE}/udhcpd.conf
    ${launch(`${unitIn} wpa_supplicant -t -i wlan2 -c ${SHARE}/unit.conf`, "wpa-unit.log")}
    ${until("[ -S /run/wpa-unit/wlan2 ]", 20)}
    ${launch(`${unitIn} wpa_cli -p /run/wpa-unit -s /run -i wlan2 -a /run/carrier.sh`, "carrier.log")}`);
  // What is read from this machine while something is timed would cost the guest far more of its time than of ours.
  await guest.run(
    `cat ${process.execPath} $(find ${root} -type f -path "*bin/*") $(find ${root} -name "*.so*" -type f) > /dev/null`,
  );
  const codes = await codesOf(unit);
  const nodeIn = (program: string, words: string) =>
    `cd ${ROOT} && ${phoneIn} env -u LD_LIBRARY_PATH ${process.execPath} ${builtPath(program)} ${words}`;
  // The phone's program takes one task after another, so that its start costs nobody time.
  await guest.run(`busybox mkfifo /run/tasks; exec 7<> /run/tasks
    (${nodeIn("test/linux/air/phone-process.ts", "< /run/tasks >> /run/phone.log 2>&1")} &)
    ${until("has /run/phone.log ready", 120)}`);
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
  const switchOn = `: > /run/unit.log; : > /run/address-wlan2; cp /run/flash.bin /run/unit.bin; kill $(cat /run/udhcpc.pid 2>/dev/null) 2>/dev/null
    ${unitIn} sh -c 'busybox ip addr flush dev wlan2; busybox ip link set wlan2 up; echo $$ > /run/unit.pid; exec /run/latchkey-unit --flash /run/unit.bin --radio wlan2 --wpa /run/wpa-unit' 2>&1 | /run/stamp > /run/unit.log &
    /run/await all 60 /run/unit.log "latchkey: start us" &&
    ${until("read -r flags < /run/unit-sys/class/net/wlan2/flags && [ $((flags & 1)) = 0 ]", 60)}`;
  return {
    guest,
    codes,
    async open(network) {
      put("hostapd.conf", accessPoint(network, "wlan0"));
      put("twin.conf", accessPoint(network, "wlan3", ["channel=11"]));
      put("phone.conf", station(network, "phone"));
      put("sleeper.conf", station(network, "sleeper"));
      const twin = network.hasTwin ? `hostapd -B -f /run/twin.log ${SHARE}/twin.conf &&` : "";
      const sleeper = network.hasSleeper
        ? `&& wpa_supplicant -B -P /run/sleeper.pid -i wlan3 -c ${SHARE}/sleeper.conf -f /run/wpa-sleeper.log && ${until("has /run/wpa-sleeper.log CTRL-EVENT-CONNECTED", 60)} && iw dev wlan3 set power_save on`
        : "";
      // Frames pass from one access point to the other as over a cable.
      await guest.run(`busybox killall hostapd 2>/dev/null; kill $WPAPHONE 2>/dev/null; [ -f /run/sleeper.pid ] && kill $(cat /run/sleeper.pid); rm -f /run/sleeper.pid; sleep 0.3
        rm -f /run/wpa-phone.log /run/wpa-sleeper.log
        ${twin} hostapd -B -t -f /run/hostapd.log ${SHARE}/hostapd.conf && {
        ${phoneIn} wpa_supplicant -i wlan1 -c ${SHARE}/phone.conf > /run/wpa-phone.log 2>&1 & WPAPHONE=$!
        ${until("has /run/wpa-phone.log CTRL-EVENT-CONNECTED", 60)} && ${phoneIn} ${dhcp("wlan1")} ${sleeper}; }`);
    },
    async lose(percent, seed) {
      const start = `${launch(`/run/medium ${percent} ${seed}`, "medium.log")}; ${until("has /run/medium.log ready", 20)}`;
      await guest.run(`busybox killall medium 2>/dev/null; rm -f /run/medium.log; ${percent > 0 ? start : "true"}`);
    },
    unitOn: async () => void (await guest.run(switchOn)),
    unitOff: async () => void (await guest.run("kill -9 $(cat /run/unit.pid); sleep 0.2")),
    unitLog: () => guest.run("cat /run/unit.log"),
    joinLogs: () =>
      guest.run(
        `cd /run; for log in ${JOIN_LOGS.join(" ")}; do [ -f $log ] && echo "== $log" && busybox tail -n ${JOIN_LOG_LINES} $log; done; cd /`,
      ),
    async onboard({ protocol, network, afterS, captureAs }) {
      const task: PhoneTask = {
        ...{ protocol, timeoutMs: 1000 * SENDING_S, gateway: ROUTER, bssid: ACCESS_POINT },
        ...{ ssid: hex(network.ssid), passphrase: hex(Buffer.from(network.passphrase)) },
        ...{ deviceId: hex(codes.deviceId), airKey: hex(codes.airKey) },
      };
      const capture = `${unitIn} tcpdump -Z root --immediate-mode -q -U -s 96 -i wlan2mon -w /run/air.pcap type data > /run/tcpdump.log 2>&1 & TCPDUMP=$!
        ${until('has /run/tcpdump.log "listening on"', 20)}`;
      const captured = `kill -INT $TCPDUMP; wait $TCPDUMP; cp /run/air.pcap ${SHARE}/${captureAs}.pcap`;
      const isComplete = "/run/unit.log complete,";
      const isOver = "/run/phone.log result";
      const isThere = "/run/address-wlan2 192.168.77";
      // In one command: between two the guest's clock would run on, and with it the unit's search.
      const said = await guest.run(`: > /run/phone.log
        ${switchOn} && {
        busybox sleep ${afterS}
        ${captureAs === undefined ? "" : capture}
        echo '${JSON.stringify(task)}' >&7
        /run/await any ${SENDING_S + 20} ${isComplete} ${isOver}
        ${captureAs === undefined ? "" : captured}
        ! has ${isComplete} || /run/await all ${JOINING_S} ${network.isIsolated ? isThere : `${isThere} ${isOver}`}
        echo stop >&7
        /run/await all 20 ${isOver}
        echo; cat /run/phone.log /run/address-wlan2 /run/unit.log; }`);
      const told = saidBy(said);
      const completedS = Number(/^(\d+\.\d+) onboarding: \S+ complete, joining/m.exec(said)?.[1] ?? Number.NaN);
      return {
        start: told.find((each): each is PhoneStart => "startMs" in each),
        result: told.find((each): each is PhoneResult => "result" in each),
        isJoined: /^192\.168\.77\./m.test(said),
        ...(Number.isNaN(completedS) ? {} : { completedS }),
      };
    },
    async phone(...words) {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
      const said = await guest.run(nodeIn("src/cli/main.ts", `phone ${quoted}`));
      return JSON.parse(said.split("\n").find((line) => line.startsWith("{")) ?? "{}");
    },
  };
}

/** The objects that the phone's program has printed, one a line. */
function saidBy(text: string): readonly (PhoneStart | PhoneResult)[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** The unit's label and the owner's card, as the phone's options. */
export const CODES = ["--label", `${SHARE}/label.png`, "--card", `${SHARE}/card.png`, "--memory", "/run/phone.json"];
