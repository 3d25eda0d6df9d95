/**
 * Onboards a unit again and again through the kernel's own 802.11, by every protocol on every network, and prints a table of how long
 * it took, with the number of runs in each cell. Each result is a line of a file, so that a later start goes on where this one stopped.
 *
 *   node bin/run.mjs test/linux/air/main.ts [--results FILE] [--only PATTERN] [--minutes N] [--times N] [--captures FOLDER] [--table] [--uml PROGRAM]
 *
 * With --times each cell gets all its runs at once, without it all come on in step. With --uml the guest is that kernel (uml-guest.ts).
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { toHex } from "#base/bytes.ts";
import { type LinuxUnit, makeLinuxUnit } from "../made-unit.ts";
import { type Cell, cellName, cells, ofCell, runsBy, tableOf } from "./cells.ts";
import { type Guest, startGuest } from "./guest.ts";
import { whyNoGuest } from "./guest-files.ts";
import { networkNamed } from "./networks.ts";
import { runTrial, type TrialResult } from "./trial.ts";
import { startUmlGuest } from "./uml-guest.ts";
import { ACCESS_POINT, startWorld, type World } from "./world.ts";

/** A guest that fails so often in a row is not worth another start. */
const FAILURES_MAX = 5;

const { values } = parseArgs({
  options: {
    results: { type: "string", default: ".cache/linux-air.jsonl" },
    only: { type: "string", default: "" },
    minutes: { type: "string", default: "1000000" },
    times: { type: "string" },
    captures: { type: "string" },
    table: { type: "boolean", default: false },
    uml: { type: "string" },
  },
});
const endMs = Date.now() + 60_000 * Number(values.minutes);
const say = (line: string) => void process.stderr.write(`${line}\n`);

function results(): readonly TrialResult[] {
  if (!existsSync(values.results)) return [];
  return readFileSync(values.results, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const wanted = cells()
  .filter((cell) => new RegExp(values.only).test(cellName(cell)))
  .map((cell) => (values.times === undefined ? cell : { ...cell, runs: Number(values.times) }));
const hasTime = () => Date.now() < endMs;

let guest: Guest | undefined;
let world: World | undefined;
let opened = "";

async function worldOn(network: string, unit: LinuxUnit): Promise<World> {
  if (guest === undefined || world === undefined) {
    guest = values.uml === undefined ? await startGuest() : await startUmlGuest(values.uml);
    world = await startWorld(guest, unit);
    opened = "";
  }
  if (opened !== network) {
    await world.lose(0, 0);
    await world.open(networkNamed(network));
    opened = network;
  }
  return world;
}

/** What a unit and its network said when it understood a message and had no address afterwards: once in some 2,000 runs, so it is kept. */
function keepLogs(run: string, logs: string): void {
  const path = `${values.results}.${run.replaceAll(/[ %]+/g, "-")}.log`;
  writeFileSync(path, logs);
  say(`${run}: wrong; what all said is in ${path}`);
}

/** Writes a vector (test/vectors/README.md): the capture, and what it is to be understood as. */
function keepCapture(from: World, cell: Cell, to: string, capture: string): void {
  const { ssid, passphrase, scanned } = networkNamed(cell.network);
  const input = { bssid: ACCESS_POINT, ssid: toHex(ssid), ...scanned, airKey: toHex(from.codes.airKey) };
  const protocol = cell.protocol.startsWith("ti-") ? "ti-smartconfig" : cell.protocol;
  const expect = { protocol, ssid: toHex(ssid), passphrase: toHex(Buffer.from(passphrase)) };
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(`${to}.pcap.gz`, gzipSync(readFileSync(capture), { level: 9 }));
  writeFileSync(`${to}.json`, `${JSON.stringify({ input, expect }, null, 2)}\n`);
}

/** Runs a cell until it has as many results. */
async function visit(cell: Cell, unit: LinuxUnit, count: number): Promise<void> {
  for (let n = ofCell(results(), cell).length; n < count && hasTime(); n++) {
    const here = await worldOn(cell.network, unit);
    const capture = values.captures === undefined ? undefined : cellName(cell).replaceAll(/ /g, "-").replace("%", "");
    const result = await runTrial(here, networkNamed(cell.network), { ...cell, seed: n + 1 }, capture);
    say(JSON.stringify(result));
    appendFileSync(values.results, `${JSON.stringify(result)}\n`);
    if (result.isWrong) keepLogs(`${cellName(cell)} ${result.seed}`, await here.joinLogs());
    if (capture !== undefined && values.captures !== undefined) {
      keepCapture(here, cell, join(values.captures, capture), join(here.guest.share, `${capture}.pcap`));
    }
  }
}

async function runAll(): Promise<void> {
  const lacking = whyNoGuest();
  if (lacking !== undefined) throw new Error(`802.11 of the kernel: not run: ${lacking}`);
  mkdirSync(dirname(values.results), { recursive: true });
  const unit = await makeLinuxUnit({
    onboarding: { legacy: ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], softAp: false },
  });
  let failures = 0;
  for (let round = 1; hasTime() && wanted.some((cell) => ofCell(results(), cell).length < cell.runs); round++) {
    for (const cell of wanted) {
      try {
        await visit(cell, unit, values.times === undefined ? runsBy(cell, round) : cell.runs);
        failures = 0;
      } catch (error) {
        say(`${cellName(cell)}: ${(error as Error).message.slice(0, 1500)}; the guest starts anew`);
        if (world !== undefined) say(await world.unitLog().catch(() => "and the unit's log can't be read"));
        await guest?.stop();
        guest = undefined;
        if (++failures >= FAILURES_MAX) throw error;
      }
    }
  }
}

try {
  if (!values.table) await runAll();
} finally {
  await guest?.stop();
}
process.stdout.write(tableOf(wanted, results()));
