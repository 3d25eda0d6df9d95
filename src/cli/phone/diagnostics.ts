/** `latchkey phone diagnostics`: what the maker sees of a crash of the unit's app. The owner decides. */
import { describeUnit } from "#phone/describe.ts";
import { DIAGNOSTICS, type Diagnostics } from "#wire/sessions/unit-log.ts";
import { answerOf, inSession } from "./describe.ts";
import { type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

const WORDS: Readonly<Record<Diagnostics, string>> = {
  none: "nothing",
  crashes: "what failed and where, without values",
  all: "what failed and where, its message, and the unit's last lines",
};

/** @param wanted Changes it; without one it is shown. */
export async function diagnostics(wanted: Diagnostics | undefined, options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    if (wanted !== undefined) {
      const request = { op: "diagnostics", level: DIAGNOSTICS.indexOf(wanted) } as const;
      answerOf(await session.request(request), "the unit does not change what its maker sees");
    }
    const { diagnostics: level } = answerOf(await describeUnit(session), "the unit does not say what its maker sees");
    if (level === undefined || (wanted !== undefined && level !== wanted)) {
      throw new PhoneTrouble("the unit does not say what its maker sees of a crash", "SESSION_ANSWER");
    }
    print(options, { diagnostics: level }, `when its app fails, its maker sees ${WORDS[level]} (${level})`);
  });
}
