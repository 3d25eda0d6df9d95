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
      const opened = await unit.session();
      return opened.ok ? opened.value : undefined;
    },
    50,
  );

/** One that asks more often for an answer: that of a call which the unit breaks off takes a while. */
export async function patientSession(unit: AttackedUnit): Promise<Session> {
  await (await session(unit)).close();
  const opened = await unit.session(12);
  if (!opened.ok) throw new Error(`no session: ${opened.fault}`);
  return opened.value;
}

/** A unit that runs an app's file, checked and described as `bundle build` does. */
export async function startAppUnit(name: string, app: string): Promise<AttackedUnit> {
  const product = { app, board: name, onboarding: { legacy: [], softAp: false } };
  const { bytes } = await buildCheckedBundle(product, readBoard(name), { release: "test", atS: 1_790_000_000 });
  return startAttackedUnit(name, { bundle: bytes });
}
