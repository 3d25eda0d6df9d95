import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadFleet } from "#cloud/fleet.ts";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
import { openStore } from "#cloud/store/store.ts";
import { createWriteQueue } from "#cloud/store/write-queue.ts";
import {
  type CloudProcess,
  enrolmentOf,
  link,
  noise,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "../broker/linked-unit.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-postgres-"));
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
let server: PostgresServer;
let url = "";

beforeAll(async () => {
  server = await startPostgres();
  url = server.url();
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the store in PostgreSQL", () => {
  it("carries a whole rollout, survives a kill -9 of the cloud, and is owned by one process", async () => {
    const data = join(folder, "data");
    const args = ["--data", data, "--keys", keysFolder, "--store", url];
    let cloud: CloudProcess = await startCloudProcess(args);
    try {
      const units = Array.from({ length: 4 }, (_, i) => testUnit(i, keys));
      let operator = testClient(cloud, data);
      await operator.post(
        "/v1/devices",
        units.map((unit) => enrolmentOf(unit, "lamp")),
      );
      await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(30_000)));
      const limits = { soakMs: 0, sample: 1_000 };
      const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1, limits });
      await Promise.all(units.map((unit) => link(unit, cloud)));
      await until("every unit runs release 1", () => units.every((unit) => unit.model.truth.sequence === 1));
      await until("the counters say so", async () => {
        const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
        return tally.confirmed === units.length;
      });
      await expect(
        startCloudProcess(["--data", join(folder, "two"), "--keys", keysFolder, "--store", url]),
      ).rejects.toThrow(/latchkey: store postgres:\/\/127\.0\.0\.1:\d+\/postgres is in use by another process/);
      cloud.child.kill("SIGKILL");
      await cloud.ended;
      cloud = await startCloudProcess(args);
      operator = testClient(cloud, data);
      const status = await operator.get<Status>("/v1/status");
      expect(status.versions).toEqual([{ product: "lamp", sequence: 1, devices: units.length }]);
      expect(status.rollouts[0]?.tally.confirmed).toBe(units.length);
      expect(await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(30_000)))).toMatchObject({
        wasKnown: true,
      });
    } finally {
      cloud.child.kill("SIGKILL");
    }
  });

  it("gives back times beyond 2038 and 2106", async () => {
    await server.query("create database far");
    const store = await openStore(server.url("far"));
    try {
      const queue = createWriteQueue(store);
      const fleet = await loadFleet(store, queue, () => 0);
      const id = "ab".repeat(12);
      fleet.enrol({ id, publicKey: new Uint8Array(32).fill(1), product: "lamp", hardware: 1, fleet: "f1" });
      const device = fleet.get(id);
      if (device === undefined) throw new Error("not enrolled");
      const [began, heard] = [2 ** 31 * 1000, (2 ** 32 + 1) * 1000];
      fleet.report(device, 2, "fetching", "", began);
      fleet.report(device, 2, "confirmed", "", heard);
      await queue.commit();
      const again = (await loadFleet(store, queue, () => 0)).get(id)?.history.get(2);
      expect(again).toMatchObject({ beganMs: began, heardMs: heard });
    } finally {
      await store.close();
    }
  });

  it("says in one line what to do when it can't be reached, without its password", async () => {
    await expect(openStore("postgres://cloud:secret@127.0.0.1:1/none")).rejects.toThrow(
      /^PostgreSQL at postgres:\/\/127\.0\.0\.1:1\/none can't be used \(ECONNREFUSED\); check that it runs, user and database$/,
    );
  });
});
