/** A linked unit learns the time from the real cloud process, anew after each power cut. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Result } from "#base/faults.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { ensureKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { enrolmentOf, guestOf, type HomeUnit, issuer, seedOf, sessionFrom, startHomeUnit } from "./broker/home-unit.ts";
import { type CloudProcess, startCloudProcess, testClient, testKeys, until } from "./broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-unit-time-"));
const SEED = seedOf(50);
let cloud: CloudProcess;
let at: CloudAddress;
let timeKey: Uint8Array;
let unit: HomeUnit | undefined;

beforeAll(async () => {
  const [keys, data] = [join(folder, "keys"), join(folder, "data")];
  testKeys(keys, "lamp");
  timeKey = ensureKeyFile(join(keys, "time.key"), "time").publicKey;
  addGrantIssuer(keys, 1, issuer.publicKey);
  cloud = await startCloudProcess(["--data", data, "--keys", keys]);
  at = { host: "127.0.0.1", mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
  const publicKey = primitives.ed25519PublicKey(SEED);
  const known = { id: deviceIdOf(primitives, publicKey), publicKey } as HomeUnit;
  await testClient(cloud, data).post("/v1/devices", [enrolmentOf(known)]);
});

afterAll(async () => {
  unit?.stop();
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  rmSync(folder, { recursive: true, force: true });
});

/** What becomes of a guest's call, whose key holds until tomorrow and says nothing without a proved time. */
async function guestCalls(home: HomeUnit): Promise<Result<Cbor>> {
  const tomorrowS = Math.floor(Date.now() / 1000) + 86_400;
  const guest = guestOf(home, seedOf(9), { caveats: [{ kind: "notAfter", timeS: tomorrowS }] });
  const session = await sessionFrom(home, at, guest);
  if (!session.ok) return session;
  const answer = await call(session.value, "setLamp");
  await session.value.close();
  return answer;
}

it("a key until tomorrow works on a linked unit, and again after each power cut, by a new answer each time", async () => {
  const factory: readonly (readonly [string, Uint8Array])[] = [[PROVISIONED.timeKey, timeKey]];
  let stored: Iterable<readonly [string, Uint8Array]> = factory;
  for (let life = 0; life < 2; life++) {
    const home: HomeUnit = await startHomeUnit(SEED, seedOf(7), at, stored);
    unit = home;
    await until("the unit lets the guest in", async () => (await guestCalls(home)).ok);
    expect(home.stored.has(OWN.timeFloor)).toBe(true);
    stored = [...home.stored];
    home.stop();
  }
});

it("the same key is refused for lack of time where no time key was pinned", async () => {
  const home = await startHomeUnit(SEED, seedOf(7), at);
  unit = home;
  await until("the unit answers", async () => {
    const answer = await guestCalls(home);
    return !answer.ok && answer.fault === "CAVEAT_TIME_UNKNOWN";
  });
  expect(home.calls).toEqual([]);
});
