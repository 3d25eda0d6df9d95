/** Calls a function of the unit's app, or reads a variable. */
import type { Result } from "#base/faults.ts";
import { type Cbor, encodeCbor } from "#codec/cbor.ts";
import type { Session } from "./session.ts";

/**
 * Runs a function with its arguments by name, or reads a variable (no arguments).
 * @returns What the app answered, or the first refusal: SESSION_* when the session or its link failed, GRANT_* and
 *          CAVEAT_* when the chain doesn't allow it, APP_* when the app refuses.
 */
export function call(
  session: Session,
  name: string,
  args: Readonly<{ [name: string]: Cbor }> = {},
): Promise<Result<Cbor>> {
  return session.request({ op: "call", name, args: encodeCbor(new Map(Object.entries(args))) });
}
