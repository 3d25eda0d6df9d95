/**
 * The booted image answers mDNS from lwIP's own sockets. QEMU's user network carries no multicast, so the question comes
 * straight to the unit, which RFC 6762 section 5.5 allows; that joining a group is taken shows in the same run.
 */

import { createSocket } from "node:dgram";
import { afterEach, expect } from "vitest";
import { toHex } from "#base/bytes.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { DNS_TYPE, encodeDnsQuery, readDnsMessage } from "#codec/dns.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { discoveredIn, SERVICE } from "#wire/sessions/discovery.ts";
import { whileProgressing } from "../progress.ts";
import { testOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

const NETWORK = { ssid: "Lamplight", passphrase: "a story told at home", bssid: "a0b1c2d3e4f5", channel: 6 };
const SUBNET = await loopbackSubnet();

let bench: Bench | undefined;
let air: Child | undefined;
afterEach(async () => {
  await bench?.station.power(false);
  await air?.stop();
});

/** A program of the unit: the discovery machine alone, over the board's port. */
const SCRIPT = (board: string) => `
import { port } from "./boards/${board}/port.ts";
import { createDiscovery } from "./src/device/discovery.ts";
import { utf8 } from "./src/base/utf8.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
const machine = createDiscovery(port.crypto, 8080);
let state = machine.initial;
const seed = new Uint8Array(32).fill(9);
function show(event) {
  const step = machine.step(state, { ...event, nowMs: port.clock.milliseconds() });
  state = step.state;
  for (const effect of step.effects) {
    if (effect.kind === "udp-listen") port.udp.listen(effect.port, effect.group);
    if (effect.kind === "udp-send") port.udp.send(effect.host, effect.port, effect.bytes, effect.from);
  }
  if (step.wakeAtMs !== undefined) port.clock.wakeAt(step.wakeAtMs);
}
port.onEvent((event) => {
  if (event.kind === "radio-joined") {
    show({ kind: "online", ipv4: event.ipv4 });
    // No group, and a port that nothing listens on: neither is heard of, and neither ends the run.
    port.udp.listen(5353, "10.0.0.1");
    port.udp.send("10.0.2.2", 9, seed, 7);
    say("online " + event.ipv4);
  } else show(event);
});
show({ kind: "start", facts: { key: seed, provisioned: [], unreadable: new Set() } });
port.radio.join(utf8("${NETWORK.ssid}"), utf8("${NETWORK.passphrase}"));
`;

/** Asks until it is answered. */
function ask(host: string): Promise<Uint8Array> {
  const socket = createSocket("udp4");
  const query = encodeDnsQuery(77, { name: SERVICE, type: DNS_TYPE.ptr });
  return whileProgressing<Uint8Array>(
    () =>
      new Promise((resolve) => {
        const again = setInterval(() => socket.send(query, 5353, host), 300);
        socket.once("message", (bytes) => resolve(new Uint8Array(bytes)));
        socket.bind(0, "127.0.0.1");
        socket.once("close", () => clearInterval(again));
      }),
    () => `no answer by mDNS from ${host}`,
  ).finally(() => socket.close());
}

testOnNativeBoards("%s is found", async (board) => {
  air = startProgram("boards/sim/host/air/main.ts", [
    "--json",
    JSON.stringify({ networks: [NETWORK], subnet: SUBNET }),
  ]);
  const ready = await new Promise<{ radioPort: number }>((resolve) =>
    air?.onLine((line) => line.startsWith("{") && resolve(JSON.parse(line) as { radioPort: number })),
  );
  const { bytes } = await buildScript(SCRIPT(board));
  bench = await benchUnit(board, bytes, `127.0.0.1:${ready.radioPort}`);
  const [, ipv4 = ""] = await lineOf(bench.station, /online (\S+)/);
  const answer = readDnsMessage(await ask(ipv4));
  expect(answer?.id).toBe(77);
  const [found] = answer === undefined ? [] : discoveredIn(answer);
  expect([found?.host, found?.port, toHex(found?.deviceId ?? new Uint8Array(0))]).toEqual([
    ipv4,
    8080,
    expect.stringMatching(/^[0-9a-f]{24}$/),
  ]);
});
