/** The discovery machine on this machine's real sockets, through the simulated board's network. */

import { toHex } from "#base/bytes.ts";
import { openNetwork } from "#boards/sim/host/network.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { createDiscovery } from "#device/discovery.ts";
import type { DeviceEvent, InnerEvent, Stored } from "#device/machine.ts";
import type { PortEvent } from "#device/port.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { startOf } from "./start-of.ts";

/** Of this process alone: tests that run at once hear each other's units. */
const SEED = primitives.random(32);
export const DEVICE = toHex(deviceIdOf(primitives, primitives.ed25519PublicKey(SEED)));
export const TCP_PORT = 8_080;

export function storedOf(seed = SEED): Stored {
  const values = new Map([
    [OWN.key as string, seed],
    [OWN.provisioned, encodeCbor([])],
  ]);
  return { get: (name) => values.get(name), names: () => [...values.keys()] };
}

/** Puts a unit on the network at a loopback address of its own. */
export function unitAt(ipv4: string, seed = SEED): { stop(): void } {
  const machine = createDiscovery(primitives, TCP_PORT);
  let { initial: state } = machine;
  let timer: NodeJS.Timeout | undefined;
  const network = openNetwork(
    "127.255.255.255",
    (event) => setImmediate(() => show(event)),
    () => undefined,
  );
  function show(event: PortEvent | InnerEvent): void {
    const step = machine.step(state, { ...event, nowMs: performance.now() } as DeviceEvent);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.kind === "udp-listen") network.udp.listen(effect.port, effect.group);
      if (effect.kind === "udp-send") network.udp.send(effect.host, effect.port, effect.bytes, effect.from);
    }
    clearTimeout(timer);
    if (step.wakeAtMs !== undefined)
      timer = setTimeout(() => show({ kind: "timer" }), step.wakeAtMs - performance.now());
  }
  show(startOf(storedOf(seed)));
  network.setAddress(ipv4);
  show({ kind: "online", ipv4 });
  return {
    stop() {
      clearTimeout(timer);
      network.shut();
    },
  };
}
