/** Command lines of a guide under docs/guide: what its shell blocks say, by the heading that they stand under. */
import { readFileSync } from "node:fs";

export interface GuideStep {
  readonly heading: string;
  /** Words of one command, as the guide has them. */
  readonly words: readonly string[];
}

/** The commands of a line, without comment and quotation marks; a word in quotation marks stays one. */
function commandsOf(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [word] of line.replace(/(^|\s)#.*$/, "").matchAll(/"[^"]*"|[|;&]+|[^\s|;&]+/g)) {
    if (/^[|;&]/.test(word)) commands.push([]);
    else commands.at(-1)?.push(word.replaceAll('"', ""));
  }
  return commands.filter((words) => words.length > 0);
}

/** Every command of every shell block. */
export function stepsOf(path: string): readonly GuideStep[] {
  const steps: GuideStep[] = [];
  let heading = "";
  let isShell = false;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("```")) isShell = line === "```sh";
    else if (isShell) for (const words of commandsOf(line)) steps.push({ heading, words });
    else if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
  }
  return steps;
}

/** Puts what a drill has in the place of the guide's names in capitals, longest first. */
export function filledIn(words: readonly string[], names: Readonly<Record<string, string>>): readonly string[] {
  const sorted = Object.keys(names).sort((a, b) => b.length - a.length);
  return words.map((word) => {
    const [first = "", ...rest] = word.split("/");
    const found = sorted.find((name) => name === first);
    return found === undefined ? word : [names[found], ...rest].join("/");
  });
}
