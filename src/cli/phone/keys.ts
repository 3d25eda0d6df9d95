/** `latchkey phone keys`: who holds which key, by the names that the owner gave, and whether it is still good. */
import { fromHex, toHex } from "#base/bytes.ts";
import { momentText } from "#cli/limits.ts";
import { type GivenKey, recall } from "#phone/memory.ts";
import { revokedAt } from "#phone/revoke.ts";
import { answerOf, describedUnit, inSession } from "./describe.ts";
import { noteRevoked, stateOf } from "./given-keys.ts";
import { type PhoneOptions, PhoneTrouble, print, unitId } from "./unit.ts";

/** What the unit holds of these keys: the numbers of those that are revoked, and the owner's floor. */
async function standingAt(options: PhoneOptions, keys: readonly GivenKey[]) {
  return inSession(options, async (session) => {
    const { floor, isOwner } = await describedUnit(options, session);
    if (!isOwner) throw new PhoneTrouble("only the owner's card tells how the keys stand; name it with --card");
    const ctis = keys.flatMap(({ cti }) => fromHex(cti) ?? []);
    const told = answerOf(await revokedAt(session, ctis), "the unit does not say which keys are revoked");
    return { floor, revoked: new Set(told.ctis.map(toHex)) };
  });
}

export async function listKeys(options: PhoneOptions): Promise<void> {
  const id = await unitId(options);
  const keys = recall(options.memory, id)?.keys ?? [];
  const nowS = Math.floor(Date.now() / 1_000);
  let unreached: PhoneTrouble | undefined;
  let standing: Awaited<ReturnType<typeof standingAt>> | undefined;
  try {
    standing = keys.length === 0 ? undefined : await standingAt(options, keys);
  } catch (error) {
    if (!(error instanceof PhoneTrouble) || error.fault !== "SESSION_UNREACHABLE") throw error;
    unreached = error;
  }
  const isRevoked = ({ cti }: GivenKey) => standing?.revoked.has(cti) === true;
  if (standing !== undefined) noteRevoked(options.memory, id, isRevoked, nowS);
  const floor = standing?.floor ?? recall(options.memory, id)?.floor;
  const shown = keys.map((key) => ({ ...key, state: stateOf(key, isRevoked(key), floor, nowS) }));
  const lines = shown.map(
    ({ name, cti, state, limits, givenAtS }) =>
      `${state.padEnd(7)}  ${cti}  ${name}, since ${momentText(givenAtS).slice(0, 10)}: ${limits.join("; ")}`,
  );
  if (lines.length === 0) lines.push("this phone gave no key for this unit");
  if (unreached !== undefined) lines.push("the unit was not reached: this is what this phone knows");
  print(options, { keys: shown, checked: unreached === undefined }, lines.join("\n"));
}
