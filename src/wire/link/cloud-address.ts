/** The address of a unit's cloud, as the factory stores it and as the unit reports it within a session. */
import { type Cbor, decodeCbor } from "#codec/cbor.ts";

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

const HOST_CHARACTERS_MAX = 255;
const BROKER_CHARACTERS_MAX = 32;

/** Whether a unit can use this address: what an owner says is held to it, what a factory wrote was checked there. */
export function isUsable({ host, mqttPort, httpPort, broker }: CloudAddress): boolean {
  const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536;
  const isText = (text: string, most: number) => text.length > 0 && text.length <= most;
  return (
    isText(host, HOST_CHARACTERS_MAX) && isText(broker, BROKER_CHARACTERS_MAX) && isPort(mqttPort) && isPort(httpPort)
  );
}

/** Which TLS certificates a unit accepts for that cloud (PROTOCOL 7.8). */
export interface CloudTls {
  /** What the servers' certificate must name. */
  readonly serverName: string;
  /** DER of one to three authorities' certificates, one after the other. */
  readonly authorities: Uint8Array;
}

/** Reads [server's name, DER]; undefined for anything else. */
export function readCloudTls(bytes: Uint8Array): CloudTls | undefined {
  const item = decodeCbor(bytes);
  const [serverName, authorities] = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  if (typeof serverName !== "string" || !(authorities instanceof Uint8Array)) return undefined;
  return { serverName, authorities };
}
