/**
 * Device code matches what anyone on the network may send. Each of its regular expressions is taken from the sources and
 * analysed: none can take more than time in proportion to the text (test/tidy/regular-expressions.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { slowness } from "./tidy/regular-expressions.ts";

/** Rooms whose code runs on units; their host sides don't. */
const ROOMS = ["base", "codec", "wire", "trust", "device"] as const;

interface Found {
  readonly where: string;
  readonly pattern: string;
  readonly flags: string;
}

/** Expressions in a source, and places where one is made of a text, which nobody can look at here. */
function expressionsIn(path: string, text: string): { readonly found: Found[]; readonly made: string[] } {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const [found, made]: [Found[], string[]] = [[], []];
  const visit = (node: ts.Node): void => {
    const where = `${path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      found.push({ where, pattern: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    }
    if (ts.isIdentifier(node) && node.text === "RegExp") made.push(where);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { found, made };
}

const sources = ROOMS.flatMap((room) =>
  readdirSync(`src/${room}`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.split("/").includes("host"))
    .map((path) => `src/${room}/${path}`),
);
const all = sources.map((path) => expressionsIn(path, readFileSync(path, "utf8")));

describe("the regular expressions of device code", () => {
  it("are found, and none is made of a text", () => {
    expect(all.flatMap(({ found }) => found).length).toBeGreaterThan(10);
    expect(all.flatMap(({ made }) => made)).toEqual([]);
    const planted = expressionsIn("x.ts", "const a = /a+b/i.test(x);\nconst b = new RegExp(x);");
    expect(planted).toEqual({ found: [{ where: "x.ts:1", pattern: "a+b", flags: "i" }], made: ["x.ts:2"] });
  });

  it("take time in proportion to the text", () => {
    const slow = all.flatMap(({ found }) =>
      found.flatMap(({ where, pattern, flags }) => {
        const why = slowness(pattern, flags);
        return why === undefined ? [] : [`${where}: /${pattern}/${flags} is ${why}`];
      }),
    );
    expect(slow).toEqual([]);
  });
});

describe("an expression", () => {
  it.each([
    // The header field that kept a unit busy for 2.5 s.
    ["^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \\t]*(.*?)[ \\t]*$", "at least polynomial"],
    ["^(a+)+$", "exponential"],
    ["^(a*)*$", "exponential"],
    ["^(a|a)*$", "at least polynomial"],
    ["^(a|ab|b)*c", "at least polynomial"],
    ["^a*a*$", "at least polynomial"],
    ["^a*[a-c]{0,200}d", "at least polynomial"],
    ["\\s+$", "at least polynomial"],
    ["a+b", "at least polynomial"],
    ["^(\\w+\\s?)*$", "exponential"],
    ["^\\d+\\d+x", "at least polynomial"],
    ["^(?:x{1,200}){1,200}y", "exponential"],
  ])("that can go back far is found out: %s", (pattern, kind) => {
    expect(slowness(pattern)).toMatch(new RegExp(`^${kind}`));
  });

  it.each([
    ["^[a-z0-9-]{1,32}$", ""],
    ["^HTTPS:\\/\\/GO\\.[A-Z0-9.-]+\\/T#([0-9A-F]{24})\\.([0-9A-Z]+)$", ""],
    ["[&<>\"']", "g"],
    ["[^ -~]+", "g"],
    ["^a*b*c*$", ""],
    ["^(ab|cd)*$", ""],
    ["^(\\d{1,3}\\.){3}\\d{1,3}$", ""],
    ["^[A-Z]{1,16} \\/[!-~]{0,254} HTTP$", "i"],
    ["\\bfault (\\d{3})\\b", "g"],
  ])("that goes on in one way only is passed: %s", (pattern, flags) => {
    expect(slowness(pattern, flags)).toBeUndefined();
  });

  it("with lookaround or a reference back is none that this method judges", () => {
    for (const pattern of ["(?=a)b", "(?<=a)b", "(a)\\1", "\\p{L}"]) expect(() => slowness(pattern, "u")).toThrow();
  });
});
