/**
 * The simulated air as a separate process: one home's network, isolated from that of every other home on this
 * machine.
 */
import type { Child } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "./loopback-subnet.ts";
import { startReady } from "./program.ts";

export interface EmulatedAir {
  readonly child: Child;
  /** HOST:PORT of its radio line, for units. */
  readonly radio: string;
  /** Where phones broadcast. */
  readonly address: string;
}

/** @param address Where phones broadcast; of this home's own when absent, so that it hears no other home's phone. */
export async function startAir(
  network: { readonly ssid: string; readonly passphrase: string },
  address?: string,
): Promise<EmulatedAir> {
  const subnet = await loopbackSubnet();
  const sent = address ?? `${subnet}.255`;
  const { ssid, passphrase } = network;
  const networks = [{ ssid, passphrase, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = JSON.stringify({ networks, subnet, address: sent });
  const { child, ready } = await startReady("boards/sim/host/air/main.ts", ["--config", "-"], config);
  return { child, radio: `127.0.0.1:${ready.radioPort}`, address: sent };
}
