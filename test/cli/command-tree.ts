/** Every verb of the command line with its options and arguments, as they are registered. */
import { type Argument, Command, type Option } from "commander";
import { REPOSITORY_VERBS } from "#cli/repository-verbs.ts";

export interface Verb {
  /** As a person writes it: "phone call". */
  readonly name: string;
  readonly words: readonly string[];
  /** Its own options, and those of the verb around it that it may be given too. */
  readonly options: readonly Option[];
  readonly args: readonly Argument[];
}

function* verbsBelow(command: Command, words: readonly string[]): Iterable<Verb> {
  const isVerb = command.commands.length === 0 || command.registeredArguments.length > 0 || command.options.length > 0;
  if (isVerb) yield { name: words.join(" "), words, options: command.options, args: command.registeredArguments };
  for (const inner of command.commands) yield* verbsBelow(inner, [...words, inner.name()]);
}

export async function allVerbs(): Promise<readonly Verb[]> {
  const program = new Command("latchkey");
  for (const verb of REPOSITORY_VERBS) (await verb.load()).register(program.command(verb.name));
  return program.commands.flatMap((command) => [...verbsBelow(command, [command.name()])]);
}
