/** The guide to a first product: every command of it, in the order of the page, with the package as a maker installs it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { stepsOf } from "../journeys/guide-commands.ts";
import { until } from "../progress.ts";
import { type Installed, installPackage } from "./installed.ts";

const GUIDE = "docs/guide/first-product.md";
/** Where this home's phones broadcast, so that no other home on this machine hears them. */
const AIR = `${await loopbackSubnet()}.255`;
/** What goes on until Ctrl-C, and what it says once it works. */
const STAYS: Readonly<Record<string, RegExp>> = { dev: /http:\/\/127\.0\.0\.1/, home: /has power/ };
const MORE: Readonly<Record<string, readonly string[]>> = {
  home: ["--address", AIR],
  "phone onboard": ["--broadcast", AIR],
};

let maker: Installed;
let folder: string;
let id = "ID";
const running: ChildProcess[] = [];
beforeAll(() => {
  maker = installPackage();
  folder = maker.folder;
});
afterAll(() => {
  for (const child of running) child.kill("SIGINT");
  maker.close();
});

/** A command's words as they are here: the tarballs in place of the registry, the unit's ID in place of its name. */
function here(words: readonly string[]): readonly string[] {
  const [program = "", ...rest] = words.map((word) => word.replace("/ID/", `/${id}/`));
  const inMaker = (path: string) => join(maker.folder, "node_modules", path);
  if (program === "npm" && rest[0] === "create") {
    return [process.execPath, inMaker("create-latchkey/index.mjs"), ...rest.slice(2).filter((word) => word !== "--")];
  }
  if (program === "npm" && rest[0] === "install") return ["npm", "install", "--silent", maker.tarballs.latchkey];
  if (program !== "npx") return [program, ...rest];
  const verb = rest.slice(1);
  const more = MORE[verb.slice(0, 2).join(" ")] ?? MORE[verb[0] ?? ""] ?? [];
  return [process.execPath, join(folder, "node_modules/latchkey/bin/latchkey.mjs"), ...verb, ...more];
}

async function run(words: readonly string[]): Promise<void> {
  const [program = "", ...args] = here(words);
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env: maker.env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const stays = words[0] === "npx" ? STAYS[words[2] ?? ""] : undefined;
  if (stays !== undefined) {
    running.push(child);
    await until(words.join(" "), () => {
      if (child.exitCode !== null) throw new Error(`${words.join(" ")} ended: ${said}`);
      return stays.test(said) ? true : undefined;
    });
    // The page's unit isn't needed further on, and its home would be another one on this machine.
    if (words[2] === "dev") child.kill("SIGINT");
    return;
  }
  const [code] = await once(child, "close");
  expect([words.join(" "), code, code === 0 ? "" : said]).toEqual([words.join(" "), 0, ""]);
  id = /^([0-9a-f]{24}) {2}/m.exec(said)?.[1] ?? id;
  if (words.includes("read")) expect(said).toMatch(/\b100\b/);
}

test("every command of the guide works, from an empty folder to an update that the owner's phone delivers", async () => {
  for (const { words } of stepsOf(GUIDE)) {
    if (words[0] === "cd") folder = join(folder, words[1] ?? "");
    else await run(words);
  }
  expect(existsSync(join(folder, "out/releases/relay-1.release"))).toBe(true);
  expect(readFileSync(join(folder, `../greenhouse/out/units/${id}/unit.flash.log`), "utf8")).toMatch(/"trial"|"boot"/);
});
