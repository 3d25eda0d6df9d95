/** An app as large as a maker may write one: the lamp, with code and data of the given sizes that it needs all the time. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

const functionOf = (i: number) => `function work${i}(value: number): number {
  let sum = value + ${i};
  for (let at = 0; at < 4; at++) sum = (sum * ${31 + 2 * (i % 50)} + at) % 65521;
  const names = ["first${i}", "second${i}", "third${i}"];
  return sum + names[sum % 3]!.length + (sum > ${i * 7} ? data[(sum * ${i + 3}) % data.length]! : ${i});
}`;

const LAMP = "test/apps/lamp.ts";
const DEFINITION = "defineDevice({\n";

/** The lamp's own source, with the work behind its definition and done at its start. */
function sourceOf(functions: number, dataBytes: number): string {
  const lamp = readFileSync(LAMP, "utf8").replace('"#app/index.ts"', JSON.stringify(resolve("src/app/index.ts")));
  const numbers = Array.from({ length: functions }, (_, i) => i);
  const work = `const data = new Uint8Array(${dataBytes}).fill(7);
${numbers.map(functionOf).join("\n")}
function workAll(): number {
  let sum = 0;
${numbers.map((i) => `  sum += work${i}(sum);`).join("\n")}
  return sum;
}
`;
  const [head = "", definition] = lamp.split(DEFINITION);
  if (definition === undefined) throw new Error(`${LAMP} has no ${DEFINITION.trim()}`);
  return `${head}${DEFINITION}  start: (io) => io.log("all work: " + workAll()),\n${definition}\n${work}`;
}

/**
 * Writes its source into a folder of its own.
 * @param codeBytes Least size of its minified code. @param dataBytes What it keeps in one array.
 * @returns The path, and how many bytes the app's own code takes of a bundle.
 */
export async function writeLargeApp(
  board: string,
  codeBytes: number,
  dataBytes: number,
): Promise<{ path: string; codeBytes: number }> {
  const path = join(mkdtempSync(join(tmpdir(), "latchkey-large-app-")), "large.ts");
  const product = { ...readFlashConfig("flash.config.json"), board, app: path };
  let functions = Math.ceil(codeBytes / 200);
  for (;;) {
    writeFileSync(path, sourceOf(functions, dataBytes));
    const { shares } = await buildBundle(product, { release: "1", atS: 1_790_000_000 });
    const size = [...shares].find(([source]) => source.endsWith("large.ts"))?.[1] ?? 0;
    if (size >= codeBytes) return { path, codeBytes: size };
    functions = Math.ceil((functions * codeBytes) / Math.max(size, 1)) + 1;
  }
}
