/** `latchkey dev --port`: a bare kit on one line becomes a development unit, and saves reach it over its network. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevAir } from "#cli/dev/dev-air.ts";
import type { KitPlace } from "#cli/dev/dev-kit.ts";
import { type DevLoop, startDevLoop } from "#cli/dev/dev-loop.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { parseFlashConfig } from "#factory/config.ts";
import { describeUnit } from "#phone/describe.ts";
import { openSession } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { until } from "../progress.ts";
import { KIT_BOARD, type Kit, startKit } from "./emulated-kit.ts";

const NETWORK = { ssid: "workshop", passphrase: "not said anywhere" };
const folder = mkdtempSync(join(tmpdir(), "latchkey-dev-kit-"));
const app = join(folder, "app.ts");
const APP = `import { defineDevice, int, text } from "latchkey/device";

const greeting = "hello";

${"export"} const app = defineDevice({
  functions: {
    fail: {
      right: "call",
      args: {},
      run: () => {
        throw new Error("the valve is stuck");
      },
    },
  },
  variables: {
    greeting: { right: "read", value: text(40), read: () => greeting },
    light: { right: "read", value: int(0, 65_535), read: (io) => io.pin("light").level() },
  },
});
`;
writeFileSync(app, APP);
const config = parseFlashConfig(
  JSON.stringify({
    ...{ product: "lamp", fleet: "lamps", maker: "LAMPS.EXAMPLE", app, board: "qemu-mps2" },
    ...{ keys: join(folder, "out/keys"), output: join(folder, "out") },
  }),
  "flash.config.json",
);
const steps: string[] = [];
const logged: string[] = [];
let kit: Kit;
let loop: DevLoop;
let air: Awaited<ReturnType<typeof openDevAir>>;
let place: KitPlace;

const greeting = async () => {
  const answer = await loop.link.call("greeting", {});
  return answer.ok ? answer.value : answer.fault;
};

beforeAll(async () => {
  air = await openDevAir(await loopbackSubnet(), NETWORK);
  kit = await startKit(join(folder, "kit.flash"), air);
  place = {
    ...{ port: kit.port, host: air.address, boot: [], isFresh: false, network: () => Promise.resolve(NETWORK) },
    step(name, work) {
      steps.push(name);
      return work();
    },
  };
  loop = await startDevLoop(config, KIT_BOARD, place);
  loop.store.watch((message) => {
    if (message.kind === "log") logged.push(message.data.text);
  });
});

afterAll(async () => {
  await loop?.close();
  await kit?.close();
  air?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the kit is flashed, is the maker's own, and runs the app", async () => {
  expect(steps).toEqual([
    ...["detect", "build the bundle that stays", "erase its whole flash", "write, and read back", "start"],
    ...["the unit makes its key, and is yours", "its label"],
  ]);
  expect(await until("its session", async () => ((await greeting()) === "hello" ? "hello" : undefined))).toBe("hello");
  await until("its start on the console", () => (loop.store.state.phase === "running" ? true : undefined));
});

test("it says in describe and on its label that it is a development unit", async () => {
  const opened = await openSession({
    ...{ primitives, ...loop.unit.identity, sendingsMax: 3 },
    transport: httpTransport({ host: air.address, port: KIT_BOARD.network.tcpPort, timeoutMs: 60_000 }),
  });
  if (!opened.ok) throw new Error(opened.fault);
  const described = await describeUnit(opened.value);
  expect(described.ok && described.value.isDevelopment).toBe(true);
  await opened.value.close();
  const label = join(config.output, "label.png");
  expect(await readQr(readFileSync(label))).toMatch(/^HTTPS:\/\/GO\.LAMPS\.EXAMPLE\//);
});

test("a saved change runs after a restart, and came over the network", async () => {
  const { starts } = loop.store.state;
  writeFileSync(app, APP.replace('"hello"', '"good evening"'));
  await until("the change", async () => ((await greeting()) === "good evening" ? true : undefined));
  const reloadMs = await until("the start on its console", () =>
    loop.store.state.starts > starts ? (loop.store.state.reloadMs ?? undefined) : undefined,
  );
  expect(reloadMs).toBeGreaterThan(0);
  expect(logged.join("\n")).not.toContain("came over the cable");
  await until("the app's description", () => loop.store.state.description?.variables.greeting);
});

test("what the app throws has its place in the maker's file", async () => {
  await loop.link.call("fail", {});
  const trouble = await until("the trouble", () => loop.store.state.troubles.find(({ kind }) => kind === "thrown"));
  expect(trouble.text).toContain("the valve is stuck");
  const line = APP.split("\n").findIndex((each) => each.includes("throw new Error")) + 1;
  expect(trouble.place).toMatch(new RegExp(`app\\.ts:${line}:\\d+$`));
});

test("without the network a save comes over the cable, and the network again after that", async () => {
  air.switchNetwork(false);
  await until("the session's end", () => (loop.store.state.isLinked ? undefined : true));
  const { starts } = loop.store.state;
  writeFileSync(app, APP.replace('"hello"', '"by cable"'));
  await until("the start", () => (loop.store.state.starts > starts ? true : undefined));
  expect(logged.join("\n")).toContain("came over the cable");
  air.switchNetwork(true);
  await until("the change", async () => ((await greeting()) === "by cable" ? true : undefined));
});

test("an app that does not load leaves the unit on its network, and the next save mends it", async () => {
  writeFileSync(app, `${APP}\nif (app.functions !== undefined) throw new Error("too early");\n`);
  await until("the build's refusal", () =>
    loop.store.state.troubles.find(({ text }) => text.includes("too early")) ? true : undefined,
  );
  writeFileSync(app, APP.replace('"hello"', '"mended"'));
  await until("the mended app", async () => ((await greeting()) === "mended" ? true : undefined));
});

test("a pulled cable is told once, and saves go on over the network", async () => {
  kit.unplug?.();
  await until("the line's end", () =>
    loop.store.state.troubles.find(({ text }) => text.includes("saves go over its network")),
  );
  await until("its session", () => (loop.store.state.isLinked ? true : undefined));
  writeFileSync(app, APP.replace('"hello"', '"off the cable"'));
  await until("the change", async () => ((await greeting()) === "off the cable" ? true : undefined));
});

test("secrets are in one file of the maker's alone", () => {
  const file = join(config.output, "unit.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(join(config.output, "units"))).toBe(false);
  expect(logged.join("\n")).not.toContain(NETWORK.passphrase);
});
