/** An app that fetches is told from one that only has something of that name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { appScript } from "#factory/bundle/bundle.ts";
import { usesFetch } from "#factory/bundle/uses-fetch.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-uses-fetch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function asked(text: string): Promise<boolean> {
  const app = join(folder, "app.ts");
  writeFileSync(app, text);
  return usesFetch((await appScript(app)).script);
}

test("a call of the global fetch is seen, also by way of globalThis and of a package", async () => {
  expect(await asked('export const app = { start: () => void fetch("https://a.test/") };')).toBe(true);
  expect(await asked('export const app = { start: () => void globalThis.fetch("https://a.test/") };')).toBe(true);
  mkdirSync(join(folder, "node_modules/asks"), { recursive: true });
  writeFileSync(join(folder, "node_modules/asks/package.json"), '{ "name": "asks", "main": "index.js" }');
  writeFileSync(join(folder, "node_modules/asks/index.js"), "exports.ask = (url) => fetch(url);\n");
  expect(await asked('import { ask } from "asks";\nexport const app = { start: () => void ask("x") };')).toBe(true);
});

test("a method, a local and a text of that name are none", async () => {
  const lines = [
    "const store = { fetch: (key: string) => key };",
    'const local = () => { const fetch = (url: string) => url; return fetch("here") + "fetch(it)"; };',
    'export const app = { start: () => [store.fetch("key"), local()] };',
  ];
  expect(await asked(lines.join("\n"))).toBe(false);
});
