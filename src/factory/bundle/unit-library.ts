/**
 * The language's library as a unit has it, for checking a maker's app: the declarations that come with TypeScript, without
 * what the unit's engine leaves out.
 */
import ts from "typescript";

/** What the engine host never had; callers add what the engine leaves out (boards/sim/host/engine-features.ts). */
const NEVER: readonly string[] = ["Intl", "DateConstructor", "Atomics"].map((name) => `globalThis.${name}`);

/** Names that are taken out: of globals, and of members by the interface that declares them. */
interface Absent {
  readonly globals: ReadonlySet<string>;
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
}

/** @param names As in `globalThis.Date`, `String.prototype.normalize`, `Promise.try`. */
export function absentOf(names: readonly string[]): Absent {
  const globals = new Set<string>();
  const members = new Map<string, Set<string>>();
  for (const name of [...names, ...NEVER]) {
    const [first = "", second = "", third] = name.split(".");
    if (first === "globalThis") {
      globals.add(second);
      continue;
    }
    const owner = second === "prototype" ? first : `${first}Constructor`;
    const of = members.get(owner) ?? new Set();
    members.set(owner, of.add(third ?? second));
  }
  return { globals, members };
}

function nameOf(node: ts.Node): string | undefined {
  const { name } = node as { readonly name?: ts.Node };
  return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : undefined;
}

/** A library file's text without what is absent. Places in it stay where they were. */
export function withoutAbsent(file: ts.SourceFile, { globals, members }: Absent): string {
  let text = file.text;
  const remove = (node: ts.Node) => {
    const [from, to] = [node.getStart(file), node.getEnd()];
    text = text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, " ") + text.slice(to);
  };
  for (const statement of file.statements) {
    const name = ts.isVariableStatement(statement)
      ? nameOf(statement.declarationList.declarations[0] as ts.Node)
      : nameOf(statement);
    if (name === undefined) continue;
    if (globals.has(name)) remove(statement);
    else if (ts.isInterfaceDeclaration(statement)) {
      const gone = members.get(name);
      for (const member of statement.members) if (gone?.has(nameOf(member) ?? "")) remove(member);
    }
  }
  return text;
}
