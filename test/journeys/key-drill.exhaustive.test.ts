/**
 * Runs the recoveries of docs/guide/keys.md, line by line as the guide has them, for a maker with a cloud and a unit at its
 * owner's home, and reads back from the unit that it accepts the result.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { latchkey } from "#cli/story/world.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { signReleaseFile } from "#cloud/releases/release-build.ts";
import type { RolloutStatus } from "#cloud/status/status.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { recall } from "#phone/memory.ts";
import { openSession } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { writeReleaseFile } from "#trust/host/release-file.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { readCardLink } from "#wire/grants/card.ts";
import type { CloudProcess } from "../cloud/broker/linked-unit.ts";
import { until } from "../progress.ts";
import { type Certified, certify } from "../tls/authority.ts";
import { filledIn, stepsOf } from "./guide-commands.ts";
import { BROKER, good, HOME, NOW_S, SERVER_NAME, type Shelf, shelvedUnit } from "./shelved-unit.ts";

const GUIDE = "docs/guide/keys.md";
const steps = stepsOf(GUIDE);
const done = new Set<string>();

let maker: Shelf;
let server: Certified;
let running: CloudProcess | undefined;
/** What stands in the place of the guide's names in capitals. */
const names: Record<string, string> = {};

async function stopCloud(): Promise<void> {
  running?.child.kill("SIGTERM");
  await running?.ended;
  running = undefined;
}

async function startCloud(): Promise<void> {
  running = await maker.cloud(server);
}

/** Runs a phone's verb, again while the unit restarts: it may have begun the trial of a release meanwhile. */
function phoneVerb(...words: string[]): Promise<Readonly<Record<string, unknown>>> {
  return until("the unit, which may be restarting", async () => {
    const told = await latchkey(...words, "--json", "--memory", maker.file("phone.json"));
    if (told.errors.includes("SESSION_UNREACHABLE")) return undefined;
    expect([told.code, told.errors]).toEqual([0, ""]);
    return told.json ?? {};
  });
}

/** Does one line of the guide. @returns What it printed as JSON. */
async function perform(words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const [program, ...rest] = filledIn(words, names);
  const [from = "", to = ""] = rest.filter((word) => word !== "-r");
  if (program === "cp") cpSync(from, to, { recursive: true });
  else if (program === "mv") renameSync(from, to);
  else if (program === "rm") rmSync(from);
  else {
    const told = await (rest[0] === "phone" ? phoneVerb(...rest) : good(...rest));
    // The guide says: restart the cloud.
    if (rest[0] === "keys" && rest[1] === "rotate" && running !== undefined) {
      await stopCloud();
      await startCloud();
    }
    return told;
  }
  return {};
}

/** Does what stands under a heading. */
async function recover(heading: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const own = steps.filter((step) => step.heading === heading);
  expect([heading, own.length > 0]).toEqual([heading, true]);
  done.add(heading);
  const told: Readonly<Record<string, unknown>>[] = [];
  for (const { words } of own) told.push(await perform(words));
  return told;
}

const unitSays = () => good("phone", "cloud", ...maker.phone);

/** Waits until the unit uses a key set, which it heard through its link. */
async function unitUses(version: number): Promise<void> {
  await until(`key set ${version} on the unit`, async () => {
    // A unit that starts into a release meanwhile can't be asked.
    const told = await latchkey("phone", "cloud", ...maker.phone);
    return told.code === 0 && (told.json as { keySet?: number } | undefined)?.keySet === version ? true : undefined;
  });
}

async function refusal(...words: string[]): Promise<string> {
  const told = await latchkey(...words);
  expect([words.slice(0, 2), told.code]).toEqual([words.slice(0, 2), 1]);
  return told.errors;
}

beforeAll(async () => {
  maker = await shelvedUnit();
  server = certify({ name: SERVER_NAME }, maker.authorities[0]);
  const { keys, output, product } = maker.config;
  writeFileSync(maker.file("flash.config.json"), JSON.stringify({ ...maker.config, board: "sim" }));
  Object.assign(names, {
    ...{ KEYS: keys, OUT: output, PRODUCT: product, DATA: maker.file("cloud"), BACKUP: maker.file("backup") },
    ...{ SAFE1: maker.file("safe1"), SAFE2: maker.file("safe2"), SAFE3: maker.file("safe3") },
    ...{ CONFIG: maker.file("flash.config.json"), ID: maker.id },
    ...{ LABEL: maker.made.labelPng, CARD: maker.made.cardPng },
    ...{ BUNDLE: maker.file("bundle.js"), RELEASE: maker.file("next.release") },
  });
  await recover("What to back up");
  copyFileSync(join(output, "registry.db"), join(names.BACKUP as string, "registry.db"));
  for (const number of [1, 2, 3]) {
    mkdirSync(names[`SAFE${number}`] as string);
    renameSync(join(keys, `root-${number}.key`), join(names[`SAFE${number}`] as string, `root-${number}.key`));
  }
  await startCloud();
  await operatorClient({ data: maker.file("cloud") }).post("/v1/devices", maker.enrolment());
  await maker.start();
  const { ssid, passphrase } = HOME;
  const told = ["--ssid", ssid, "--passphrase", passphrase, "--broadcast", maker.air.address];
  await good("phone", "onboard", "--timeout", "600", ...maker.phone, ...told);
  await unitUses(1);
});
afterAll(() => maker?.stop());

test("a root: the unit hears of it through its link", async () => {
  await recover("One root is lost or stolen");
  await unitUses(2);
});

test("the release key: the old one still counts when it was lost, and counts no more when it was stolen", async () => {
  const { keys } = maker.config;
  const stolen = readKeyFile(join(keys, "release.key"), "release");
  await recover("The release key is lost");
  await unitUses(3);
  const bundle = await buildBundle({ ...maker.config, board: "sim" }, { release: "2", atS: NOW_S });
  writeFileSync(names.BUNDLE as string, bundle.bytes);
  await recover("The release key is stolen");
  await unitUses(4);
  const operator = operatorClient({ data: maker.file("cloud") });
  await until("release 2 on the unit", async () => {
    const { rollouts } = await operator.get<{ rollouts: readonly RolloutStatus[] }>("/v1/status");
    return rollouts.some(({ tally }) => tally.confirmed === 1) ? true : undefined;
  });
  const { file } = await maker.release(3);
  writeReleaseFile(maker.file("forged.release"), signReleaseFile({ ...file, signed: undefined }, stolen.seed));
  expect(await refusal("phone", "deliver", maker.file("forged.release"), ...maker.phone, "--timeout", "10")).not.toBe(
    "",
  );
});

test("the timestamp key: the unit accepts the new one", async () => {
  await recover("The timestamp key is lost or stolen");
  await unitUses(5);
});

test("two roots: both are replaced, and everything beneath them", async () => {
  await recover("Two roots are stolen");
  await unitUses(9);
  expect(await unitSays()).toMatchObject({ link: "up" });
});

test("the operator key: the old one is refused, and the new one works", async () => {
  const path = join(maker.file("cloud"), "operator.key");
  const old = maker.file("old-operator.key");
  copyFileSync(path, old);
  await stopCloud();
  await recover("The operator key or the hooks key is lost or stolen");
  await startCloud();
  await expect(operatorClient({ data: maker.file("cloud") }).get("/v1/status")).resolves.toMatchObject({ devices: 1 });
  expect(readFileSync(path, "utf8")).not.toBe(readFileSync(old, "utf8"));
  const told = await latchkey("rollout", "status", "--data", maker.file("cloud"), "--operator-key", old);
  expect([told.code, told.errors]).toEqual([1, expect.stringMatching(/refuses the operator key/)]);
});

test("a guest's key: this one ends, then every one", async () => {
  const guest = (name: string) => ["--key", maker.file(`${name}.key`), "--chain", maker.file(`${name}.chain`)];
  const atUnit = ["--json", "--memory", maker.file("phone.json"), "--label", maker.made.labelPng];
  const share = async (name: string) => {
    await good("keys", "new", "holder", maker.file(`${name}.key`));
    const key = JSON.parse(readFileSync(maker.file(`${name}.key`), "utf8")) as { public: string };
    const what = ["--function", "setLamp", "--expires", "30d", "--out", maker.file(`${name}.chain`)];
    return good("phone", "share", "--to", key.public, ...what, ...maker.phone);
  };
  names.CTI = String((await share("ann")).cti);
  await share("ben");
  const revoke = steps.filter(({ heading }) => heading === "A guest's key is lost or stolen");
  await good("phone", "call", "setLamp", "on=true", ...atUnit, ...guest("ann"));
  await perform((revoke[0] as (typeof revoke)[0]).words);
  expect(await refusal("phone", "call", "setLamp", "on=true", ...atUnit, ...guest("ann"))).toMatch(/GRANT_REVOKED/);
  await good("phone", "call", "setLamp", "on=true", ...atUnit, ...guest("ben"));
  await perform((revoke[1] as (typeof revoke)[0]).words);
  expect(await refusal("phone", "call", "setLamp", "on=true", ...atUnit, ...guest("ben"))).toMatch(/GRANT_/);
  await good("phone", "call", "setLamp", "on=true", ...maker.phone);
  done.add("A guest's key is lost or stolen");
});

test("registry and issuer key, put back from the backup, reissue a card that the unit then takes", async () => {
  const { keys, output } = maker.config;
  const config = ["--config", names.CONFIG as string];
  for (const name of ["registry.db", "registry.db-wal", "registry.db-shm"]) rmSync(join(output, name), { force: true });
  expect(await refusal("factory", "reissue-card", maker.id, ...config)).toMatch(/knows no unit/);
  await recover("The registry is lost");
  rmSync(join(keys, "issuer.key"));
  expect(await refusal("factory", "reissue-card", maker.id, ...config)).toMatch(/issuer\.key/);
  await recover("The issuer key is lost");
  copyFileSync(maker.made.cardPng, maker.file("lost-card.png"));
  const [reissue, adopt] = steps.filter(({ heading }) => heading === "A card is lost or stolen");
  const told = await perform(reissue?.words ?? []);
  Object.assign(names, { NEWCARD: told.card, GRANT: told.grant, REVOCATION: told.revocation });
  await perform(adopt?.words ?? []);
  const atUnit = ["--json", "--memory", maker.file("phone.json"), "--label", maker.made.labelPng];
  await good("phone", "call", "setLamp", "on=true", ...atUnit, "--card", String(told.card));
  expect(await refusal("phone", "call", "lamp", ...atUnit, "--card", maker.file("lost-card.png"))).toMatch(
    /no session/,
  );
  done.add("A card is lost or stolen");
  names.CARD = String(told.card);
});

test("time key: the copy is put back", async () => {
  const { keys } = maker.config;
  const before = readFileSync(join(keys, "time.key"), "utf8");
  rmSync(join(keys, "time.key"));
  await recover("The time key is lost");
  expect(readFileSync(join(keys, "time.key"), "utf8")).toBe(before);
});

test("issuer and time keys for units to come: a unit made with them lets its owner in and takes the new key's time", async () => {
  const { keys } = maker.config;
  const old = readKeyFile(join(keys, "time.key"), "time");
  await recover("The issuer key is stolen");
  await recover("The time key is stolen");
  const fresh = readKeyFile(join(keys, "time.key"), "time");
  const { made, phone } = await maker.another();
  const { ssid, passphrase } = HOME;
  const onto = ["--ssid", ssid, "--passphrase", passphrase, "--broadcast", maker.air.address];
  await good("phone", "onboard", "--timeout", "600", ...phone, ...onto);
  await good("phone", "call", "setLamp", "on=true", ...phone);
  const at = recall(maker.file("phone.json"), toHex(made.id));
  const card = readCardLink((await readQr(readFileSync(made.cardPng))) ?? "");
  if (at === undefined || !card.ok) throw new Error("the new unit is not known to its owner's phone");
  const opened = await openSession({
    ...{ primitives: nodePrimitives, transport: httpTransport(at), deviceId: made.id },
    holderSeed: holderSeed(nodePrimitives, card.value.secret, made.id),
  });
  if (!opened.ok) throw new Error(opened.fault);
  const session = opened.value;
  const tell = async (seed: Uint8Array) => {
    const nonce = await session.request({ op: "nonce" });
    if (!nonce.ok || !(nonce.value instanceof Uint8Array)) throw new Error("the unit gives no nonce");
    const time = { timeS: Math.floor(Date.now() / 1000) + 5, nonce: nonce.value };
    return session.request({
      op: "time",
      statement: signTime(seedSigner(nodePrimitives, seed), Uint8Array.of(1), time),
    });
  };
  expect(await tell(old.seed)).toMatchObject({ ok: false, fault: "TIME_SIGNATURE" });
  expect(await tell(fresh.seed)).toMatchObject({ ok: true });
  await session.close();
});

test("an authority: the owner moves the unit to the same cloud under a new one", async () => {
  const authority = certify({ name: "New authority", isAuthority: true });
  writeFileSync(maker.file("new-authority.pem"), authority.certificatePem);
  await stopCloud();
  server = certify({ name: SERVER_NAME }, authority);
  await startCloud();
  Object.assign(names, {
    ...{ ADDRESS: `127.0.0.1:${maker.mqttPort}:${maker.httpPort}:${BROKER}`, SERVER: SERVER_NAME },
    AUTHORITY: maker.file("new-authority.pem"),
  });
  const told = await recover("An authority or the cloud's server key is lost or stolen");
  expect(told.at(-1)).toMatchObject({ tls: true, link: "up" });
});

test("every recovery of the guide was tried", () => {
  const all = new Set(steps.map(({ heading }) => heading));
  expect([...all].filter((heading) => !done.has(heading))).toEqual([]);
  expect(existsSync(GUIDE)).toBe(true);
});
