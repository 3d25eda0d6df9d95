/**
 * Tells the linked units to reconnect after a delay, so that they don't all reconnect at once when the cloud
 * restarts.
 */
import { viewOf } from "#base/bytes.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { DOWN } from "#wire/link/topics.ts";
import type { Broker } from "./broker.ts";

/** Links that a cloud sets up per second without haste. */
const RETURNS_PER_S = 200;

export async function sayAway(fleet: Fleet, broker: Broker): Promise<void> {
  const online = [...fleet.all()].filter((device) => device.online);
  const waitS = new Uint8Array(2);
  viewOf(waitS).setUint16(0, 1 + Math.floor(online.length / RETURNS_PER_S), true);
  for (const device of online) void broker.toDevice(device, DOWN.away, waitS, false);
  await broker.settled();
}
