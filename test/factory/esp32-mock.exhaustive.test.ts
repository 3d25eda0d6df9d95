/**
 * The flasher against a loader of another make: esp32-mock-bootloader of PyPI, over TCP and over a pseudo-terminal through the package
 * serialport. The chip maker's own tool then reads what was written. Pinned, without a compiler; installed into .cache.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { runVerb } from "../cli/run-verb.ts";
import { until } from "../progress.ts";

const REQUIREMENTS = "test/factory/esp32-mock/requirements.txt";
const venv = resolve(".cache/esp32-mock");
const bin = (program: string) => join(venv, "bin", program);
const folder = mkdtempSync(join(tmpdir(), "latchkey-esp32-mock-"));
const children: ChildProcess[] = [];

function start(program: string, ...words: readonly string[]) {
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CC: "false", PYTHONUNBUFFERED: "1" },
  });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  return { child, closed: once(child, "close"), said: () => said };
}

async function run(program: string, ...words: readonly string[]): Promise<string> {
  const { child, closed, said } = start(program, ...words);
  await closed;
  if (child.exitCode !== 0) throw new Error(`${program} ${words.join(" ")}: ${said()}`);
  return said();
}

async function install(): Promise<void> {
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  const done = join(venv, "installed");
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return;
  rmSync(venv, { recursive: true, force: true });
  await run("python3.11", "-m", "venv", venv);
  await run(bin("python"), "-m", "pip", "install", "-q", "--no-deps", "--prefer-binary", "-r", REQUIREMENTS);
  writeFileSync(done, wanted);
}

/** The mock's flash lasts as long as its process. @returns The name of its line. */
async function startMock(chip: string, ...way: readonly string[]): Promise<string> {
  const mock = start(bin("esp32-mock-bootloader"), "run", "--chip", chip, ...way);
  return until("the mock to listen", () => {
    const [, host, pty] = /listening on (\S+)\s|on PTY (\S+)\s/.exec(mock.said()) ?? [];
    return host === undefined ? pty : `socket://${host}`;
  });
}

const images = ["boot.bin", "main.bin"].map((name) => join(folder, name));
const [boot, main] = images as [string, string];

beforeAll(async () => {
  writeFileSync(
    boot,
    new Uint8Array(24_000).map((_, i) => (i * 7) & 0xff),
  );
  writeFileSync(
    main,
    new Uint8Array(600_001).map((_, i) => (i * 5 + (i >> 9)) & 0xff),
  );
  await install();
}, 600_000);

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function flashAndCompare(port: string): Promise<void> {
  const said = await runVerb(
    "board",
    "flash",
    boot,
    `${main}@0x10000`,
    "--erase",
    "--port",
    port,
    "--board",
    "esp32c6",
  );
  expect([said.trouble, said.status]).toEqual(["", 0]);
  expect(said.out).toMatch(/esp32c6: ESP32-C6 \(revision \d+\), 4 MB of flash/);
  const words = ["--chip", "esp32c6", "--port", port, "--before", "no-reset", "verify-flash", "0x0", boot];
  const compared = await run(bin("esptool"), ...words, "0x10000", main);
  expect(compared.match(/Verification successful/g)).toHaveLength(2);
}

it("over TCP: the maker's own tool finds what was written", async () => {
  await flashAndCompare(await startMock("esp32c6", "--port", String(await freePort())));
}, 300_000);

it("over a pseudo-terminal, by serialport: the same", async () => {
  await flashAndCompare(await startMock("esp32c6", "--pty"));
}, 300_000);

it("another chip is refused by its own number", async () => {
  const port = await startMock("esp32c3", "--port", String(await freePort()));
  const { trouble } = await runVerb("board", "flash", boot, "--port", port, "--board", "esp32c6");
  expect(trouble).toMatch(/has the chip .*ESP32-C3.* \(expected esp32c6\); connect another, or name --board esp32c3$/);
}, 300_000);
