/** Lists, separated by commas. */
import { ValueError, wrongValue } from "./value-error.ts";

/** Names without blanks, each once. */
export function listOf(option: string, text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) wrongValue(option, text, "names separated by commas, none of them empty");
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ValueError(`${option}: ${twice} stands twice in "${text}" (expected each name once)`);
  return names;
}
