/** Where the link goes and who as, read from what is stored at the start; and its times. */
import { toHex } from "#base/bytes.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { decodeCbor } from "#codec/cbor.ts";
import { secondOf } from "#device/gate/memory.ts";
import type { Stored } from "#device/machine.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { startTime } from "#trust/time-floor.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
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
export function readLinkSettings(crypto: Primitives, stored: Stored, buildS?: number): LinkSettings | undefined {
  const [seed, cloud, fleet] = [stored.get(OWN.key), cloudOf(stored).address, stored.get(PROVISIONED.fleet)];
  const pinned = readPinned(stored);
  if (seed === undefined || cloud === undefined || fleet === undefined || pinned === undefined) return undefined;
  const item = decodeCbor(cloud);
  if (!item.ok || !Array.isArray(item.value)) return undefined;
  const [host, mqttPort, httpPort, broker] = item.value;
  if (typeof host !== "string" || typeof broker !== "string") return undefined;
  if (typeof mqttPort !== "number" || typeof httpPort !== "number") return undefined;
  const publicKey = crypto.ed25519PublicKey(seed);
  const deviceId = toHex(deviceIdOf(crypto, publicKey));
  const time = startTime(buildS, secondOf(stored, OWN.timeFloor));
  return { host, mqttPort, httpPort, broker, fleet: fromUtf8(fleet) ?? "", seed, publicKey, deviceId, pinned, time };
}
