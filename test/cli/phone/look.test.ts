/** What a phone shows of a unit: describe, read, subscribe and keys, by the command line, at home and through the relay. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { changeMemory, type Known, remember } from "#phone/memory.ts";
import { createEventFilter, type RaisedEvent } from "#phone/subscribe.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { encodeUnitState, type UnitAttempt } from "#wire/link/unit-state.ts";
import { enrolmentOf, type HomeUnit, issuer, seedOf, startHomeUnit } from "../../cloud/broker/home-unit.ts";
import { type CloudProcess, startCloudProcess, testClient, testKeys } from "../../cloud/broker/linked-unit.ts";
import { type GateServer, id, ownedUnit, startGateServer, unitKey } from "../../phone/gate-server.ts";
import { runVerb } from "../run-verb.ts";

const SECRET = new Uint8Array(16).fill(3);
const ownerSeed = holderSeed(primitives, SECRET, id);
const folder = mkdtempSync(join(tmpdir(), "latchkey-look-"));
const at = (name: string) => join(folder, name);
const asOwner = (memory: string) => [
  ...["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", at(memory)],
  ...["--card", linkText(cardLink("LAMPS.EXAMPLE", id, SECRET))],
];
const phone = (verb: string, ...words: string[]) => runVerb("phone", verb, ...words, ...asOwner("phone.json"));
let unit: GateServer;

/** Raises events until something is done, so that whoever listens meanwhile hears some. */
async function whileRaising<T>(raise: (number: number) => void, work: Promise<T>): Promise<T> {
  let number = 0;
  const timer = setInterval(() => raise(++number), 20);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

beforeAll(async () => {
  const claims = { audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) } as const;
  const holder = primitives.ed25519PublicKey(ownerSeed);
  const stored = ownedUnit();
  stored.set(
    PROVISIONED.ownerGrant,
    issueGrant(issuer, { ...claims, holder, scope: LEVEL.noFlash, epoch: 0, caveats: [] }),
  );
  unit = await startGateServer(stored);
  remember(at("phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
});
afterAll(() => {
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

it("describe shows what the app offers, and of whom the unit is", async () => {
  const { out } = await phone("describe");
  expect(out).toContain("setLamp: function, on=yes or no (Lamp)\n  dim: function\n");
  expect(out).toContain("  light: variable\n  pressed: event\n");
  expect(out).toContain("you are its owner");
  expect(JSON.parse((await phone("describe", "--json")).out)).toMatchObject({
    ...{ id: toHex(id), isOwner: true },
    app: { v: 1, release: "7", functions: { setLamp: { right: "call", args: { on: { type: "bool" } } } } },
  });
});

it("read says a variable's value, and refuses what is none before the app is asked", async () => {
  expect((await phone("read", "light")).out).toBe("light: 512");
  expect(JSON.parse((await phone("read", "light", "--json")).out)).toEqual({ name: "light", value: 512 });
  const before = unit.calls.length;
  const wrong = await phone("read", "setLamp");
  expect([wrong.status, wrong.trouble]).toEqual([2, expect.stringMatching(/is a function.*\(variables: light\)/)]);
  expect((await phone("read", "lihgt")).trouble).toMatch(/the app has no such name \(variables: light\)/);
  expect(unit.calls.length).toBe(before);
});

it("subscribe shows events as they happen, those that were named alone", async () => {
  const live = phone("subscribe", "pressed", "--json", "--count", "3", "--every", "30ms");
  const raise = (number: number) => {
    unit.show({ kind: "raised", name: number % 2 === 0 ? "other" : "pressed", value: encodeCbor(number) });
  };
  const { status, out } = await whileRaising(raise, live);
  expect(status).toBe(0);
  const events = out.split("\n").map((line) => JSON.parse(line) as { name: string; value: number; number: number });
  expect(events.map(({ name }) => name)).toEqual(["pressed", "pressed", "pressed"]);
  expect(events[2]?.value).toBe((events[0]?.value as number) + 4);
  // What was raised before it is shown when it is asked for.
  const recent = await phone("subscribe", "--json", "--count", "2", "--recent");
  expect(recent.out.split("\n")).toHaveLength(2);
  // A guest who may call only is told so, and does not wait for nothing.
  const { publicKey } = createKeyFile(at("caller.key"), "holder");
  await phone("share", "--to", toHex(publicKey), "--function", "dim", "--out", at("caller.chain"));
  remember(at("other.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  const asCaller = ["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", at("other.json"), "--key", at("caller.key")];
  const none = await runVerb("phone", "subscribe", ...asCaller, "--chain", at("caller.chain"));
  expect([none.status, none.trouble]).toEqual([1, expect.stringMatching(/no right to subscribe to pressed/)]);
  const wrong = await phone("subscribe", "presed");
  expect([wrong.status, wrong.trouble]).toEqual([2, expect.stringMatching(/presed is not an event.*events: pressed/)]);
});

it("an event is shown once, also when sessions end or the unit starts again", () => {
  const filter = createEventFilter();
  const raised = (...numbers: number[]) => numbers.map((number): RaisedEvent => ({ number, name: "x", value: null }));
  const shown = (events: readonly RaisedEvent[]) => filter.take(events).map(({ number }) => number);
  expect(shown(raised(1, 2))).toEqual([1, 2]);
  expect(filter.after).toBe(2);
  filter.reopen();
  expect(filter.after).toBe(0);
  expect(shown(raised(1, 2, 3))).toEqual([3]);
  filter.reopen();
  expect(shown(raised(1))).toEqual([1]);
  filter.reopen();
  expect(shown([])).toEqual([]);
  expect(shown(raised(1))).toEqual([1]);
});

it("keys says who holds what: active, expired, revoked one by one or all at once", async () => {
  changeMemory(at("phone.json"), toHex(id), (known) => ({ ...(known as Known), keys: [] }));
  expect((await phone("keys")).out).toBe("this phone gave no key for this unit");
  const { publicKey } = createKeyFile(at("guest.key"), "holder");
  const give = (name: string, ...more: string[]) =>
    phone("share", "--to", toHex(publicKey), "--name", name, "--out", at("any.chain"), ...more);
  await give("Anna", "--function", "setLamp", "--expires", "30d");
  await give("Ben", "--function", "light");
  await give("Carla", "--function", "dim");
  await phone("revoke", "Ben");
  // Time has passed for Carla's key; no key is given that has run out already.
  changeMemory(at("phone.json"), toHex(id), (known) => ({
    ...(known as Known),
    keys: known?.keys?.map((key) => (key.name === "Carla" ? { ...key, expiresAtS: 1_000_000_000 } : key)) ?? [],
  }));
  const states = async () => {
    const { keys } = JSON.parse((await phone("keys", "--json")).out) as { keys: { name: string; state: string }[] };
    return keys.map(({ name, state }) => `${name} ${state}`);
  };
  expect(await states()).toEqual(["Anna active", "Ben revoked", "Carla expired"]);
  expect((await phone("keys")).out).toMatch(/^active {3}[0-9a-f]{16} {2}Anna, since \d{4}-\d\d-\d\d: setLamp; until /);
  await phone("revoke", "--all");
  expect(await states()).toEqual(["Anna revoked", "Ben revoked", "Carla revoked"]);
});

it("update says that a release is installed only when the unit was offered it", async () => {
  const issued = { audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) } as const;
  const { publicKey: holder } = createKeyFile(at("technician.key"), "holder");
  const grant = issueGrant(issuer, { ...issued, holder, scope: LEVEL.all, epoch: 0, caveats: [] });
  writeFileSync(at("technician.grant"), toHex(grant));
  remember(at("other.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  const onUnit = ["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", at("other.json")];
  const words = [...onUnit, "--key", at("technician.key"), "--chain", at("technician.grant")];
  const update = (sequence: string) => runVerb("phone", "update", sequence, ...words);
  const show = (attempt: UnitAttempt) => {
    unit.show({ kind: "unit-state", payload: encodeUnitState({ sequence: 3, epoch: 1, attempt }) });
  };
  show({ sequence: 4, stage: "waiting", fault: undefined, percent: 0 });
  expect((await update("4")).out).toBe("the unit installs 4 (waiting)");
  expect((await update("5")).trouble).toMatch(/does not install 5 \(it was offered no such release\); it runs 3/);
  show({ sequence: 4, stage: "refused", fault: "RELEASE_SIGNATURE", percent: 0 });
  expect((await update("4")).trouble).toMatch(/does not install 4 \(refused, RELEASE_SIGNATURE\); it runs 3/);
  expect((await update("four")).trouble).toMatch(/sequence: "four" is not understood/);
});

it("log says when, which function and with whose key, by the names that the owner gave", async () => {
  const { publicKey } = createKeyFile(at("dora.key"), "holder");
  await phone("share", "--to", toHex(publicKey), "--name", "Dora", "--function", "dim", "--out", at("dora.chain"));
  remember(at("other.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  const onUnit = ["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", at("other.json")];
  const asDora = [...onUnit, "--key", at("dora.key"), "--chain", at("dora.chain")];
  await runVerb("phone", "call", "dim", "to=3", ...asDora);
  await runVerb("phone", "call", "setLamp", "on=true", ...asDora);
  await phone("read", "light");
  const { out } = await phone("log");
  expect(out).toMatch(/^time unknown +Dora +call dim +done$/m);
  expect(out).toMatch(/^time unknown +Dora +call setLamp +GRANT_RIGHT$/m);
  expect(out).toMatch(/^time unknown +owner +read light +done$/m);
  const { entries } = JSON.parse((await phone("log", "--json")).out) as { entries: { key: string; name: string }[] };
  expect(entries.filter(({ key }) => key === "Dora").map(({ name }) => name)).toEqual([null, "dim", null, "setLamp"]);
});

describe("through the relay", () => {
  let cloud: CloudProcess;
  let home: HomeUnit;
  const away = (verb: string, ...words: string[]) =>
    runVerb("phone", verb, ...words, "--remote", ...asOwner("away.json"));

  beforeAll(async () => {
    const [data, keys] = [at("data"), at("keys")];
    testKeys(keys, "lamp");
    addGrantIssuer(keys, 1, issuer.publicKey);
    cloud = await startCloudProcess(["--data", data, "--keys", keys]);
    const address = { host: "127.0.0.1", mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
    await testClient(cloud, data).post("/v1/devices", [enrolmentOf({ id, publicKey: unitKey } as HomeUnit)]);
    home = await startHomeUnit(seedOf(50), ownerSeed, address);
    const grant = toHex(home.grant);
    remember(at("away.json"), toHex(id), { host: "127.0.0.1", port: 0, lastCounter: 0, cloud: address, grant });
  });
  afterAll(async () => {
    home?.stop();
    cloud?.child.kill("SIGTERM");
    await cloud?.ended;
  });

  it("describe and subscribe work as at home", async () => {
    expect((await away("describe")).out).toContain("pressed: event");
    const live = away("subscribe", "--json", "--count", "2", "--every", "30ms");
    const raise = (number: number) =>
      home.show({ kind: "raised", name: "pressed", value: encodeCbor(number) } as Parameters<HomeUnit["show"]>[0]);
    const { status, out } = await whileRaising(raise, live);
    expect(status).toBe(0);
    const events = out.split("\n").map((line) => JSON.parse(line) as { value: number });
    expect(events[1]?.value).toBe((events[0]?.value as number) + 1);
  });
});
