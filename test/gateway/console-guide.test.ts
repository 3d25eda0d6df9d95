/** The console's guide, command by command: a gateway and a cloud that takes its accounts, each serving its part of the console. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Child } from "#boards/sim/host/child.ts";
import { startReady } from "#cli/program.ts";
import { runVerb } from "../cli/run-verb.ts";
import { stepsOf } from "../journeys/guide-commands.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-console-guide-"));
const at = (name: string) => join(folder, name);
const children: Child[] = [];
afterAll(async () => {
  for (const child of children) await child.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What stands in the place of the guide's names. */
const names: Record<string, string> = { "staff.secret": at("staff.secret"), "-": at("password") };

/** Starts what goes on until Ctrl-C. @returns Its address. */
async function stay(verb: string, words: readonly string[]): Promise<string> {
  const more = verb === "cloud" ? ["--data", at("cloud"), "--mqtt-port", "0"] : ["--data", at("gateway")];
  const { child, ready } = await startReady("src/cli/main.ts", [verb, ...words, ...more, "--http-port", "0"]);
  children.push(child);
  return verb === "cloud" ? `http://127.0.0.1:${ready.http}` : String(ready.url);
}

it("every command works, and both addresses serve the console", async () => {
  writeFileSync(at("password"), "correct horse battery", { mode: 0o600 });
  const steps = stepsOf("docs/guide/console.md").map(({ words }) => words.slice(1));
  expect(steps.length).toBeGreaterThan(3);
  const served: string[] = [];
  for (const [verb = "", ...guided] of steps) {
    const words = guided.map((word) => names[word] ?? word);
    const isDaemon = verb === "cloud" || words.length === 0;
    if (isDaemon) {
      const url = await stay(verb, words);
      // The guide's issuer is the gateway that was started first.
      names["https://accounts.example"] ??= url;
      const page = await fetch(new URL("/console/", url));
      expect([verb, page.status, await page.text()]).toEqual([verb, 200, expect.stringContaining("<title>Latchkey")]);
      served.push(verb);
      continue;
    }
    const said = await runVerb(verb, ...words, "--data", at("gateway"), "--json");
    expect([words.join(" "), said.status, said.trouble]).toEqual([words.join(" "), 0, ""]);
    const { secret } = JSON.parse(said.out) as { secret?: string };
    if (words[0] === "resource") writeFileSync(at("staff.secret"), String(secret), { mode: 0o600 });
  }
  expect(served).toEqual(["gateway", "cloud"]);
});
