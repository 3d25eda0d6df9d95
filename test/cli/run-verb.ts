/** Runs a verb of the command line in this process, as `latchkey VERB ...` does in one of its own. */
import { Command, CommanderError } from "commander";
import { vi } from "vitest";
import { REPOSITORY_VERBS } from "#cli/repository-verbs.ts";
import { sayTrouble } from "#cli/say-trouble.ts";

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly trouble: string;
}

export async function runVerb(...args: readonly string[]): Promise<Said> {
  const verb = REPOSITORY_VERBS.find(({ name }) => name === args[0]);
  if (verb === undefined) throw new Error(`no verb ${args[0]}`);
  const said = { out: "", trouble: "" };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      said.out += String(text);
      return true;
    }),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said.trouble += String(text);
      return true;
    }),
  ];
  const before = process.exitCode;
  const signals = ["SIGINT", "SIGTERM"] as const;
  const listeners = signals.map((signal) => new Set(process.listeners(signal)));
  process.exitCode = 0;
  try {
    const program = new Command("latchkey").exitOverride();
    const command = program.command(verb.name).exitOverride();
    (await verb.load()).register(command);
    for (const inner of command.commands) inner.exitOverride();
    await sayTrouble(async () => void (await program.parseAsync(args, { from: "user" })));
    return { status: Number(process.exitCode), out: said.out.trim(), trouble: said.trouble.trim() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { status: error.exitCode === 0 ? 0 : 2, out: said.out.trim(), trouble: said.trouble.trim() };
  } finally {
    process.exitCode = before;
    for (const [i, signal] of signals.entries())
      for (const each of process.listeners(signal)) if (!listeners[i]?.has(each)) process.removeListener(signal, each);
    for (const spy of spies) spy.mockRestore();
  }
}
