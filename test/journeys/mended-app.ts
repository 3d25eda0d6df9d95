/**
 * A unit whose app throws at each start: it is stopped, its owner sees why, and a release that mends it comes by the cloud or by hand.
 * The line's unit, an air, the cloud and the phone's command line, each a process of its own.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { freePort } from "#base/host/free-port.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { enrolmentOf } from "#cli/factory/enrolment.ts";
import { startReady } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { factory, makeRelease } from "#cli/story/factory.ts";
import { latchkey, latchkeyOk } from "#cli/story/world.ts";
import { buildScript, bundleEntry } from "#factory/bundle/bundle.ts";
import { namesPath } from "#factory/bundle/names.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { openRegistry } from "#factory/registry.ts";
import { changeMemory } from "#phone/memory.ts";
import { until } from "../progress.ts";
import { startHomeAir } from "./home-unit.ts";

const APP = "test/apps/wild-app.ts";
/** Where the app throws at its start, then the function that does. */
const STACK = (() => {
  const before = readFileSync(APP, "utf8").split('throw new Error("no sensor")')[0]?.split("\n") ?? [];
  const column = (before.at(-1) ?? "").length + 1;
  return new RegExp(`^\\s+at ${APP}:${before.length}:${column}\\n\\s+at start \\(${APP}:\\d+\\)`);
})();
const CREDENTIALS = ["--ssid", "Lamplight", "--passphrase", "a story told"];

/** QEMU's network carries no multicast by which a phone finds the address that a unit has since its last start. */
async function tellAddress(subnet: string, port: number, phoneMemory: string, id: string): Promise<void> {
  for (let number = 1; number < 60; number++) {
    const host = `${subnet}.${number}`;
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port }, () => {
        socket.destroy();
        resolve(true);
      }).on("error", () => resolve(false));
    });
    if (answers) return void changeMemory(phoneMemory, id, (known) => ({ lastCounter: 0, ...known, host, port }));
  }
}

/** A new unit on its owner's network, whose app was told to throw at its start, and has done so three times. */
async function stoppedUnit(board: string, subnet: string, radio: string) {
  const output = mkdtempSync(join(tmpdir(), "latchkey-mended-"));
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const shipped = readFlashConfig("flash.config.json");
  const config: FlashConfig = {
    ...shipped,
    ...{ cards: "all", board, output, keys: join(output, "keys"), app: APP, lines: true },
    onboarding: { legacy: [], softAp: false },
    cloud: { host: "127.0.0.1", mqttPort, httpPort, broker: "lamp-cloud" },
  };
  const station = openSimStation(readBoard(board), join(output, "flash.bin"), radio);
  const phoneMemory = join(output, "phone.json");
  const tell = createReporter(() => undefined, false);
  const world = { tell, config, board: readBoard(board), radio, station, phoneMemory, broadcast: undefined };
  const { unit, sequence } = await factory(world);
  const said: string[] = [];
  const again = async () => {
    await station.power(false);
    await station.power(true);
    station.unit()?.onLine((line) => void said.push(line));
  };
  await again();
  const asOwner = ["--json", "--memory", phoneMemory, "--label", unit.labelPng, "--card", unit.cardPng];
  await latchkeyOk("phone", "onboard", "--timeout", "600", ...asOwner, ...CREDENTIALS, "--broadcast", `${subnet}.255`);
  const phone = (verb: string, ...words: string[]) => latchkey("phone", verb, ...words, ...asOwner);
  /** Once the unit is on its network again. */
  const asked = async (verb: string, ...words: string[]) => {
    let last = "";
    const look = async () => {
      if (board !== "sim") await tellAddress(subnet, readBoard(board).network.tcpPort, phoneMemory, toHex(unit.id));
      const told = await phone(verb, ...words);
      last = told.errors;
      return told.code === 0 ? (told.json as Record<string, unknown>) : undefined;
    };
    return until(`phone ${verb}`, look).catch((error: Error) => {
      throw new Error(`${error.message}: ${last} ${said.slice(-8).join(" | ")}`);
    });
  };
  await asked("settings", "atStart=throws");
  for (let start = 1; start <= 3; start++) {
    await again();
    await asked("describe");
  }
  const names = namesPath(join(output, "releases", `lamp-${sequence}.release`));
  return { config, unit, sequence, station, said, phone, asked, again, names };
}

type StoppedUnit = Awaited<ReturnType<typeof stoppedUnit>>;

async function mendingRelease({ config, sequence }: StoppedUnit) {
  const build = { release: String(sequence + 1), atS: Math.floor(Date.now() / 1000) };
  const mended = "{ ...app, start() {} }";
  return makeRelease(config, sequence + 1, { js: await buildScript(bundleEntry(config, build, mended)) });
}

async function expectStopped({ phone, asked, names }: StoppedUnit): Promise<void> {
  expect((await asked("describe")).appHealth).toMatchObject({ isStopped: true, fault: "APP_THREW", name: "start" });
  const read = await phone("read", "count");
  expect([read.code, read.errors]).toEqual([1, expect.stringContaining("APP_STOPPED")]);
  const { crash } = (await asked("crash", "--names", names)) as { crash: Record<string, string> };
  expect(crash).toMatchObject({ name: "start", message: "Error: no sensor", fault: "APP_THREW" });
  expect(crash.stack).toMatch(STACK);
  const { lines } = (await asked("logs")) as { lines: readonly Record<string, unknown>[] };
  expect(lines).toContainEqual(expect.objectContaining({ level: "error", text: "app: start: Error: no sensor" }));
}

/** What the maker sees of a start that failed, without values at first, and with them once the owner allows it. */
async function expectSeen({ unit, phone, asked, again, names }: StoppedUnit, data: string): Promise<void> {
  const crashAt = (level: string) =>
    until(`a crash at ${level}`, async () => {
      const args = [toHex(unit.id), "--names", names, "--data", data, "--json"];
      const crash = (await latchkeyOk("cloud", "crash", ...args)).crash as Record<string, string> | null;
      return crash?.level === level ? crash : undefined;
    });
  const seen = await crashAt("crashes");
  expect(seen).toMatchObject({ name: "start", message: "Error", fault: "APP_THREW", lines: "" });
  expect(seen.stack).toMatch(STACK);
  const wrong = await phone("diagnostics", "everything");
  expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining("none, crashes, all")]);
  expect(await asked("diagnostics", "all")).toMatchObject({ diagnostics: "all" });
  await again();
  const all = await crashAt("all");
  expect(all).toMatchObject({ name: "start", message: "Error: no sensor", fault: "APP_THREW" });
  expect(all.lines).toContain("its address is 44");
  expect(await asked("diagnostics")).toMatchObject({ diagnostics: "all" });
}

async function expectMended({ asked, again, said }: StoppedUnit): Promise<void> {
  await until("the confirmation", () => said.some((line) => /^update: release \d+ confirmed/.test(line)) || undefined);
  await again();
  expect((await asked("read", "count")).value).toBe(0);
  const { appHealth } = await asked("describe");
  expect(appHealth).toBe(undefined);
}

/** @param subnet The first three numbers of loopback addresses of its own. */
export function mendedApp(board: string, way: "phone" | "cloud", subnet: string): void {
  test(`${board}: an app that was stopped after three bad starts is mended by a release that comes by the ${way}`, async () => {
    const { air, radio } = await startHomeAir(subnet);
    const children = [air];
    const unit = await stoppedUnit(board, subnet, radio);
    try {
      await expectStopped(unit);
      const { path } = await mendingRelease(unit);
      if (way === "phone") {
        expect(await unit.asked("deliver", path)).toMatchObject({ sequence: unit.sequence + 1 });
      } else {
        const data = join(unit.config.output, "cloud");
        children.push(await startCloud(unit, data));
        await expectSeen(unit, data);
        await latchkeyOk("release", "publish", path, "--data", data);
        const [product, sequence] = [unit.config.product, String(unit.sequence + 1)];
        await latchkeyOk("rollout", "create", product, sequence, "--waves", "100", "--data", data);
      }
      await expectMended(unit);
    } finally {
      await unit.station.power(false);
      for (const child of children) await child.stop();
    }
  });
}

/** A cloud that knows the unit. */
async function startCloud({ config, unit }: StoppedUnit, data: string): Promise<Child> {
  const { mqttPort, httpPort, broker } = config.cloud as NonNullable<FlashConfig["cloud"]>;
  const ports = ["--mqtt-port", String(mqttPort), "--http-port", String(httpPort)];
  const { child } = await startReady("src/cli/main.ts", [
    ...["cloud", "--data", data, "--keys", config.keys, "--name", broker, ...ports],
  ]);
  const registry = openRegistry(join(config.output, "registry.db"));
  const row = registry.find(toHex(unit.id));
  registry.close();
  const units = join(config.output, "units.json");
  writeFileSync(units, JSON.stringify([enrolmentOf(row as NonNullable<typeof row>)]));
  await latchkeyOk("rollout", "enrol", units, "--data", data);
  return child;
}
