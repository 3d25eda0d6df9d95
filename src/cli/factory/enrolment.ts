/** A unit's entry for `rollout enrol`, made from the line's registry. */
import { toHex } from "#base/bytes.ts";
import type { UnitRow } from "#factory/registry.ts";

export function enrolmentOf({ id, publicKey, product, hardwareRevision, fleet, cards }: UnitRow) {
  return { id, publicKey: toHex(publicKey), product, hardware: hardwareRevision, fleet, card: cards };
}
