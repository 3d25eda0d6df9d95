/** Real datagrams from a phone, through the simulated air's process, to a unit's onboarding machine, and its hello back. */

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import * as legacyProtocols from "#device/onboarding/legacy-protocols.ts";
import { createOnboarding } from "#device/onboarding/onboarding.ts";
import type { PortEvent } from "#device/port.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioReport, encodeRadioCommand } from "#wire/lines/radio-line.ts";
import { settingsOver, startOf } from "../device/start-of.ts";
import { SILENCE_MS } from "../progress.ts";

const SUBNET = await loopbackSubnet();
const ADDRESS = `${SUBNET}.255`;
const SEED = new Uint8Array(32).fill(7);
const PUBLIC_KEY = nodePrimitives.ed25519PublicKey(SEED);
const DEVICE_ID = nodePrimitives.sha512(PUBLIC_KEY).slice(0, 12);
const AIR_KEY = new Uint8Array(32).fill(5);
const NETWORK = { ssid: "Café 9", passphrase: "correct horse", bssid: "a0b1c2d3e4f5", channel: 6 };

let air: ChildProcess;
let radioPort = 0;

beforeAll(async () => {
  const second = { ...NETWORK, bssid: "a0b1c2d3e4f6", channel: 1, rssiDbm: -70 };
  const networks = [NETWORK, second, { ssid: "next door", passphrase: "x", bssid: "a0b1c2d3e4ff", channel: 11 }];
  const config = { networks, address: ADDRESS, subnet: SUBNET, loss: { rate: 0.1 }, seed: 3 };
  air = spawn(process.execPath, [builtPath("boards/sim/host/air/main.ts"), "--json", JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: air.stdout as NodeJS.ReadableStream }), "line")) as [string];
  radioPort = (JSON.parse(line) as { radioPort: number }).radioPort;
});

afterAll(() => void air.kill());

/** A unit that is no more than its onboarding machine: its radio is the air's line, its UDP the host's. */
function startUnit(legacy: readonly AirProtocol[]) {
  const stored = new Map<string, Uint8Array>([
    [OWN.key, SEED],
    [PROVISIONED.airKey, AIR_KEY],
    [PROVISIONED.onboarding, encodeCbor([[...legacy], false])],
  ]);
  const machine = createOnboarding(nodePrimitives, {
    lanPort: 80,
    legacy: Object.values(legacyProtocols),
    hasPortal: false,
  });
  let state = machine.initial;
  let timer: NodeJS.Timeout | undefined;
  const seen: string[] = [];
  const line = createConnection({ host: "127.0.0.1", port: radioPort });
  const udp = createSocket("udp4");
  udp.bind(0, () => udp.setBroadcast(true));
  const read = lineFrameReader();
  line.on("data", (bytes) => {
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const report = decodeRadioReport(frame);
      if (report.ok) show(report.value);
    }
  });

  function perform(effect: Effect) {
    seen.push(effect.kind);
    if (effect.kind === "radio-scan") line.write(encodeRadioCommand({ kind: "scan" }));
    if (effect.kind === "radio-listen") line.write(encodeRadioCommand({ kind: "listen", channel: effect.channel }));
    if (effect.kind === "radio-join") line.write(encodeRadioCommand({ ...effect, kind: "join" }));
    if (effect.kind === "store") stored.set(effect.name, effect.value);
    if (effect.kind === "udp-send") {
      udp.send(effect.bytes, effect.port, effect.host === "broadcast" ? "127.255.255.255" : effect.host);
    }
  }
  function show(event: PortEvent | DeviceEvent) {
    const step = machine.step(state, { ...event, nowMs: performance.now() } as DeviceEvent);
    state = step.state;
    clearTimeout(timer);
    if (step.wakeAtMs !== undefined)
      timer = setTimeout(() => show({ kind: "timer" }), step.wakeAtMs - performance.now());
    for (const effect of step.effects) perform(effect);
  }
  show({ ...startOf(settingsOver(stored)), nowMs: 0 });
  return {
    seen,
    stored,
    prove: () => show({ kind: "peer-proved", by: "session", nowMs: 0 }),
    close() {
      clearTimeout(timer);
      line.destroy();
      udp.close();
    },
  };
}

const credentials = {
  ssid: utf8(NETWORK.ssid),
  passphrase: utf8(NETWORK.passphrase),
  bssid: Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5),
  air: { key: AIR_KEY, lastCounter: 0, nowS: 1_800_000_000 },
};

test.each(["air", "esptouch-v2", "esptouch-v1", "airkiss", "ti-smartconfig"] as const)(
  "%s: a unit hears, joins and says who it is; the phone stops",
  async (protocol) => {
    const unit = startUnit(protocol === "air" ? [] : [protocol]);
    const transport = await openUdpTransport();
    const message = messageFor(protocol, credentials, nodePrimitives);
    if (!message.ok) throw new Error(message.fault);
    const request = { ...message.value, host: ADDRESS, deviceId: DEVICE_ID, timeoutMs: SILENCE_MS };
    const answer = await onboard(request, transport, nodePrimitives);
    transport.close();
    expect(answer).toMatchObject({ ok: true, value: { proved: true, hello: { tcpPort: 80 } } });
    // Only Air proves that a card-holder sent it; anything else is remembered once a session proves it.
    expect(unit.stored.has(OWN.wifi)).toBe(protocol === "air");
    unit.prove();
    expect(unit.stored.has(OWN.wifi)).toBe(true);
    unit.close();
  },
);
