/** Gives every option and argument of a verb its reader, so that no value reaches a verb unread. */
import type { Argument, Command, Option } from "commander";
import { readerOf } from "./option-values.ts";

/** Options that may be given again, each time with one more value. */
const REPEATED: ReadonlySet<string> = new Set(["--allow", "--arg", "--cti", "--hardware", "--signer"]);

/** The placeholder of an option that takes a value, as "file" of `--out <file>`; undefined for a switch. */
export function placeholderOf({ flags }: Pick<Option, "flags">): string | undefined {
  return /[<[](.+)[>\]]/.exec(flags)?.[1];
}

function readStrictlyBelow(command: Command, words: readonly string[]): void {
  const verb = words.join(" ");
  const strict = (item: Option | Argument, name: string, placeholder: string, isRepeated: boolean) => {
    const read = readerOf(verb, name, placeholder);
    if (read === undefined)
      throw new Error(`${verb} ${name} <${placeholder}> has no reader: add it to option-values.ts`);
    const choose = item.argChoices === undefined ? undefined : item.parseArg;
    let given: unknown[] | undefined;
    item.argParser((text: string, before: unknown) => {
      const value = read(name, text);
      if (choose !== undefined) return choose.call(item, text, before as never);
      if (!isRepeated) return value;
      given = given !== undefined && before === given ? [...given, value] : [value];
      return given;
    });
  };
  for (const option of command.options) {
    const placeholder = placeholderOf(option);
    const name = option.long ?? option.flags;
    if (placeholder !== undefined) strict(option, name, placeholder, option.variadic || REPEATED.has(name));
  }
  for (const argument of command.registeredArguments) {
    strict(argument, argument.name(), argument.name(), argument.variadic);
  }
  for (const inner of command.commands) readStrictlyBelow(inner, [...words, inner.name()]);
}

/** @throws When an option or argument has no reader: it is added to option-values.ts, with a row in the test. */
export function readStrictly(command: Command): void {
  readStrictlyBelow(command, [command.name()]);
}
