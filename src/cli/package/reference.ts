/** Writes docs/guide/app-reference.md: what `latchkey/device` exports, as its declarations say. `--check` only compares. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";

const DECLARATIONS = ".cache/types/src/app/src/app/index.d.ts";
const REFERENCE = "docs/guide/app-reference.md";
const HEAD = `# What an app can do

Everything that \`latchkey/device\` exports. \`npm run reference\` writes this page from the declarations; change the comments in \`src/app\` instead.
`;

/** A comment's text, as one paragraph a line. */
function commentOf(node: ts.Node): string {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join("\n");
}

/** The statement of a declaration without the comment in front of it. */
function codeOf(declaration: ts.Declaration): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return node
    .getText()
    .replace(/^export (declare )?/, "")
    .replace(/^declare /, "");
}

/** @param path Declarations of the module. */
function referenceOf(path: string): string {
  const program = ts.createProgram([resolve(path)], {
    ...{ noEmit: true, skipLibCheck: true, types: [], allowImportingTsExtensions: true },
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(resolve(path));
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${path} is no module; run: npx tsc -b`);
  const sections = checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declarations = symbol.declarations ?? [];
    const [first] = declarations;
    const own = first === undefined ? "" : commentOf(ts.isVariableDeclaration(first) ? first.parent.parent : first);
    const code = declarations.map(codeOf).join("\n");
    return {
      name: exported.name,
      text: [`## ${exported.name}`, own, `\`\`\`ts\n${code}\n\`\`\``].filter((part) => part !== ""),
    };
  });
  const sorted = sections.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${[HEAD.trim(), ...sorted.flatMap(({ text }) => text)].join("\n\n")}\n`;
}

const text = referenceOf(DECLARATIONS);
if (process.argv.includes("--check")) {
  if (!existsSync(REFERENCE) || readFileSync(REFERENCE, "utf8") !== text) {
    process.stderr.write(`latchkey: ${REFERENCE} is not what the declarations say; run: npm run reference\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(REFERENCE, text);
  process.stdout.write(`${REFERENCE}: ${text.length} characters\n`);
}
