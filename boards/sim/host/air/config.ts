/** The configuration of the simulated air. */
import { fromHex, toHex } from "#base/bytes.ts";
import type { Cipher } from "#wire/air/frame.ts";
import type { Loss } from "./loss.ts";

/** One network, as JSON holds it. */
interface NetworkConfig {
  readonly ssid: string;
  /** For an SSID that is no UTF-8: hexadecimal, instead of `ssid`. */
  readonly ssidHex?: string;
  /** Empty for an open network. */
  readonly passphrase: string;
  /** Twelve hexadecimal digits. */
  readonly bssid: string;
  readonly channel: number;
  readonly cipher?: Cipher;
  readonly rssiDbm?: number;
  /** Servers of the time that its DHCP names (option 42), IPv4 addresses with or without a port. */
  readonly timeServers?: readonly string[];
  /** A hidden network shows no SSID in scans. */
  readonly isHidden?: boolean;
}

export interface AirConfig {
  /** The phone that sends is on the first; others with the same SSID relay its broadcast too. */
  readonly networks: readonly NetworkConfig[];
  readonly seed: number;
  readonly loss: Loss;
  /** Where phones send: 127.255.255.255, or an address of 127/8 for an air apart from others on this machine. */
  readonly address: string;
  /** First three numbers of the addresses handed out. */
  readonly subnet: string;
  readonly hearsToDs: boolean;
}

const DEFAULT_AIR: AirConfig = {
  networks: [{ ssid: "Home", passphrase: "correct horse", bssid: "a0b1c2d3e4f5", channel: 6 }],
  seed: 1,
  loss: { rate: 0.1 },
  address: "127.255.255.255",
  subnet: "127.20.0",
  hearsToDs: true,
};

export class AirConfigError extends Error {}

/** Fills what a JSON configuration leaves out. Throws AirConfigError with one line that names the key. */
export function parseAirConfig(text: string): AirConfig {
  let given: Partial<AirConfig>;
  try {
    given = JSON.parse(text) as Partial<AirConfig>;
  } catch (error) {
    throw new AirConfigError(`not JSON (${(error as Error).message})`);
  }
  const config = { ...DEFAULT_AIR, ...given };
  if (!Array.isArray(config.networks) || config.networks.length === 0)
    throw new AirConfigError("networks: give one or more");
  for (const [i, network] of config.networks.entries()) {
    const at = `networks[${i}]`;
    if (fromHex(network.bssid ?? "")?.length !== 6) throw new AirConfigError(`${at}.bssid: twelve hexadecimal digits`);
    if (!(network.channel >= 1 && network.channel <= 14)) throw new AirConfigError(`${at}.channel: 1 to 14`);
    if (network.timeServers?.every((each: string) => /^(\d{1,3}\.){3}\d{1,3}(:\d{1,5})?$/.test(each)) === false) {
      throw new AirConfigError(`${at}.timeServers: IPv4 addresses, as 127.0.0.1:123`);
    }
    if (network.ssidHex !== undefined && fromHex(network.ssidHex) === undefined) {
      throw new AirConfigError(`${at}.ssidHex: hexadecimal`);
    }
  }
  if (!(config.loss.rate >= 0 && config.loss.rate < 1)) throw new AirConfigError("loss.rate: 0 to below 1");
  if (!/^\d+\.\d+\.\d+$/.test(config.subnet)) throw new AirConfigError("subnet: three numbers, as 127.20.0");
  return config;
}

export const ssidOf = (network: NetworkConfig): Uint8Array =>
  network.ssidHex === undefined ? new TextEncoder().encode(network.ssid) : (fromHex(network.ssidHex) as Uint8Array);

export const bssidOf = (network: NetworkConfig): Uint8Array => fromHex(network.bssid) as Uint8Array;

export const isSameSsid = (network: NetworkConfig, ssid: Uint8Array): boolean => toHex(ssidOf(network)) === toHex(ssid);
