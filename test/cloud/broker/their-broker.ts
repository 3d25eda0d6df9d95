/** Each broker that a cloud may use, by its name in a test's title. */
import { join } from "node:path";
import { startHookingBroker } from "./hooking-broker.ts";
import { startMosquitto } from "./mosquitto-broker.ts";

export const BROKERS = ["the embedded broker", "mosquitto", "a broker that asks"] as const;

export interface TheirBroker {
  readonly port: number;
  /** What the cloud's command line is given to use it. */
  readonly args: readonly string[];
  stop(): void | Promise<void>;
}

/** Starts one, its files in a folder; undefined for the one that is the cloud's own. @param data The cloud's folder. */
export async function startTheirBroker(
  kind: (typeof BROKERS)[number],
  folder: string,
  data: string,
): Promise<TheirBroker | undefined> {
  if (kind === "the embedded broker") return undefined;
  if (kind === "mosquitto") {
    const broker = await startMosquitto(join(folder, "mosquitto"));
    return { port: broker.port, args: ["--broker", broker.url], stop: broker.stop };
  }
  const broker = await startHookingBroker(join(data, "hooks.key"));
  return { port: broker.port, args: ["--broker", broker.url, "--broker-hooks", broker.hooks], stop: broker.stop };
}
