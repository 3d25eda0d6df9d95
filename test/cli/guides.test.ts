/** Guides name commands that the command line accepts: each verb, option and number of arguments. */
import { readdirSync } from "node:fs";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { REPOSITORY_VERBS } from "#cli/repository-verbs.ts";
import { type GuideStep, stepsOf } from "../journeys/guide-commands.ts";

/** Replaces what a verb and its sub-verbs do by nothing, so that only their words are checked. */
function silenced(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  for (const each of command.commands) silenced(each);
  // A verb that only holds sub-verbs keeps its refusal of unknown ones.
  const acts = (command as unknown as { _actionHandler?: unknown })._actionHandler != null;
  if (acts) command.action(() => undefined);
  return command;
}

/** The words of one of our commands, however the guide starts it. */
const ours = ({ words }: GuideStep) => (words[0] === "npx" ? words.slice(1) : words);

async function complaintAbout(step: GuideStep): Promise<string | undefined> {
  const [program, name, ...rest] = ours(step);
  if (program !== "latchkey") return undefined;
  const verb = REPOSITORY_VERBS.find((each) => each.name === name);
  if (verb === undefined) return `there is no verb ${name}`;
  const command = new Command(verb.name);
  (await verb.load()).register(command);
  return silenced(command)
    .parseAsync(rest, { from: "user" })
    .then(
      () => undefined,
      // A word in capitals stands for a value of the reader's own.
      (error: Error) => (/"[A-Z]+" is not understood/.test(error.message) ? undefined : error.message),
    );
}

const guides = readdirSync("docs/guide").filter((name) => name.endsWith(".md"));

describe.each(guides)("docs/guide/%s", (guide) => {
  const steps = stepsOf(`docs/guide/${guide}`).filter((step) => ours(step)[0] === "latchkey");

  it("has only commands that the command line accepts", async () => {
    const wrong: string[] = [];
    for (const step of steps) {
      const complaint = await complaintAbout(step);
      if (complaint !== undefined) wrong.push(`${step.heading}: ${step.words.join(" ")}: ${complaint}`);
    }
    expect(wrong).toEqual([]);
  });
});

it("the check itself notices a verb, an option and an argument that are none", async () => {
  const of = (line: string) => complaintAbout({ heading: "", words: line.split(" ") });
  expect(await of("latchkey keyz rotate release")).toMatch(/no verb/);
  expect(await of("latchkey keys rotate release --forever")).toMatch(/unknown option/);
  expect(await of("latchkey keys rotate")).toMatch(/missing required argument/);
  expect(await of("latchkey keys rotate release --revoke")).toBeUndefined();
});
