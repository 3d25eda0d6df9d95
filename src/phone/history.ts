/** Reads the values that a unit has kept of a variable. */
import { ok, type Result } from "#base/faults.ts";
import { type HistoryPart, readHistory } from "#wire/sessions/history.ts";
import { call } from "./call.ts";
import type { Session } from "./session.ts";

/** Parts that are asked for at most: more values than any unit keeps. */
const PARTS_MAX = 16;

/**
 * Asks for all values that the unit still has of a variable, oldest first.
 * @param from The number of the first value wanted; a caller who has read up to `first + values.length` goes on there.
 * @returns The values; APP_ARGUMENT for a variable without history, SESSION_ANSWER for no history, or what became of the session.
 */
export async function historyOf(session: Session, name: string, from = 0): Promise<Result<HistoryPart>> {
  let whole: HistoryPart | undefined;
  for (let part = 0; part < PARTS_MAX; part++) {
    const next = whole === undefined ? from : whole.first + whole.values.length;
    const answer = await call(session, name, { history: next });
    if (!answer.ok) return answer;
    const read = readHistory(answer.value);
    if (!read.ok) return read;
    const told = read.value;
    const isNext = whole !== undefined && told.first === next;
    // What was overwritten, or begun anew, in between leaves the rest alone.
    whole = isNext && whole ? { ...told, first: whole.first, values: [...whole.values, ...told.values] } : told;
    if (told.values.length === 0 || told.first + told.values.length >= told.total) break;
  }
  return ok(whole as HistoryPart);
}
