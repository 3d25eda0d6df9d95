/** `latchkey phone crash`, `logs` and `diagnostics` against a unit's gate, and `latchkey cloud crash` against a cloud that a unit told. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { clearLog, keepLine } from "#device/unit-log.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { encodeAppFailure } from "#wire/link/app-failure.ts";
import { unitTopic } from "#wire/link/topics.ts";
import { encodeAppCrash } from "#wire/sessions/unit-log.ts";
import { issuer } from "../cloud/broker/home-unit.ts";
import {
  enrolmentOf,
  mqttOf,
  passwordFor,
  startCloudProcess,
  testClient,
  testKeys,
  testUnit,
} from "../cloud/broker/linked-unit.ts";
import { id, ownedUnit, startGateServer } from "../phone/gate-server.ts";
import { runVerb } from "./run-verb.ts";

const SECRET = new Uint8Array(16).fill(3);
const folder = mkdtempSync(join(tmpdir(), "latchkey-crash-"));
const names = join(folder, "lamp-7.release.names.json");
const STACK = "    at aB\n    at start\n";
const CRASH = { release: "7", name: "start", message: "Error: no sensor", stack: STACK, fault: "APP_THREW" } as const;
const asOwner = [
  ...["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", join(folder, "phone.json")],
  ...["--card", linkText(cardLink("LAMPS.EXAMPLE", id, SECRET))],
];
const phone = (verb: string, ...words: string[]) => runVerb("phone", verb, ...words, ...asOwner);

beforeAll(() => {
  writeFileSync(names, JSON.stringify({ aB: "readSensor", "at readSensor": "src/app.ts:12" }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ownersUnit(stored: ReadonlyMap<string, Uint8Array>) {
  const claims = { audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) } as const;
  const holder = primitives.ed25519PublicKey(holderSeed(primitives, SECRET, id));
  const grant = issueGrant(issuer, { ...claims, holder, scope: LEVEL.noFlash, epoch: 0, caveats: [] });
  const unit = await startGateServer(new Map([...ownedUnit(), ...stored, [PROVISIONED.ownerGrant, grant]]));
  remember(join(folder, "phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  return unit;
}

it("the owner reads lines and crash, by the sources' names, and chooses what the maker sees", async () => {
  const unit = await ownersUnit(new Map([[OWN.appCrash, encodeAppCrash(CRASH)]]));
  try {
    clearLog();
    expect((await phone("logs")).out).toBe("no lines were kept since the unit started");
    keepLine(1_234, "warn", "app: start: fault 395", 21);
    expect((await phone("logs")).out).toBe("1.234 s  warn   app: start: APP_OVERDUE");
    const { lines } = JSON.parse((await phone("logs", "--json")).out) as { lines: object[] };
    expect(lines).toEqual([
      { number: expect.any(Number), atMs: 1_234, level: "warn", text: "app: start: APP_OVERDUE" },
    ]);
    expect((await phone("crash", "--names", names)).out.split("\n")).toEqual([
      "release 7, start: Error: no sensor",
      "    at readSensor (src/app.ts:12)",
      "    at start",
      "APP_THREW: its code threw an exception",
    ]);
    const missing = await phone("crash", "--names", join(folder, "none.json"));
    expect([missing.status, missing.trouble]).toEqual([1, expect.stringContaining("none.json")]);
    expect((await phone("diagnostics")).out).toMatch(/sees what failed and where, without values \(crashes\)$/);
    expect((await phone("diagnostics", "none")).out).toMatch(/sees nothing \(none\)$/);
    expect(JSON.parse((await phone("diagnostics", "--json")).out)).toEqual({ diagnostics: "none" });
    const wrong = await phone("diagnostics", "everything");
    expect([wrong.status, wrong.trouble]).toEqual([2, expect.stringContaining("none, crashes, all")]);
  } finally {
    unit.close();
  }
});

it("a unit whose app never failed says so", async () => {
  const unit = await ownersUnit(new Map());
  expect((await phone("crash")).out).toBe("nothing went wrong in its app so far");
  unit.close();
});

it("the maker sees what the unit told its cloud, by the sources' names", async () => {
  const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
  const keys = testKeys(keysFolder, "lamp");
  const cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  try {
    const unit = testUnit(1, keys);
    await testClient(cloud, data).post("/v1/devices", [enrolmentOf(unit, "lamp")]);
    const shown = (...words: string[]) => runVerb("cloud", "crash", unit.id, "--data", data, ...words);
    expect((await shown()).out).toBe(
      `${unit.id} told of no failure of its app: it had none, or its owner lets nobody see it`,
    );
    const told = { ...CRASH, level: "all", lines: "app: warm\n", missed: 2 } as const;
    const client = await mqttOf(cloud.mqtt, unit.id, await passwordFor(cloud.url, unit));
    await client.publishAsync(unitTopic("f1", unit.id, "failure"), Buffer.from(encodeAppFailure(told)), { qos: 1 });
    await client.endAsync();
    const lines = (await shown("--names", names)).out.split("\n");
    expect(lines[0]).toMatch(/^20\S+Z {2}release 7, start: Error: no sensor \(APP_THREW\)$/);
    expect(lines.slice(1)).toEqual([
      "    at readSensor (src/app.ts:12)",
      "    at start",
      "the unit's last lines:",
      "app: warm",
      "2 more failures before it were not told",
    ]);
    expect(JSON.parse((await shown("--json")).out)).toMatchObject({ crash: { level: "all", stack: STACK, missed: 2 } });
  } finally {
    cloud.child.kill("SIGKILL");
  }
});
