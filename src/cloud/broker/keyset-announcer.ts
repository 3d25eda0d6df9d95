/** Publishes the key set of each fleet's product to the fleet, retained (PROTOCOL 8.11). */
import type { Fleet } from "#cloud/fleet.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { ALL } from "#wire/link/topics.ts";
import type { Broker } from "./broker.ts";

/** @returns Publishes the key sets of fleets that have not heard theirs; call it when units were enrolled. */
export function createKeysetAnnouncer(fleet: Fleet, timestampSigner: TimestampSigner, broker: Pick<Broker, "toFleet">) {
  const announced = new Map<string, string>();
  return async (): Promise<void> => {
    for (const device of fleet.all()) {
      const keys = timestampSigner.keysOf(device.product);
      if (keys === undefined || announced.get(device.fleet) === device.product) continue;
      announced.set(device.fleet, device.product);
      await broker.toFleet(device.fleet, ALL.keyset, keys.message);
    }
  };
}
