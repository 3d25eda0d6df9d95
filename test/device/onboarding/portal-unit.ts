/** A unit's portal on real sockets at a loopback address, in virtual time until its access point is open. */

import { expect } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { utf8 } from "#base/utf8.ts";
import { type Network, openNetwork } from "#boards/sim/host/network.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import { createOnboarding } from "#device/onboarding/onboarding.ts";
import { createPortal } from "#device/onboarding/portal.ts";
import type { PortEvent } from "#device/port.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { settingsOver, startOf } from "../start-of.ts";

const HOST = `${await loopbackSubnet()}.1`;

export interface PortalUnit {
  readonly url: string;
  readonly effects: Effect[];
  joins(): (readonly [string, string])[];
  /** Lets so much time go by. */
  pass(ms: number): void;
  close(): void;
}

/** A unit with nothing but onboarding and portal, whose access point is open at a loopback address. */
export async function openPortalUnit(): Promise<PortalUnit> {
  const port = await freePort(HOST);
  const stored = new Map<string, Uint8Array>([
    [OWN.key, new Uint8Array(32).fill(7)],
    [PROVISIONED.onboarding, encodeCbor([[], true])],
  ]);
  const machines = [
    createOnboarding(nodePrimitives, { lanPort: 8080, legacy: [], hasPortal: true }),
    createPortal(nodePrimitives, port),
  ];
  const states: unknown[] = machines.map((machine) => machine.initial);
  const effects: Effect[] = [];
  const accessPoints = ["Home", '<script>alert("x")</script>', "Café 🔑"].map((ssid, i) => ({
    ssid: utf8(ssid),
    bssid: new Uint8Array(6).fill(i),
    channel: 6,
    rssiDbm: -40 - i,
    cipher: "ccmp" as const,
  }));
  let nowMs = 0;
  let network: Network | undefined;
  const show = (event: PortEvent | InnerEvent): void => {
    machines.forEach((machine, i) => {
      const step = machine.step(states[i] as never, { ...event, nowMs } as DeviceEvent);
      states[i] = step.state;
      for (const effect of step.effects) perform(effect);
    });
  };
  function perform(effect: Effect) {
    effects.push(effect);
    if (effect.kind === "emit") show(effect.event);
    if (effect.kind === "radio-scan") show({ kind: "radio-scan", accessPoints });
    if (effect.kind === "tcp-listen") network?.tcp.listen(effect.port);
    if (effect.kind === "tcp-write") network?.tcp.write(effect.connection, effect.bytes);
    if (effect.kind === "tcp-close") network?.tcp.close(effect.connection);
  }
  network = openNetwork("127.255.255.255", show, () => undefined);
  show(startOf(settingsOver(stored)));
  // Nobody broadcasts for a minute: the access point opens.
  for (; nowMs < 61_000; nowMs += 50) show({ kind: "timer" });
  expect(effects).toContainEqual({ kind: "radio-access-point", ssid: utf8("Setup BDDE63") });
  network.setAddress(HOST);
  show({ kind: "radio-access-point", ipv4: HOST });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    url: `http://${HOST}:${port}`,
    effects,
    joins: () => {
      // The join waits until the answer has left.
      nowMs += 1_000;
      show({ kind: "timer" });
      return effects.flatMap((effect) =>
        effect.kind === "radio-join" ? [[text(effect.ssid), text(effect.passphrase)] as const] : [],
      );
    },
    pass(ms) {
      nowMs += ms;
      show({ kind: "timer" });
    },
    close: () => network?.shut(),
  };
}
