/** SoftAP over the simulator: the air's process, the board's network, a person with an HTTP client, and the join after it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { openNetwork } from "#boards/sim/host/network.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { openRadioLine } from "#boards/sim/host/radio.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import { createOnboarding } from "#device/onboarding/onboarding.ts";
import { createPortal } from "#device/onboarding/portal.ts";
import type { PortEvent } from "#device/port.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { settingsOver, startOf } from "../start-of.ts";

const SUBNET = await loopbackSubnet();
let air: ChildProcess;
let radioPort = 0;

beforeAll(async () => {
  const networks = [{ ssid: "Home", passphrase: "correct horse", bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = JSON.stringify({ networks, address: `${SUBNET}.255`, subnet: SUBNET, seed: 1 });
  air = spawn(process.execPath, [builtPath("boards/sim/host/air/main.ts"), "--json", config], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: air.stdout as NodeJS.ReadableStream }), "line")) as [string];
  radioPort = (JSON.parse(line) as { radioPort: number }).radioPort;
});
afterAll(() => void air.kill());

test("nobody broadcasts, the portal opens, a wrong passphrase opens it again, the right one joins", async () => {
  const port = await freePort(`${SUBNET}.1`);
  const stored = new Map<string, Uint8Array>([
    [OWN.key, new Uint8Array(32).fill(7)],
    [PROVISIONED.onboarding, encodeCbor([[], true])],
  ]);
  const machines = [
    createOnboarding(nodePrimitives, { lanPort: 8080, legacy: [], hasPortal: true, portalAfterMs: 400 }),
    createPortal(nodePrimitives, port),
  ];
  const states: unknown[] = machines.map((machine) => machine.initial);
  const wakes = machines.map(() => Number.POSITIVE_INFINITY);
  const effects: Effect[] = [];
  const events: (PortEvent | InnerEvent)[] = [];
  const network = openNetwork(
    "127.255.255.255",
    (event) => void events.push(event),
    () => undefined,
  );
  const line = openRadioLine(
    "127.0.0.1",
    radioPort,
    (event) => {
      if (event.kind === "radio-joined") network.setAddress(event.ipv4);
      if (event.kind === "radio-access-point") network.setAddress(event.ipv4 === "" ? undefined : event.ipv4);
      events.push(event);
    },
    () => undefined,
  );
  function perform(effect: Effect) {
    effects.push(effect);
    if (effect.kind === "emit") events.push(effect.event);
    if (effect.kind === "radio-scan") line.radio.scan();
    if (effect.kind === "radio-listen") line.radio.listen(effect.channel);
    if (effect.kind === "radio-join") line.radio.join(effect.ssid, effect.passphrase);
    if (effect.kind === "radio-access-point") line.radio.accessPoint(effect.ssid);
    if (effect.kind === "tcp-listen") network.tcp.listen(effect.port);
    if (effect.kind === "tcp-write") network.tcp.write(effect.connection, effect.bytes);
    if (effect.kind === "tcp-close") network.tcp.close(effect.connection);
  }
  function show(event: PortEvent | InnerEvent) {
    machines.forEach((machine, i) => {
      const nowMs = performance.now();
      if (event.kind === "timer" && (wakes[i] as number) > nowMs) return;
      const step = machine.step(states[i] as never, { ...event, nowMs } as DeviceEvent);
      states[i] = step.state;
      wakes[i] = step.wakeAtMs ?? Number.POSITIVE_INFINITY;
      step.effects.forEach(perform);
    });
  }
  const clock = setInterval(() => {
    for (let event = events.shift(); event !== undefined; event = events.shift()) show(event);
    show({ kind: "timer" });
  }, 5);
  const url = `http://${SUBNET}.1:${port}`;
  /** The form as soon as the access point is open. */
  const form = async (): Promise<string> => {
    for (;;) {
      const page = await fetch(url).then(
        (response) => response.text(),
        () => "",
      );
      const token = /name="token" value="([0-9a-f]{32})"/.exec(page)?.[1];
      if (token !== undefined) return token;
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  /** Commands to open and to close take turns. */
  const isOpen = () => effects.filter((effect) => effect.kind === "radio-access-point").length % 2 === 1;
  const joins = () => effects.filter((effect) => effect.kind === "radio-join").length;
  try {
    show(startOf(settingsOver(stored)));
    for (const passphrase of ["wrong horse", "correct horse"]) {
      while (!isOpen()) await new Promise((done) => setTimeout(done, 20));
      const body = new URLSearchParams({ token: await form(), network: "486f6d65", other: "", passphrase });
      const answer = await fetch(`${url}/join`, { method: "POST", body: body.toString() });
      expect(await answer.text()).toContain("leaves this access point now");
      while (isOpen()) await new Promise((done) => setTimeout(done, 20));
    }
    while (!effects.some((effect) => effect.kind === "emit" && effect.event.kind === "online")) {
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(joins()).toBe(4);
    expect(effects.some((effect) => effect.kind === "store")).toBe(false);
  } finally {
    clearInterval(clock);
    line.close();
    network.shut();
  }
});
