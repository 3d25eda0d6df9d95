/**
 * The guides for makers, their line, their cloud and owners of units: every command of them works, in the order of a product's
 * life, for two units in a home.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { freePort } from "#base/host/free-port.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { until, whileProgressing } from "../progress.ts";
import { stepsOf } from "./guide-commands.ts";

/** Where this home's phones broadcast, so that no other home on this machine hears them. */
const AIR = `${await loopbackSubnet()}.255`;
const ENDS_WITH_PARENT = pathToFileURL(builtPath("boards/sim/host/ends-with-parent.ts")).href;
const CONFIG = "flash.config.json";
/** A command of the guides says something after a minute at most; five for a busy machine. */
const SILENT_MS = 300_000;
const PASSPHRASE = "correct horse";
/** Verbs that go on until Ctrl-C, and what they say once they work. */
const STAYS: Readonly<Record<string, RegExp>> = {
  dev: /http:\/\/127\.0\.0\.1/,
  home: /have power/,
  cloud: /"http"/,
  "phone subscribe": /pressed/,
};

const folder = mkdtempSync(join(tmpdir(), "latchkey-guides-"));
const file = (name: string) => join(folder, name);
const running = new Map<string, ChildProcess>();
/** What stands in the place of the guides' names. */
const names: Record<string, string> = {};
let ports: readonly string[] = [];

async function end(verb: string): Promise<void> {
  const child = running.get(verb);
  running.delete(verb);
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await once(child, "exit");
}
async function endAll(): Promise<void> {
  for (const verb of [...running.keys()]) await end(verb);
}
afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

const isFile = (word: string) => /^(keys|cloud|out)$|^(keys|out)\/|\.(bundle|release|chain|png)$/.test(word);
const verbOf = ([, first = "", second = ""]: readonly string[]) =>
  second === "" || second.startsWith("--") ? first : `${first} ${second}`;

/** A command's words as they are here: files in the maker's folder, and this machine's ports and air. */
function here(words: readonly string[]): readonly string[] {
  const [, ...given] = words.map((word, place) => {
    const name = names[word];
    if (name !== undefined) return name;
    return place > 2 && isFile(word) ? file(word) : word;
  });
  const verb = verbOf(words);
  const [, first, second] = words;
  const more: string[] = [];
  if ((first === "factory" && !given.includes("--config")) || verb === "dev" || verb === "home")
    more.push("--config", file(CONFIG));
  if (given.includes(CONFIG)) given.splice(given.indexOf(CONFIG), 1, file(CONFIG));
  if (verb === "home") more.push("--address", AIR);
  if (verb === "cloud") more.push(...ports);
  // In which wave a unit is depends on its ID, and each is watched for an hour.
  if (verb === "rollout create") more.push("--waves", "100");
  if (first === "phone") more.push("--memory", file("phone.json"));
  if (first === "phone" && second === "onboard") more.push("--broadcast", AIR, "--timeout", "600");
  if (verb === "phone subscribe") more.push("--recent", "--count", "1");
  return [...given, ...more];
}

/** Runs one command. @returns What it said on standard output. */
async function run(words: readonly string[], input = ""): Promise<string> {
  const args = here(words);
  const child = spawn(process.execPath, ["--import", ENDS_WITH_PARENT, builtPath("src/cli/main.ts"), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [out, trouble] = ["", ""];
  child.stdin.end(input);
  const verb = verbOf(words);
  const stays = STAYS[verb];
  if (stays === undefined) {
    const ended = whileProgressing(
      async (progress) => {
        child.stdout.on("data", (chunk) => {
          out += chunk;
          progress();
        });
        child.stderr.on("data", (chunk) => {
          trouble += chunk;
          progress();
        });
        const [code] = await once(child, "close");
        return code;
      },
      () => `${args.join(" ")} said ${out}${trouble}`,
      SILENT_MS,
    );
    const code = await ended.finally(() => child.kill("SIGKILL"));
    expect([args.join(" "), code, code === 0 ? "" : trouble]).toEqual([args.join(" "), 0, ""]);
    return out;
  }
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (trouble += chunk));
  running.set(verb, child);
  await until(args.join(" "), () => {
    if (stays.test(out)) return true;
    if (child.exitCode !== null) throw new Error(`${args.join(" ")} ended: ${trouble}`);
    return undefined;
  });
  return out;
}

/** Runs commands one after the other; what one says is what the next reads, where a word asks for it. */
async function runAll(steps: readonly { readonly words: readonly string[] }[]): Promise<void> {
  let said = "";
  for (const { words } of steps) {
    const isPiped = words.includes("-") && words.includes("enrol");
    if (words[1] === "dev") {
      await run(words);
      await end("dev");
    } else said = await run(words, isPiped ? said : words.includes("--passphrase-file") ? `${PASSPHRASE}\n` : "");
  }
}

const MAKE = "docs/guide/make-a-product.md";
const ofHeading = (guide: string, heading: RegExp) => stepsOf(guide).filter((step) => heading.test(step.heading));

const chapters = stepsOf(MAKE).filter(({ heading }) => !heading.startsWith("6"));
let ids: readonly string[] = [];

test("a product is made", async () => {
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  ports = ["--mqtt-port", String(mqttPort), "--http-port", String(httpPort)];
  const [, app = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(MAKE, "utf8")) ?? [];
  writeFileSync(file("app.ts"), app);
  const config = { product: "greenhouse", fleet: "greenhouse", app: "app.ts", board: "sim", maker: "GREEN.EXAMPLE" };
  const cloud = { host: "127.0.0.1", mqttPort, httpPort, broker: "greenhouse-cloud" };
  const places = { keys: "keys", output: "out", cards: "all" };
  writeFileSync(file(CONFIG), JSON.stringify({ ...config, ...places, cloud }));

  await runAll(chapters);
  ids = (await run(["latchkey", "factory", "list"])).match(/^[0-9a-f]{24}/gm) ?? [];
  expect(ids).toHaveLength(2);
});

test("its next release is built by the same commands", async () => {
  for (const { words } of chapters.filter((step) => /^(bundle|release)$/.test(step.words[1] ?? ""))) {
    const next = words.map((word) => word.replace(/^greenhouse-1/, "greenhouse-2"));
    const number = Math.max(next.indexOf("--release"), next.indexOf("--sequence")) + 1;
    if (number > 0) next[number] = "2";
    await run(next);
  }
});

test("its units are owned and used", async () => {
  const guest = toHex(nodePrimitives.ed25519PublicKey(nodePrimitives.random(32)));
  const own = stepsOf("docs/guide/own-a-unit.md");
  for (const id of ids) {
    Object.assign(names, {
      "label.png": file(`out/units/${id}/label.png`),
      "card.png": file(`out/units/${id}/card.png`),
    });
    await runAll(own.filter(({ words }) => words[2] === "onboard"));
  }
  Object.assign(names, { KEY: guest });
  const [last = ""] = ids.slice(-1);
  await run(["latchkey", "home", "press", last, "--hold", "1s", "--config", file(CONFIG)]);
  await runAll(ofHeading("docs/guide/own-a-unit.md", /^(Use it|Give somebody)/));
});

test("an update reaches them", async () => {
  await runAll(ofHeading(MAKE, /^6/));
  expect(await run(["latchkey", "rollout", "status", "--data", file("cloud")])).toMatch(
    /2 x greenhouse 2\b[\s\S]* 2\/2 /,
  );
  await endAll();
});

test("the line makes units of a release, and the cloud of its guide brings them the next one", async () => {
  renameSync(file("greenhouse-1.release"), file("lamp-1.release"));
  const line = stepsOf("docs/guide/run-a-line.md");
  for (const { words } of line) {
    // Two units show the same as ten.
    const listed = await run(words.map((word) => (word === "10" ? "2" : word)));
    const [id] = /[0-9a-f]{24}/.exec(listed) ?? [];
    if (id !== undefined) names.ID = id;
  }
  names["out/releases/greenhouse-2.release"] = file("greenhouse-2.release");
  await runAll(stepsOf("docs/guide/cloud.md"));
});
