/** A simulated air of one network, over which a unit whose power is cut is onboarded. */
import type { Child } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { startReady } from "#cli/program.ts";
import type { Network } from "./owner.ts";

interface Air {
  readonly radioPort: number;
  readonly host: string;
  readonly broadcast: string;
  stop(): Promise<void>;
}

/** Opens one for one start of a unit: the unit is its first station. @param subnetThere Of the addresses that it gives to units. */
export async function openAir(network: Network, subnetThere?: string): Promise<Air> {
  const here = await loopbackSubnet();
  const subnet = subnetThere ?? here;
  const networks = [{ ...network, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const config = { networks, address: `${here}.255`, subnet, seed: 1, loss: { rate: 0 } };
  const { child, ready }: { child: Child; ready: Readonly<Record<string, unknown>> } = await startReady(
    "boards/sim/host/air/main.ts",
    ["--json", JSON.stringify(config)],
  );
  return {
    radioPort: Number(ready.radioPort),
    ...{ host: `${subnet}.1`, broadcast: `${here}.255` },
    stop: async () => void (await child.stop()),
  };
}
