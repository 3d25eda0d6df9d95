/**
 * The address of the unit's cloud and the certificates to accept there: the owner's last setting, else the factory's.
 * @source PROTOCOL 7.8, 7.10
 */
import type { Effect } from "#device/machine.ts";
import type { StoredCloud, StoredTls } from "#device/store/codecs.ts";
import type { Facts } from "#device/store/facts.ts";
import { forget, remember } from "#device/store/store.ts";
import { isUsable, readCloudAddress, readCloudTls } from "#wire/link/cloud-address.ts";

export interface CloudChoice {
  /** Undefined for a unit without a cloud. */
  readonly address: StoredCloud | undefined;
  /** Undefined for a cloud in the clear. */
  readonly tls: StoredTls | undefined;
}

/** None at all where something of it cannot be read: rather no link than one to the wrong place or in the clear. */
export function cloudOf({ cloudMoved, cloud, cloudTls, unreadable }: Facts): CloudChoice {
  const isKnown = !unreadable.has("cloudMoved") && (cloudMoved !== undefined || !unreadable.has("cloudTls"));
  if (!isKnown) return { address: undefined, tls: undefined };
  return cloudMoved ?? { address: cloud, tls: cloudTls };
}

/** Whether a unit can use what its owner says; TLS of no bytes stands for a cloud in the clear. */
export function isCloud(address: Uint8Array, tls: Uint8Array): boolean {
  const read = readCloudAddress(address);
  if (read === undefined || !isUsable(read)) return false;
  return tls.length === 0 || (readCloudTls(tls)?.authorities.length ?? 0) > 0;
}

/** What moves the unit to another cloud, or back to the factory's: the link connects there at once. */
export function moveCloud(
  moved: { readonly address: Uint8Array; readonly tls: Uint8Array } | undefined,
): readonly Effect[] {
  return [
    moved === undefined ? forget("cloudMoved") : remember("cloudMoved", moved),
    { kind: "emit", event: { kind: "cloud-moved" } },
  ];
}
