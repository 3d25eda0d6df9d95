/** The link's settings, read at the start: the cloud's address, the unit's name there, and time limits. */
import { toHex } from "#base/bytes.ts";
import type { Facts } from "#device/store/facts.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { startTime } from "#trust/time-floor.ts";
import { cloudOf } from "./cloud.ts";
import { readPinned, type Security } from "./security.ts";

export interface LinkSettings extends Security {
  readonly host: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly broker: string;
  readonly fleet: string;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly deviceId: string;
}

/** Times that a test or a board may want otherwise. */
export interface LinkTimes {
  /** The longest wait for any one answer. */
  readonly answerMs: number;
  readonly keepAliveS: number;
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
}

export const LINK_TIMES: LinkTimes = { answerMs: 15_000, keepAliveS: 60, backOffMs: 1_000, backOffMaxMs: 300_000 };

/**
 * Undefined for a unit without a cloud, or one that is not provisioned yet.
 * @param buildS When the running image was built, Unix seconds: the present is not before.
 */
export function readLinkSettings(crypto: Primitives, facts: Facts, buildS?: number): LinkSettings | undefined {
  const { key: seed, fleet } = facts;
  const cloud = cloudOf(facts);
  const pinned = readPinned(cloud);
  if (seed === undefined || cloud.address === undefined || fleet === undefined) return undefined;
  const { host, mqttPort, httpPort, broker } = cloud.address;
  const publicKey = crypto.ed25519PublicKey(seed);
  const deviceId = toHex(deviceIdOf(crypto, publicKey));
  const time = startTime(buildS, facts.timeFloor);
  return { host, mqttPort, httpPort, broker, fleet, seed, publicKey, deviceId, pinned, time };
}
