/** Where a unit's cloud is: what the factory told the unit, and the unit tells those who have a session with it. */
import { decodeCbor } from "#codec/cbor.ts";

export interface CloudAddress {
  readonly host: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  /** The broker's name, which proofs are bound to. */
  readonly broker: string;
}

/** Reads [host, MQTT port, HTTP port, broker's name]; undefined for anything else. */
export function readCloudAddress(bytes: Uint8Array | undefined): CloudAddress | undefined {
  const item = decodeCbor(bytes ?? new Uint8Array(0));
  if (!item.ok || !Array.isArray(item.value)) return undefined;
  const [host, mqttPort, httpPort, broker] = item.value;
  if (typeof host !== "string" || typeof broker !== "string") return undefined;
  if (typeof mqttPort !== "number" || typeof httpPort !== "number") return undefined;
  return { host, mqttPort, httpPort, broker };
}
