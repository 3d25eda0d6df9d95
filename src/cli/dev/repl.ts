/** `latchkey repl`: evaluates expressions within a running development unit, a line each. A production unit refuses. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { toHex } from "#base/bytes.ts";
import { askHome } from "#cli/home-control.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { deviceIdOf } from "#cli/values/identifier.ts";
import { readFlashConfig } from "#factory/config.ts";
import type { DevReply } from "#web/dev/interface.ts";
import { readDevPlace } from "./dev-place.ts";

interface Options {
  readonly config: string;
  readonly board?: string;
}

type Evaluate = (text: string) => Promise<string>;

/** The unit of `latchkey dev` for this configuration. @throws CliTrouble when none runs */
function developmentUnit({ config: path, board }: Options): Evaluate {
  const config = readFlashConfig(path);
  const name = board ?? config.board;
  const place = readDevPlace(join(config.output, "dev", name));
  if (place === undefined || place.port === 0) {
    throw new CliTrouble(`no development unit runs for ${path} on ${name}; start it in another terminal: latchkey dev`);
  }
  const { port, token } = place;
  return async (text) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/evaluate`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ text }),
    }).catch(() => {
      throw new CliTrouble("latchkey dev has ended; start it again");
    });
    const reply = (await answer.json()) as DevReply;
    if ("error" in reply) throw new CliTrouble(reply.error);
    return String(reply.answer);
  };
}

/** A declaration would end with its line: as an assignment it makes a name that the next line finds. */
const withoutDeclaration = (line: string) => line.replace(/^\s*(?:const|let|var)\s+(?=[\w$]+\s*=)/, "");

async function repl(id: string | undefined, options: Options): Promise<void> {
  const evaluate: Evaluate =
    id === undefined
      ? developmentUnit(options)
      : (text) =>
          askHome(readFlashConfig(options.config).output, { id: toHex(deviceIdOf("the unit", id)), evaluate: text });
  const { isTTY } = process.stdin;
  const lines = createInterface({ input: process.stdin, output: isTTY ? process.stdout : undefined, prompt: "> " });
  if (isTTY) lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") await answer(evaluate, withoutDeclaration(line));
    if (isTTY) lines.prompt();
  }
}

async function answer(evaluate: Evaluate, line: string): Promise<void> {
  try {
    process.stdout.write(`${await evaluate(line)}\n`);
  } catch (error) {
    if (!(error instanceof CliTrouble)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

export function register(command: Command): void {
  command
    .argument("[id]", "a unit that latchkey home gives power, in place of the development unit")
    .option("--config <file>", "the configuration that latchkey dev or home was started with", "flash.config.json")
    .option("--board <name>", "the board that latchkey dev was started with, when not the configuration's")
    .action((id: string | undefined, options: Options) => sayTrouble(() => repl(id, options)));
}
