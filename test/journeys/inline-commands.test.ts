/** Commands that guides mention within their sentences and tables exist, with the options and arguments that they are given there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expect, it } from "vitest";
import { REPOSITORY_VERBS } from "#cli/repository-verbs.ts";

const GUIDES = "docs/guide";

interface Mention {
  readonly guide: string;
  readonly text: string;
}

const mentions: readonly Mention[] = readdirSync(GUIDES)
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) => {
    // Whole command lines are run by the guides' own tests.
    const prose = readFileSync(join(GUIDES, name), "utf8").replace(/```[\s\S]*?```/g, "");
    return [...prose.matchAll(/`latchkey ([^`]+)`/g)].map(([, text = ""]) => ({
      guide: name,
      text: text.replace(/\s+/g, " ").trim(),
    }));
  });

async function commandOf(verb: string): Promise<Command | undefined> {
  const found = REPOSITORY_VERBS.find(({ name }) => name === verb);
  if (found === undefined) return undefined;
  const command = new Command("latchkey").command(verb);
  (await found.load()).register(command);
  return command;
}

/** What is wrong with a mention; undefined where all of it exists. */
async function faultOf(text: string): Promise<string | undefined> {
  const [verb = "", ...words] = [...text.matchAll(/"[^"]*"|\S+/g)]
    .map(([word]) => word)
    .filter((word) => word !== "...");
  const root = await commandOf(verb);
  if (root === undefined) return `no verb ${verb}`;
  let command = root;
  let given = 0;
  for (let place = 0; place < words.length; place++) {
    const word = words[place] ?? "";
    const inner = given === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (inner !== undefined) {
      command = inner;
    } else if (word.startsWith("--")) {
      const option = command.options.find(({ long }) => long === word.split("=")[0]);
      if (option === undefined) return `${command.name()} has no ${word}`;
      if ((option.required || option.optional) && !word.includes("=")) place++;
    } else given++;
  }
  const takes = command.registeredArguments;
  const isMany = takes.some(({ variadic }) => variadic);
  // A group of commands is mentioned as a whole.
  if (given > takes.length && !isMany) return `${command.name()} takes no ${words.at(-1)}`;
  return undefined;
}

it("every command in a guide's text exists", async () => {
  expect(mentions.length).toBeGreaterThan(30);
  expect(mentions.some(({ guide, text }) => guide === "own-a-unit.md" && text.startsWith("phone resell"))).toBe(true);
  const wrong: string[] = [];
  for (const { guide, text } of mentions) {
    const fault = await faultOf(text);
    if (fault !== undefined) wrong.push(`${guide}: latchkey ${text}: ${fault}`);
  }
  expect(wrong).toEqual([]);
  expect(await faultOf("phone resell --nothing")).toBe("resell has no --nothing");
  expect(await faultOf("phone resel")).toBe("phone takes no resel");
});
