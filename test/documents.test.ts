/** What documents say is shown by tests is: the named files are there, and hold the named tests. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFileSync(path, "utf8");

/** Rows of a document's tables, heads and rulers left out. */
function rowsOf(document: string): readonly string[] {
  const lines = document.split("\n");
  return lines.filter(
    (line, i) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line) && !/^\|[\s|:-]+\|$/.test(lines[i + 1] ?? ""),
  );
}

/** What is claimed of a text: files of tests, each with the names of tests that stand behind it in quotation marks. */
function claimsOf(text: string): readonly { readonly path: string; readonly names: readonly string[] }[] {
  return [...text.matchAll(/`(test\/[\w./-]+)`((?:,? "[^"|]+")*)/g)].map(([, path = "", quoted = ""]) => ({
    path,
    names: [...quoted.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
  }));
}

/** Whether some test, or group of tests, of a file is called so. */
function holds(path: string, name: string): boolean {
  const titles = [
    ...read(path).matchAll(
      /\b(?:it|test|describe|testOnNativeBoards|exhaustiveTest)(?:\.each\([\s\S]*?\))?\(\s*(["'`])([\s\S]*?)\1/g,
    ),
  ];
  return titles.some(([, , title = ""]) => title.includes(name));
}

describe("the comparison with other token formats", () => {
  const rows = rowsOf(read("docs/COMPARISON.md"));

  it.each(rows.map((row) => [row.split("|")[1]?.trim() ?? "", row]))("%s", (_, row) => {
    const claims = claimsOf(row);
    expect(claims.length).toBeGreaterThan(0);
    for (const { path, names } of claims) {
      expect([path, existsSync(path)]).toEqual([path, true]);
      for (const name of names) expect([path, name, holds(path, name)]).toEqual([path, name, true]);
    }
  });

  it("has a row for each answer", () => {
    expect(rows.length).toBeGreaterThanOrEqual(16);
  });
});

it("docs/THREATS.md, docs/PROTOCOL.md and the ADRs name tests that are there", () => {
  const missing = ["docs/THREATS.md", "docs/PROTOCOL.md", "docs/ARCHITECTURE.md", "docs/PORTING.md"].flatMap(
    (document) =>
      claimsOf(read(document)).flatMap(({ path, names }) => {
        if (!existsSync(path)) return [`${document}: ${path}`];
        return path.endsWith(".ts")
          ? names.filter((name) => !holds(path, name)).map((name) => `${document}: ${path}, "${name}"`)
          : [];
      }),
  );
  expect(missing).toEqual([]);
});

describe("docs/THREATS.md", () => {
  const COLUMNS = ["asset", "attacker", "what they try", "what stops them", "test"];
  const cellsOf = (row: string) =>
    row
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  const document = read("docs/THREATS.md");
  const rows = rowsOf(document).map(cellsOf);

  it("is made of tables with the same five columns", () => {
    const heads = document.split("\n").filter((_, i, lines) => /^\|[\s|:-]+\|$/.test(lines[i + 1] ?? ""));
    expect(heads.length).toBeGreaterThanOrEqual(6);
    for (const head of heads) expect(cellsOf(head)).toEqual(COLUMNS);
    expect(rows.length).toBeGreaterThanOrEqual(165);
    for (const row of rows) expect([row.length, row.some((cell) => cell === ""), row]).toEqual([5, false, row]);
  });

  it("names a test in each row, and none that is not there", () => {
    const wrong = rows.flatMap(([, , tries = "", , shown = ""]) => {
      const claims = claimsOf(shown);
      const named = claims.filter(({ path, names }) => existsSync(path) && names.some((name) => holds(path, name)));
      const missing = claims.filter(({ path, names }) => !existsSync(path) || names.some((name) => !holds(path, name)));
      return named.length > 0 && missing.length === 0 ? [] : [`${tries}: ${shown}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe("the glossary", () => {
  const entries = rowsOf(read("docs/GLOSSARY.md")).map((row) => row.split("|").map((cell) => cell.trim()));
  const protocol = read("docs/PROTOCOL.md");

  it("has at most 40 entries, in order", () => {
    const terms = entries.map(([, term = ""]) => term);
    expect(terms.length).toBeLessThanOrEqual(40);
    expect(terms).toEqual([...new Set(terms)].sort());
  });

  it.each(entries.map(([, term = "", meaning = "", place = ""]) => [term, meaning, place]))(
    "says of %s where it is defined",
    (_, meaning, place) => {
      expect(meaning).toMatch(/\.$/);
      const files = [...place.matchAll(/`([^`]+)`|\(([^)]+)\)/g)].map(([, file, linked]) => file ?? `docs/${linked}`);
      const sections = place.startsWith("PROTOCOL") ? place.replace("PROTOCOL ", "").split(", ") : [];
      expect(files.length + sections.length).toBeGreaterThan(0);
      for (const file of files) expect([file, existsSync(file)]).toEqual([file, true]);
      for (const section of sections)
        expect([section, protocol.split("\n").some((line) => line.replace(/^#+ /, "").startsWith(section))]).toEqual([
          section,
          true,
        ]);
    },
  );
});
