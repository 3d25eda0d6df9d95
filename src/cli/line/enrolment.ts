/** What a cloud is told of a unit, as the registry has it: an entry of what `rollout enrol` takes. */
import { toHex } from "#base/bytes.ts";
import type { UnitRow } from "#factory/registry.ts";

export function enrolmentOf({ id, publicKey, product, hardwareRevision, fleet, cards }: UnitRow) {
  return { id, publicKey: toHex(publicKey), product, hardware: hardwareRevision, fleet, card: cards };
}
