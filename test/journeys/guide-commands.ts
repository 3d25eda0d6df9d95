/** Command lines of a guide under docs/guide: what its shell blocks say, by the heading that they stand under. */
import { readFileSync } from "node:fs";

export interface GuideStep {
  readonly heading: string;
  /** Words of one line, as the guide has them. */
  readonly words: readonly string[];
}

/** Every line of every shell block. */
export function stepsOf(path: string): readonly GuideStep[] {
  const steps: GuideStep[] = [];
  let heading = "";
  let isShell = false;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("```")) isShell = line === "```sh";
    else if (isShell && line.trim() !== "") steps.push({ heading, words: line.trim().split(/\s+/) });
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
