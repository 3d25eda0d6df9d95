/** `latchkey inspect`: decodes any signed object and prints it. */
import type { Command } from "commander";
import { describe, type Plain } from "./describe.ts";
import { bytesOf } from "./readings.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";

/** Prints what some bytes are; `kinds` narrows what is taken for an answer. */
export function inspect(word: string, options: { json?: boolean }, kinds?: readonly string[]): void {
  const described = describe(bytesOf("inspect", word));
  if (!described.ok) throw new CliTrouble(`not a Latchkey object: the bytes don't decode (${described.fault})`);
  const { kind, bytes, content } = described.value;
  if (kinds !== undefined && !kinds.includes(kind))
    throw new CliTrouble(`not the expected kind: these bytes are a ${kind} (expected: ${kinds.join(" or ")})`);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ kind, bytes, content })}\n`);
  else
    process.stdout.write(
      `${kind}, ${bytes} bytes (signatures are not checked here)\n${lines(content, "  ").join("\n")}\n`,
    );
}

function lines(content: Plain, indent: string): readonly string[] {
  if (typeof content !== "object" || content === null) return [`${indent}${content}`];
  const entries = Array.isArray(content)
    ? content.map((each, i) => [`${i + 1}`, each] as const)
    : Object.entries(content);
  return entries.flatMap(([name, each]) => {
    if (isShort(each)) return [`${indent}${name}: ${short(each)}`];
    return [`${indent}${name}:`, ...lines(each, `${indent}  `)];
  });
}

/** What fits on a line with its name: a word, or a list or object of nothing but words. */
function isShort(content: Plain): boolean {
  if (typeof content !== "object" || content === null) return true;
  const each = Object.values(content);
  return each.every((word) => typeof word !== "object" || word === null) && short(content).length < 90;
}

function short(content: Plain): string {
  if (typeof content !== "object" || content === null) return String(content);
  if (Array.isArray(content)) return content.length === 0 ? "none" : content.map(String).join(", ");
  return Object.entries(content)
    .map(([name, word]) => `${name} ${word}`)
    .join(", ");
}

export function register(command: Command): void {
  command
    .argument("<what>", "a file, hexadecimal, base64, or - for standard input")
    .option("--json", "print one JSON object")
    .action((word: string, options: { json?: boolean }) => sayTrouble(() => inspect(word, options)));
}
