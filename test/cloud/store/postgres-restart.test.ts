/** The database server restarts beneath a cloud that runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "#cloud/store/store.ts";
import { enrolmentOf, mqttOf, passwordFor, type TestUnit } from "../broker/linked-unit.ts";
import { type CloudHere, startCloudHere } from "../here.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-postgres-restart-"));
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const record = (name: string) => ({ name, bytes: Buffer.from(name) });

describe("a restart of PostgreSQL", () => {
  it("does not end the cloud: what it writes then is kept, and units go on", async () => {
    const fatal: unknown[] = [];
    const here: CloudHere = await startCloudHere(folder, 2, {
      store: server.url(),
      onFatal: (error) => void fatal.push(error),
    });
    const [first, second] = here.units as [TestUnit, TestUnit];
    await (await mqttOf(here.mqtt, first.id, await passwordFor(here.url, first))).endAsync();
    for (let restarts = 0; restarts < 2; restarts++) {
      await server.restart();
      await here.operator.post("/v1/devices", [enrolmentOf(second, "lamp", restarts === 0)]);
      const client = await mqttOf(here.mqtt, first.id, await passwordFor(here.url, first));
      await client.endAsync();
      const { lab } = await here.operator.get<{ lab: boolean }>(`/v1/devices/${second.id}`);
      expect(lab).toBe(restarts === 0);
    }
    // The lock is held again: a second process is refused.
    await expect(openStore(server.url())).rejects.toThrow(/is in use by another process/);
    expect(fatal).toEqual([]);
    await here.cloud.close();
    const store = await openStore(server.url());
    const rows = await store.db.selectFrom("devices").select(["id", "lab"]).execute();
    expect(rows.find(({ id }) => id === second.id)?.lab).toBe(0);
    await store.close();
  });

  it("neither loses nor repeats a transaction that was under way", async () => {
    const store = await openStore(server.url());
    await store.write(async (tx) => {
      await tx.insertInto("records").values(record("before")).execute();
    });
    let runs = 0;
    await store.write(async (tx) => {
      await tx.insertInto("records").values(record("under way")).execute();
      if (runs++ === 0) await server.restart();
    });
    expect(runs).toBe(2);
    const names = (await store.db.selectFrom("records").select("name").execute()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["before", "under way"]));
    await store.close();
  });

  it("is fatal when another process wrote meanwhile: what this one remembers is old", async () => {
    const [store, killed] = [await openStore(server.url()), server.restart()];
    await killed;
    const other = await openStore(server.url());
    await other.write(async (tx) => {
      await tx.insertInto("records").values(record("other")).execute();
    });
    await other.close();
    const late = store.write(async (tx) => {
      await tx.insertInto("records").values(record("late")).execute();
    });
    await expect(late).rejects.toThrow(/another process wrote to store .*; start again$/);
    await store.close();
  });
});
