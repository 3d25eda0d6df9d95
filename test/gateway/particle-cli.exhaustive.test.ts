/**
 * particle-cli, which nobody here wrote, against a gateway: whoami, list, get, call, publish, subscribe, login, tokens. It has 600 packages, more
 * than everything else here, so it has a lock file of its own and is installed when this test first runs.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { readReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { until } from "../progress.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

const PINNED = "test/gateway/particle-cli";
const installed = resolve(".cache/particle-cli");
const home = mkdtempSync(join(tmpdir(), "latchkey-particle-cli-"));
/** A subscription outlives a test that failed. */
const running = new Set<ChildProcess>();
const PLAN = {
  ...{
    product: "lamp",
    sequence: 7,
    hardware: [1],
    consent: "auto" as const,
    epoch: 0,
    notAfterS: undefined,
    bases: [],
  },
  images: new Map([[COMPONENT.js, new TextEncoder().encode("an app")]]),
};
let world: World;
let ann: Account;
let device = "";

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

function start(words: readonly string[], program = process.execPath, cwd = home) {
  const env = { PATH: process.env.PATH, HOME: home, PARTICLE_DISABLE_UPDATE: "1", CI: "1" };
  const child: ChildProcess = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.on("close", () => running.delete(child));
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (out += String(chunk)));
  // Without what draws its spinner.
  const plain = () => stripVTControlCharacters(out);
  const ended = new Promise<Ended>((done) => child.on("close", (code) => done({ code, out: plain() })));
  return { child, ended, out: plain };
}

const cli = (...words: string[]) => start([join(installed, "node_modules/particle-cli/src/index.js"), ...words]);
const particle = (...words: string[]) => cli(...words).ended;

/** Installs what the lock file pins, once. */
async function install(): Promise<void> {
  const lock = readFileSync(join(PINNED, "package-lock.json"), "utf8");
  const done = join(installed, "installed");
  if (existsSync(done) && readFileSync(done, "utf8") === lock) return;
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  cpSync(PINNED, installed, { recursive: true });
  const npm = await start(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm", installed).ended;
  if (npm.code !== 0)
    throw new Error(`particle-cli can't be installed; is the package registry reachable?\n${npm.out}`);
  writeFileSync(done, lock);
}

function logInWith(access_token: string): void {
  mkdirSync(join(home, ".particle"), { recursive: true });
  writeFileSync(join(home, ".particle/profile.json"), JSON.stringify({ name: "home" }));
  const config = { apiUrl: world.gateway.url, access_token, username: ann.name };
  writeFileSync(join(home, ".particle/home.config.json"), JSON.stringify(config));
}

beforeAll(async () => {
  await install();
  world = await startWorld();
  for (const unit of world.units) await world.add(unit);
  ann = await world.account("ann@lamps.example", "admin");
  device = world.units[0]?.id ?? "";
  logInWith((await world.login(ann)).access_token);
});
afterAll(async () => {
  for (const child of running) child.kill();
  await world?.close();
  rmSync(home, { recursive: true, force: true });
});

it("says who is logged in", async () => {
  expect(await particle("whoami")).toMatchObject({ code: 0, out: expect.stringContaining(ann.name) });
});

it("lists devices with their functions and variables", async () => {
  const { code, out } = await particle("list");
  expect(code).toBe(0);
  for (const { id } of world.units) expect(out).toContain(id);
  expect(out).toMatch(/setLamp/);
  expect(out).toMatch(/light \(\w+\)/);
  expect(out).toMatch(/online/);
});

it("reads a variable and calls a function", async () => {
  expect(await particle("get", device, "light")).toMatchObject({ code: 0, out: expect.stringMatching(/^512$/m) });
  const called = await particle("call", device, "dim", "to=30");
  expect([called.code, called.out.trim()]).toEqual([0, "0"]);
  expect(world.units[0]?.server.calls.at(-1)).toBe("dim");
  const wrong = await particle("call", device, "nothing", "");
  expect([wrong.code, wrong.out]).toEqual([1, expect.stringMatching(/nothing/)]);
});

it("subscribes to events of units, and hears what it publishes itself", async () => {
  const listening = cli("subscribe");
  await until("the stream", () =>
    /Subscribing to all events from my devices/.test(listening.out()) ? true : undefined,
  );
  await until(
    "an event of the unit",
    () => {
      world.units[0]?.server.show({ kind: "raised", name: "pressed", value: encodeCbor(3) });
      return /^(?=.*"name":"pressed").*"data":"3"/m.test(listening.out()) ? true : undefined;
    },
    500,
  );
  expect(await particle("publish", "hello", "all of you")).toMatchObject({ code: 0 });
  await until("what was published", () => (/"name":"hello"/.test(listening.out()) ? true : undefined));
  listening.child.kill();
  await listening.ended;
});

it("flashes a signed release, and nothing else", async () => {
  const keys = join(home, "keys");
  newKeySet(keys, "lamp");
  const file = join(home, "lamp.bin");
  writeReleaseFile(file, buildRelease(PLAN));
  const unsigned = await particle("flash", "--cloud", device, file);
  expect([unsigned.code, unsigned.out]).toEqual([1, expect.stringMatching(/the release is not signed/)]);
  writeReleaseFile(
    file,
    signReleaseFile(readReleaseFile(file), readKeyFile(join(keys, "release.key"), "release").seed),
  );
  const signed = await particle("flash", "--cloud", device, file);
  expect([signed.code, signed.out]).toEqual([0, expect.stringMatching(/Flash success/)]);
  const journal = await (await world.get("/v1/gateway/journal", world.bootstrapKey())).json();
  expect(JSON.stringify(journal)).toMatch(/"what":"flash release 7".{0,80}"outcome":"started"/);
  writeFileSync(join(home, "lamp.ino"), "void loop() {}");
  const source = await particle("flash", "--cloud", device, join(home, "lamp.ino"));
  expect([source.code, source.out]).toEqual([1, expect.stringMatching(/Failed to flash .*not_found/)]);
});

it("is told what it can't have, and ends with that", async () => {
  const answers = {
    nyan: [await particle("nyan", device, "on"), /no such function/],
    add: [await particle("device", "add", "ff".repeat(12)), /not_found/],
    remove: [await particle("device", "remove", device, "--yes"), /not_found|nothing is here/],
    compile: [await particle("library", "list"), /not_found|nothing is here/],
    webhooks: [await particle("webhook", "list"), /Found 0 hooks/],
  } as const;
  for (const [what, [{ out }, words]] of Object.entries(answers)) {
    expect([what, out]).toEqual([what, expect.stringMatching(words)]);
  }
});

it("logs in with name, password and one-time code, and revokes its token at logout", async () => {
  const bert = await world.account("bert@lamps.example", "support");
  const login = await particle("login", "--username", bert.name, "--password", PASSWORD, "--otp", bert.code());
  expect([login.code, login.out]).toEqual([0, expect.stringMatching(/Successfully completed login/)]);
  const { access_token } = JSON.parse(readFileSync(join(home, ".particle/home.config.json"), "utf8"));
  expect((await world.get("/v1/user", access_token)).status).toBe(200);
  expect(await particle("whoami")).toMatchObject({ code: 0, out: expect.stringContaining(bert.name) });
  expect((await world.send("DELETE", `/v1/access_tokens/${access_token}`, {})).status).toBe(200);
  expect((await particle("list")).code).not.toBe(0);
});
