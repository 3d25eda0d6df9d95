/** The lists of the operator interface, over HTTP, with units that are linked to the broker. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type {
  DevicePage,
  FleetView,
  JournalEntry,
  KeyView,
  Page,
  RolloutDevice,
  RolloutStatus,
} from "#cloud/http/interface.ts";
import { CloudTrouble, type OperatorClient } from "#cloud/http/operator-client.ts";
import {
  type CloudProcess,
  enrolmentOf,
  type Link,
  link,
  noise,
  startCloudProcess,
  type TestUnit,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "../broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-lists-"));
const LINKED = 4;
const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
let cloud: CloudProcess;
let operator: OperatorClient;
let units: readonly TestUnit[];
let links: readonly Link[] = [];

const start = async () => {
  cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  operator = testClient(cloud, data);
};
const get = <T>(path: string) => operator.get<T>(path);
const idsOf = (page: DevicePage) => page.devices.map(({ id }) => id);
const list = (query = "") => get<DevicePage>(`/v1/devices${query}`);
const refusal = (path: string) =>
  get(path).then(
    () => "nothing",
    (error: unknown) => (error instanceof CloudTrouble ? error.message : String(error)),
  );
const begin = async (sequence: number, waves: object[]) => {
  await operator.post("/v1/releases", testRelease(keysFolder, "lamp", sequence, noise(4_000 + sequence)));
  const plan = { product: "lamp", sequence, waves, limits: { soakMs: 0 } };
  return operator.post<RolloutStatus>("/v1/rollouts", plan);
};
const ALL = [{ name: "100 %", share: 10_000 }];

beforeAll(async () => {
  const keys = testKeys(keysFolder, "lamp");
  await start();
  // The second crashes with release 1; the last three are never connected, the last one is in another fleet.
  const fates = (i: number) => (sequence: number) => (i === 1 && sequence === 1 ? "crashes" : "works");
  units = Array.from({ length: LINKED + 3 }, (_, i) => testUnit(i, keys, fates(i)));
  const enrolments = units.map((unit, i) => ({
    ...enrolmentOf(unit, "lamp"),
    ...(i === 0 && { name: "<b>Kitchen</b>" }),
    ...(i === units.length - 1 && { fleet: "f2" }),
  }));
  await operator.post("/v1/devices", enrolments);
  links = await Promise.all(units.slice(0, LINKED).map((unit) => link(unit, cloud)));
});
afterAll(async () => {
  for (const each of links) each.cut();
  cloud?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

it("gives every unit once, in the order of IDs, a page at a time", async () => {
  const sorted = units.map(({ id }) => id).sort();
  expect(idsOf(await list())).toEqual(sorted);
  const seen: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: DevicePage = await list(`?limit=3${after === "" ? "" : `&after=${after}`}`);
    expect(page.total).toBe(units.length);
    seen.push(...idsOf(page));
    after = page.next;
  }
  expect(seen).toEqual(sorted);
});

it("finds units by name, ID, fleet and state", async () => {
  const [named, , third] = units.map(({ id }) => id) as [string, string, string];
  expect(idsOf(await list("?search=%3CB%3Ekitch"))).toEqual([named]);
  expect(idsOf(await list(`?search=${third.slice(4, 20).toUpperCase()}`))).toEqual([third]);
  expect(idsOf(await list("?fleet=f2"))).toEqual([units.at(-1)?.id]);
  expect((await list("?state=online")).total).toBe(LINKED);
  expect((await list("?state=never")).total).toBe(3);
  expect((await list("?product=fridge")).total).toBe(0);
  expect(await get<FleetView[]>("/v1/fleets")).toEqual([
    { product: "lamp", fleet: "f1", devices: 6, online: LINKED, failed: 0 },
    { product: "lamp", fleet: "f2", devices: 1, online: 0, failed: 0 },
  ]);
});

it("refuses what it does not understand, and names it", async () => {
  expect(await refusal("/v1/devices?limit=0")).toMatch(/^limit: /);
  expect(await refusal("/v1/devices?state=broken")).toMatch(/^state: .*online/);
  expect(await refusal("/v1/devices?serach=x")).toMatch(/serach/);
  expect(await refusal("/v1/rollouts/lamp-9-1/devices")).toMatch(/no rollout lamp-9-1/);
  const [first] = units as [TestUnit];
  const path = `/v1/devices/${first.id}/steer`;
  await expect(operator.post(path, { name: "a\u001b[2J" })).rejects.toThrow(/name: one line of text/);
});

it("names the units that failed in a rollout with their reason, and does not count them as done", async () => {
  const failed = units[1] as TestUnit;
  const { rollout } = await begin(1, ALL);
  const read = () => get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
  await until("the linked units are through", async () => {
    const { tally } = await read();
    return tally.confirmed === LINKED - 1 && tally.rejected === 1;
  });
  const { reasons } = await read();
  expect(reasons).toEqual([{ fault: "TRIAL_CRASH", devices: 1 }]);
  const page = await get<Page<RolloutDevice>>(`/v1/rollouts/${rollout.id}/devices`);
  expect(page).toMatchObject({
    total: 1,
    devices: [{ id: failed.id, fleet: "f1", online: true, state: "rejected", fault: "TRIAL_CRASH", isSilent: false }],
  });
  const count = async (query: string) =>
    (await get<Page<RolloutDevice>>(`/v1/rollouts/${rollout.id}/devices${query}`)).total;
  expect(await count("?fault=TRIAL_CRASH")).toBe(1);
  expect(await count("?fault=LOW_POWER")).toBe(0);
  expect(await count("?state=confirmed")).toBe(LINKED - 1);
  expect(await count("?state=waiting")).toBe(3);
  const found = await list("?state=failed");
  expect(found.devices).toMatchObject([{ id: failed.id, sequence: 0, attempt: { sequence: 1, fault: "TRIAL_CRASH" } }]);
});

it("a running rollout says that a newer one overtook it, and where its units went", async () => {
  const before = await get<RolloutStatus>("/v1/rollouts/lamp-1-1");
  expect(before.overtakenBy).toBeUndefined();
  const { rollout } = await begin(2, ALL);
  await until("all linked units have release 2", async () => {
    const { tally } = await get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
    return tally.confirmed === LINKED;
  });
  expect(await get<RolloutStatus>("/v1/rollouts/lamp-1-1")).toMatchObject({ overtakenBy: rollout.id });
  expect((await get<RolloutStatus>(`/v1/rollouts/${rollout.id}`)).overtakenBy).toBeUndefined();
  // One that was off all the while goes straight to release 2.
  const late = units[LINKED] as TestUnit;
  const its = await link(late, cloud);
  await until("the late unit has release 2", () => late.model.truth.sequence === 2);
  await until("it is told of", async () => {
    const { tally } = await get<RolloutStatus>("/v1/rollouts/lamp-1-1");
    return tally.superseded === 1 && tally.offered + tally.fetching + tally.trial + tally.silent === 0;
  });
  its.cut();
  await operator.post(`/v1/rollouts/${rollout.id}/halt`, {});
  expect((await get<RolloutStatus>("/v1/rollouts/lamp-1-1")).overtakenBy).toBeUndefined();
});

it("the journal of one subject, page by page", async () => {
  const all = await get<JournalEntry[]>("/v1/journal?subject=lamp-2-1");
  expect(all.map(({ what }) => what)).toEqual(["halted", "created"]);
  const [newest] = all as [JournalEntry];
  expect(await get<JournalEntry[]>(`/v1/journal?subject=lamp-2-1&before=${newest.number}`)).toEqual(all.slice(1));
  expect(await get<JournalEntry[]>("/v1/journal?limit=1")).toEqual([newest]);
});

it("keys are known since the cloud first saw them, also after a restart", async () => {
  const keys = await get<KeyView[]>("/v1/keys");
  expect(keys.map(({ role }) => role)).toEqual(["root", "root", "root", "release", "timestamp"]);
  cloud.child.kill("SIGKILL");
  await cloud.ended;
  rmSync(join(keysFolder, "release.key"));
  await start();
  const after = await get<KeyView[]>("/v1/keys");
  expect(after.map(({ name, seenMs }) => [name, seenMs])).toEqual(keys.map(({ name, seenMs }) => [name, seenMs]));
  expect([keys[3]?.isHere, after[3]?.isHere]).toEqual([true, false]);
  expect(idsOf(await list("?search=kitchen"))).toEqual([units[0]?.id]);
});
