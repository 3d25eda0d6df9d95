import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
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
} from "./broker/linked-unit.ts";

/** Kills of the cloud in one history; LATCHKEY_HISTORIES makes it a longer one. */
const KILLS = Number(process.env.LATCHKEY_HISTORIES ?? 3);
const UNITS = 16;

const folder = mkdtempSync(join(tmpdir(), "latchkey-histories-"));
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
const running = new Set<CloudProcess>();

afterAll(() => {
  for (const { child } of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function start(data: string): Promise<CloudProcess> {
  const cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  running.add(cloud);
  return cloud;
}

/** Keeps a unit linked to whichever cloud runs, as a unit with back-off does; stops when told. */
function keepLinked(unit: TestUnit, where: () => CloudProcess | undefined, onBlock: () => void) {
  let isOver = false;
  let current: Link | undefined;
  const done = (async () => {
    while (!isOver) {
      const cloud = where();
      if (cloud !== undefined && !unit.model.truth.isGone) {
        current = await link(unit, cloud, onBlock).catch(() => undefined);
        await current?.closed;
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  })();
  return {
    cut: () => current?.cut(),
    stop: async () => {
      isOver = true;
      current?.cut();
      await done;
    },
  };
}

const limits = { soakMs: 0, sample: 1_000, silenceMs: 600_000 };

describe("histories of a cloud that is killed and cut off", () => {
  it(`keeps what it acknowledged over ${KILLS} kill -9, and every unit ends in one known release`, async () => {
    const data = join(folder, "killed");
    const units = Array.from({ length: UNITS }, (_, i) => testUnit(i, keys, () => (i % 8 === 7 ? "crashes" : "works")));
    let cloud: CloudProcess | undefined = await start(data);
    let operator = testClient(cloud, data);
    await operator.post(
      "/v1/devices",
      units.map((unit) => enrolmentOf(unit, "lamp")),
    );
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(40_000)));
    const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1, limits });
    const links = units.map((unit) =>
      keepLinked(
        unit,
        () => cloud,
        () => undefined,
      ),
    );
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 120 + 130 * kill));
      // An operator at work while the process dies: what was answered has to be there afterwards.
      const because = `kill ${kill}`;
      const acts = Promise.allSettled([
        operator
          .post(`/v1/devices/${units[kill]?.id}/steer`, { lab: true })
          .then(() => acknowledged.push(units[kill]?.id as string)),
        operator.post(`/v1/rollouts/${rollout.id}/open`, { because }),
      ]);
      if (kill % 2 === 0) await acts;
      else for (const each of links.slice(0, UNITS / 2)) each.cut();
      cloud.child.kill("SIGKILL");
      await cloud.ended;
      await acts;
      cloud = undefined;
      const next: CloudProcess = await start(data);
      cloud = next;
      operator = testClient(next, data);
      for (const id of acknowledged) expect(await operator.get(`/v1/devices/${id}`)).toMatchObject({ lab: true });
      expect((await operator.get<Status>("/v1/status")).devices).toBe(UNITS);
    }
    const ends = (unit: TestUnit, i: number) =>
      i % 8 === 7 ? unit.model.truth.stage === "rejected" : unit.model.truth.sequence === 1;
    await until("every unit has come to its end", () => units.every(ends));
    const works = units.filter((_, i) => i % 8 !== 7).length;
    await until("the counters are what the units say", async () => {
      const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
      return tally.confirmed === works && tally.rejected === UNITS - works && tally.trial + tally.fetching === 0;
    });
    const status = await operator.get<Status>("/v1/status");
    expect(status.versions.reduce((sum, { devices }) => sum + devices, 0)).toBe(UNITS);
    expect(status.rollouts[0]?.reasons).toEqual([{ fault: "TRIAL_CRASH", devices: UNITS - works }]);
    for (const each of links) await each.stop();
    cloud.child.kill("SIGTERM");
    await cloud.ended;
  });

  it("gives no block of a release once its halt was acknowledged, also not after a kill -9", async () => {
    const data = join(folder, "halted");
    const units = Array.from({ length: UNITS }, (_, i) => testUnit(100 + i, keys));
    let cloud: CloudProcess | undefined = await startCloudProcess([
      ...["--data", data, "--keys", keysFolder],
      // Slow enough that the halt falls into the middle.
      ...["--block-rate", "600000"],
    ]);
    running.add(cloud);
    let operator = testClient(cloud, data);
    await operator.post(
      "/v1/devices",
      units.map((unit) => enrolmentOf(unit, "lamp", true)),
    );
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(200_000)));
    const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1, limits });
    let given = 0;
    const links = units.map((unit) =>
      keepLinked(
        unit,
        () => cloud,
        () => given++,
      ),
    );
    await until("blocks flow", () => given > 60);
    await operator.post(`/v1/rollouts/${rollout.id}/halt`, { because: "test" });
    const metric = async () =>
      Number(/latchkey_blocks_total (\d+)/.exec(await metricsOf(cloud as CloudProcess, data))?.[1]);
    // What had left the cloud before the answer may still be on its way, but is counted.
    const sent = await metric();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await metric()).toBe(sent);
    cloud.child.kill("SIGKILL");
    await cloud.ended;
    cloud = undefined;
    const next = await start(data);
    cloud = next;
    operator = testClient(next, data);
    await until("all are back", async () => (await operator.get<Status>("/v1/status")).online === UNITS);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // Answers to requests are refusals now, which a model unit counts as no block of its own.
    expect(units.reduce((sum, unit) => sum + unit.model.truth.blocks, 0)).toBeLessThanOrEqual(sent);
    expect(await metric()).toBe(0);
    expect(sent).toBeGreaterThan(0);
    expect(units.every((unit) => unit.model.truth.sequence === 0)).toBe(true);
    await operator.post(`/v1/rollouts/${rollout.id}/resume`, {});
    await until("after the resume all get it", () => units.every((unit) => unit.model.truth.sequence === 1));
    for (const each of links) await each.stop();
    cloud.child.kill("SIGTERM");
    await cloud.ended;
  });
});

async function metricsOf(cloud: CloudProcess, data: string): Promise<string> {
  const { readFileSync } = await import("node:fs");
  const key = readFileSync(join(data, "operator.key"), "utf8").trim();
  return (await fetch(`${cloud.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text();
}
