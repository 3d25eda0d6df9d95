/** The command line's frame: finds the verb, passes it its arguments, and turns its result into an exit code. */
import { Command, CommanderError } from "commander";
import { sayTrouble, troubleLine } from "./say-trouble.ts";
import { resolveUserPaths } from "./user-paths.ts";
import type { Verb } from "./verbs.ts";

/** The folder that the user stands in: bin/setup.mjs names it before it goes to the repository's root. */
const userFolder = process.env.LATCHKEY_USER_FOLDER ?? process.cwd();
// Programs that this one starts are given paths that are resolved already.
delete process.env.LATCHKEY_USER_FOLDER;

/** A complaint of the parser as ours are: "unknown command 'hom'; did you mean home?" */
function inOneLine(text: string): string {
  return text.replace(/^error: /, "latchkey: ").replace(/\n\(Did (.*)\)\n$/, "; did $1\n");
}

async function run(verbs: readonly Verb[], args: readonly string[]): Promise<number> {
  const program = new Command("latchkey")
    .description("Connected devices an owner can use for thirty years, without an account.")
    .usage("VERB [options]")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(inOneLine(text)) })
    .showSuggestionAfterError(true);
  if (userFolder !== process.cwd()) {
    program.hook("preAction", (_, verb) => resolveUserPaths(verb, userFolder));
  }
  const wanted = args[0];
  for (const verb of verbs) {
    const command = program.command(verb.name).description(verb.summary).helpGroup(verb.role).exitOverride();
    if (verb.name === wanted) (await verb.load()).register(command);
  }
  if (wanted === undefined) {
    program.outputHelp();
    return 2;
  }
  try {
    await sayTrouble(async () => void (await program.parseAsync(args, { from: "user" })));
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

/** Runs the verb that the process's arguments name, and sets its exit code. */
export async function runCommandLine(verbs: readonly Verb[]): Promise<void> {
  // Whoever reads our output may have seen enough (`… | head`); then end quietly, as a program does that heeds SIGPIPE.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(141);
    process.stderr.write(
      `latchkey: standard output can't be written (${error.code}): free space or name another place for it\n`,
    );
    process.exit(1);
  });
  // What fails in the background, as a socket that nobody waits for.
  process.on("uncaughtException", (error) => {
    const line = troubleLine(error);
    process.stderr.write(line === undefined ? `${error?.stack ?? String(error)}\n` : `latchkey: ${line}\n`);
    process.exit(1);
  });
  process.exitCode = await run(verbs, process.argv.slice(2));
}
