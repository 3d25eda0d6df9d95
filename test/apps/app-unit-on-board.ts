/** A unit of any board that runs an app's file, with an owner. */
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import type { Session } from "#phone/session.ts";
import { type AttackedUnit, startAttackedUnit } from "../attacks/attacked-unit.ts";
import { until } from "../progress.ts";

/** Opens a session as the owner as soon as the unit answers. */
export const session = (unit: AttackedUnit): Promise<Session> =>
  until(
    "a session",
    async () => {
      const opened = await unit.session(12);
      return opened.ok ? opened.value : undefined;
    },
    50,
  );

/** A unit that runs an app's file, checked and described as `bundle build` does. */
export async function startAppUnit(name: string, app: string): Promise<AttackedUnit> {
  const product = { app, board: name, onboarding: { legacy: [], softAp: false } };
  const { bytes } = await buildCheckedBundle(product, readBoard(name), { release: "test", atS: 1_790_000_000 });
  return startAttackedUnit(name, { bundle: bytes });
}
