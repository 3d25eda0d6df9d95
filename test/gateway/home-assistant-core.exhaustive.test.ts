/**
 * A unit in Home Assistant itself: its core from PyPI (the newest that runs on Python 3.11, pinned with all that it needs), its MQTT integration,
 * and mosquitto as the owner's broker. Entities appear, a command comes back to the unit, and the update entity shows a release.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { encodeUnitState } from "#wire/link/unit-state.ts";
import { until } from "../progress.ts";
import { startWorld, type World } from "./gateway-world.ts";

const REQUIREMENTS = "test/gateway/home-assistant/requirements.txt";
const venv = resolve(".cache/home-assistant");
const python = join(venv, "bin/python");
const folder = mkdtempSync(join(tmpdir(), "latchkey-home-assistant-"));
const children: ChildProcess[] = [];
let world: World;
let [api, token, version] = ["", "", ""];

interface State {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function start(program: string, words: readonly string[]) {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let [out, errors] = ["", ""];
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const closed = once(child, "close");
  return { child, closed, out: () => out, errors: () => errors };
}

async function run(program: string, ...words: readonly string[]): Promise<void> {
  const { child, closed, errors } = start(program, words);
  await closed;
  if (child.exitCode !== 0) throw new Error(`${program} ${words.join(" ")}: ${errors()}`);
}

/** Home Assistant with all that it needs. Without a compiler: what has no wheel is plain Python. */
async function install(): Promise<void> {
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  const done = join(venv, "installed");
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return;
  rmSync(venv, { recursive: true, force: true });
  await run("python3.11", "-m", "venv", venv);
  await run(
    "env",
    "CC=false",
    python,
    "-m",
    "pip",
    "install",
    "-q",
    "--no-deps",
    "--prefer-binary",
    "-r",
    REQUIREMENTS,
  );
  writeFileSync(done, wanted);
}

const headers = () => ({ authorization: `Bearer ${token}`, "content-type": "application/json" });
const states = async () => (await (await fetch(`${api}/api/states`, { headers: headers() })).json()) as State[];
const ofUnit = (all: readonly State[], kind: string, title: RegExp) =>
  all.find(
    ({ entity_id, attributes }) => entity_id.startsWith(`${kind}.`) && title.test(String(attributes.friendly_name)),
  );
const find = (kind: string, title: RegExp, isRight: (state: State) => boolean = () => true) =>
  until(`${kind} ${title}`, async () => {
    const found = ofUnit(await states(), kind, title);
    return found !== undefined && isRight(found) ? found : undefined;
  });
const act = (domain: string, service: string, entity_id: string) =>
  fetch(`${api}/api/services/${domain}/${service}`, {
    method: "POST",
    headers: headers(),
    body: JSON.stringify({ entity_id }),
  });

beforeAll(async () => {
  await install();
  const [broker, http] = [await freePort(), await freePort()];
  const mosquitto = start("mosquitto", ["-p", String(broker)]);
  await until("the broker", () => (/running/.test(mosquitto.errors()) ? true : undefined));
  const config = join(folder, "config");
  mkdirSync(config);
  writeFileSync(join(config, "configuration.yaml"), "");
  const core = start(python, ["test/gateway/home-assistant/start-core.py", config, String(broker), String(http)]);
  const line = await until("Home Assistant", () => {
    if (core.child.exitCode !== null) throw new Error(core.errors());
    return /^\{.*\}$/m.exec(core.out())?.[0];
  });
  const told = JSON.parse(line) as { token: string; version: string; mqtt: string };
  expect(told.mqtt).toBe("loaded");
  ({ token, version } = told);
  api = `http://127.0.0.1:${http}`;
  world = await startWorld({ home: { url: `mqtt://127.0.0.1:${broker}`, form: "component" } }, 1);
  const [unit] = world.units;
  if (unit === undefined) throw new Error("no unit");
  const payload = encodeUnitState({ sequence: 7, epoch: 0, attempt: undefined });
  unit.server.show({ kind: "unit-state", payload });
  await world.add(unit);
});
afterAll(async () => {
  await world?.close();
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

it("shows the unit's functions, variables, events and release as entities of one device", async () => {
  expect(version).toBe("2024.3.3");
  await find("switch", /Lamp$/);
  await find("button", /dim$/);
  await find("event", /pressed$/);
  await find("sensor", /light$/, ({ state }) => state === "512");
  const update = await find("update", /Release$/, ({ attributes }) => attributes.installed_version === "7");
  expect(update).toMatchObject({ state: "off", attributes: { latest_version: "7" } });
});

it("carries commands back to the unit", async () => {
  const calls = world.units[0]?.server.calls ?? [];
  const lamp = await find("switch", /Lamp$/, ({ state }) => state !== "unavailable");
  calls.length = 0;
  expect((await act("switch", "turn_on", lamp.entity_id)).status).toBe(200);
  await until("the call", () => (calls.includes("setLamp") ? true : undefined));
  await find("switch", /Lamp$/, ({ state }) => state === "on");
  const dim = await find("button", /dim$/);
  await act("button", "press", dim.entity_id);
  await until("the call", () => (calls.includes("dim") ? true : undefined));
});

it("hears an event", async () => {
  await until(
    "the event's time",
    async () => {
      world.units[0]?.server.show({ kind: "raised", name: "pressed", value: encodeCbor(3) });
      const event = ofUnit(await states(), "event", /pressed$/);
      return event?.attributes.event_type === "pressed" ? event : undefined;
    },
    500,
  );
});

it("shows that a newer release is on its way", async () => {
  const attempt = { sequence: 8, stage: "fetching" as const, fault: undefined, percent: 40 };
  world.units[0]?.server.show({ kind: "unit-state", payload: encodeUnitState({ sequence: 7, epoch: 0, attempt }) });
  const update = await find("update", /Release$/, ({ attributes }) => attributes.latest_version === "8");
  // This version of Home Assistant knows nothing of `in_progress` by MQTT yet, and takes the rest of the message all the same.
  expect(update).toMatchObject({ state: "on", attributes: { installed_version: "7" } });
});

it("says that the unit is away when the gateway ends", async () => {
  await world.gateway.close();
  await find("sensor", /light$/, ({ state }) => state === "unavailable");
});
