/** `latchkey phone settings`: shows the settings of the unit's app, and changes those that are named. */
import { decimalOf, isDecimal } from "#cli/values/number.ts";
import { ValueError } from "#cli/values/value-error.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { describeApp } from "#phone/describe.ts";
import type { Session } from "#phone/session.ts";
import type { ValueSchema } from "#wire/describe.ts";
import { answerOf, inSession, plainOf, schemaText, valueText } from "./describe.ts";
import { type PhoneOptions, print } from "./unit.ts";

/** The value that a word stands for, by the setting's own type: a text may look like a number. */
function valueIn(name: string, word: string, schema: ValueSchema): Cbor {
  const { type } = schema;
  if (type === "bool" && (word === "true" || word === "false")) return word === "true";
  if ((type === "int" || type === "number") && isDecimal(word)) return decimalOf(name, word);
  if (type === "text" || type === "choice") return word;
  throw new ValueError(`${name}: "${word}" (expected ${schemaText(schema)})`);
}

async function change(session: Session, word: string, schemas: ReadonlyMap<string, ValueSchema>): Promise<void> {
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  const schema = schemas.get(name);
  if (schema === undefined || at < 0) {
    const known = [...schemas.keys()].join(", ") || "none";
    throw new ValueError(`"${word}" changes no setting (expected name=value; settings: ${known})`);
  }
  const value = valueIn(name, word.slice(at + 1), schema);
  const answer = await call(session, name, { value });
  if (!answer.ok && answer.fault === "APP_ARGUMENT") {
    throw new ValueError(`${name}: ${valueText(value)} (expected ${schemaText(schema)})`);
  }
  answerOf(answer, `the unit does not change ${name}`);
}

/** @param words name=value of each setting to change. */
export async function settings(words: readonly string[], options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const app = answerOf(await describeApp(session), "the unit does not tell its settings");
    const schemas = new Map(Object.entries(app.settings).map(([name, { value }]) => [name, value]));
    for (const word of words) await change(session, word, schemas);
    const values: [string, Cbor][] = [];
    for (const name of schemas.keys()) {
      values.push([name, answerOf(await call(session, name), `the unit refuses ${name}`)]);
    }
    const lines = values.map(([name, value]) => `${name}: ${valueText(value)}`);
    const plain = Object.fromEntries(values.map(([name, value]) => [name, plainOf(value)]));
    print(options, plain, lines.join("\n") || "its app has no settings");
  });
}
