/**
 * Where the unit's cloud is and whom to believe there: what its owner said last, else what the factory gave.
 * @source PROTOCOL 7.8, 7.10
 */
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { Effect, Stored } from "#device/machine.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { isUsable, readCloudAddress, readCloudTls } from "#wire/link/cloud-address.ts";

/** Both as they are stored (wire/link/cloud-address.ts). */
export interface CloudChoice {
  /** Undefined for a unit without a cloud. */
  readonly address: Uint8Array | undefined;
  /** Undefined for a cloud in the clear. */
  readonly tls: Uint8Array | undefined;
}

export function cloudOf(stored: Stored): CloudChoice {
  const item = decodeCbor(stored.get(OWN.cloudMoved) ?? new Uint8Array(0));
  const [address, tls] = item.ok && Array.isArray(item.value) ? item.value : [];
  if (address instanceof Uint8Array && tls instanceof Uint8Array) {
    return { address: address.slice(), tls: tls.length === 0 ? undefined : tls.slice() };
  }
  return { address: stored.get(PROVISIONED.cloud), tls: stored.get(PROVISIONED.cloudTls) };
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
  const name = OWN.cloudMoved;
  return [
    moved === undefined
      ? { kind: "forget", name }
      : { kind: "store", name, value: encodeCbor([moved.address, moved.tls]) },
    { kind: "emit", event: { kind: "cloud-moved" } },
  ];
}
