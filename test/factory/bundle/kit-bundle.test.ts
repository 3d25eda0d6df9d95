/** The script of a development kit's app: what it takes from the bundle, and its description behind the code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { App } from "#device/app-interface.ts";
import { buildKitApp } from "#factory/bundle/kit-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-kit-bundle-"));
const app = join(folder, "app.ts");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs it as a kit does. @param modules What the bundle hands over. */
async function run(text: string, modules: object): Promise<{ app: App; pieces: readonly string[] }> {
  writeFileSync(app, text);
  const { script } = await buildKitApp(app, ['{"v":1,', '"names":[]}']);
  const [code = "", ...pieces] = new TextDecoder().decode(script).split("\f");
  return { app: new Function("latchkeyModules", code)(modules) as App, pieces };
}

test("an app runs on a board that cannot sleep, with the board's hardware from the bundle", async () => {
  const opened: string[] = [];
  const modules = {
    "app-io": {
      openIo: (name: string) => opened.push(name) && { io: { open: () => true }, resource: 0 },
      closeIo: () => undefined,
    },
  };
  const text = `import { defineDevice, Digital } from "latchkey/device";
${"export"} const app = defineDevice({ start: () => void new Digital({ pin: "lamp", mode: Digital.Input }) });
`;
  const made = await run(text, modules);
  expect(made.pieces).toEqual(['{"v":1,', '"names":[]}']);
  try {
    made.app.start?.(undefined as never);
  } catch {
    // What the class makes of a board that is none is not the matter here.
  }
  expect(opened).toEqual(["digital lamp 0"]);
});

test("a literal with a form feed is refused with what to write", async () => {
  const text = `import { defineDevice } from "latchkey/device";
${"export"} const app = defineDevice({ start: () => void \`a\fb\` });
`;
  const modules = {};
  // The bundler writes it as an escape, so that the pieces stay apart.
  expect((await run(text, modules)).pieces).toHaveLength(2);
});

test("a file that does not build is told with its place", async () => {
  await expect(run(`${"export"} const app = ;`, {})).rejects.toThrow(/app\.ts:1:20: Unexpected ";"/);
});
