/**
 * Replaces fault names by numbers in the sources of a bundle: "GRANT_AUDIENCE" becomes 201, and `#base/faults.ts`
 * what a unit has in its place. Both sides know the table, so a unit needs no names
 * (docs/adr/0006-faults-by-number.md).
 */
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";
import { FAULTS } from "#base/faults.ts";

/** Where a text of a fault's name is a fault: the runtime, and what makes an app of a maker's definition. */
const SPEAKS_OF_FAULTS = /^src\/((base|codec|wire|trust|device)\/|app\/define-device\.ts$)/;

/** New texts of sources by their paths, made of the old. */
export type Edits = ReadonlyMap<string, (text: string) => string>;

/** A source with numbers where it says faults. */
function withFaultNumbers(source: string): string {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TS);
  const parts: string[] = [];
  let at = 0;
  const visit = (node: ts.Node): void => {
    const number = ts.isStringLiteral(node) ? (FAULTS as Readonly<Record<string, number>>)[node.text] : undefined;
    if (number !== undefined) {
      parts.push(source.slice(at, node.getStart(file)), String(number));
      at = node.getEnd();
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return parts.join("") + source.slice(at);
}

/** @param edits Sources that are others than in the repository, by path from its root: what a test makes of them. */
export const faultsByNumber = (edits: Edits): Plugin => ({
  name: "faults by number",
  setup(build) {
    build.onResolve({ filter: /^#base\/faults\.ts$/ }, () => ({ path: resolve("src/base/faults-on-unit.ts") }));
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const [name, edit] = [relative(".", path), edits.get(relative(".", path))];
      if (!SPEAKS_OF_FAULTS.test(name)) return undefined;
      const source = readFileSync(path, "utf8");
      return { contents: withFaultNumbers(edit?.(source) ?? source), loader: "ts" };
    });
  },
});
