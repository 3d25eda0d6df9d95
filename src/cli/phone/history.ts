/** `latchkey phone history`: the last values of a variable, as the unit has kept them. */
import { momentText } from "#cli/limits.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { describeApp } from "#phone/describe.ts";
import { historyOf } from "#phone/history.ts";
import { answerOf, inSession, valueText } from "./describe.ts";
import { type PhoneOptions, print } from "./unit.ts";

/** Shows the kept values, oldest first, at the times that this machine's clock gives them. */
export async function history(name: string, options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const { variables } = answerOf(await describeApp(session), "the unit does not describe its variables");
    const kept = Object.keys(variables).filter((each) => variables[each]?.history !== undefined);
    if (!kept.includes(name)) {
      throw new ValueError(`${name} keeps no history (variables that do: ${kept.join(", ") || "none"})`);
    }
    const { values, intervalMs, ageMs } = answerOf(await historyOf(session, name), `the unit refuses ${name}`);
    const lastS = (Date.now() - ageMs) / 1_000;
    const shown = values.map((value, place) => {
      const timeS = Math.round(lastS - ((values.length - 1 - place) * intervalMs) / 1_000);
      return { time: momentText(timeS), value };
    });
    const unit = variables[name]?.value?.unit;
    const lines = shown.map(({ time, value }) => {
      return `${time}  ${value === null ? "could not be read" : `${valueText(value)}${unit === undefined ? "" : ` ${unit}`}`}`;
    });
    print(options, { name, intervalMs, values: shown }, lines.join("\n") || `${name} has no values yet`);
  });
}
