import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, describe, expect, it } from "vitest";
import { loadFleet } from "#cloud/fleet.ts";
import { openStore, storeTrouble } from "#cloud/store/store.ts";
import { createWriteQueue } from "#cloud/store/write-queue.ts";
import { noise } from "../broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const unit = (number: number) => ({
  id: number.toString(16).padStart(24, "0"),
  publicKey: noise(32, number + 1),
  product: "lamp",
  hardware: 1,
  fleet: "f1",
});

describe("the store", () => {
  it("gives back devices and attempts as they were, byte for byte", async () => {
    const path = join(folder, "same.db");
    const store = await openStore(path);
    const queue = createWriteQueue(store);
    const fleet = await loadFleet(store, queue, () => 0);
    for (let i = 0; i < 1_200; i++) fleet.enrol(unit(i));
    const device = fleet.get(unit(7).id);
    if (device === undefined) throw new Error("not enrolled");
    fleet.steer(device, { pin: 3, window: { fromMinute: 60, toMinute: 90 } });
    fleet.report(device, 2, "rejected", "TRIAL_CRASH", 1_700_000_000_123);
    fleet.flushHeard();
    await queue.commit();
    const again = await loadFleet(store, queue, () => 0);
    expect(again.size).toBe(1_200);
    expect(again.get(device.id)).toEqual(device);
    await store.close();
  });

  it("writes changes that arrive meanwhile in the next transaction, and resolves each caller after its own", async () => {
    const store = await openStore(join(folder, "group.db"));
    let writes = 0;
    const counted: typeof store = {
      ...store,
      write(work) {
        writes++;
        return store.write(work);
      },
    };
    const queue = createWriteQueue(counted);
    const fleet = await loadFleet(store, queue, () => 0);
    const waits: Promise<void>[] = [];
    for (let i = 0; i < 100; i++) {
      fleet.enrol(unit(i));
      waits.push(queue.commit());
    }
    await Promise.all(waits);
    expect(writes).toBeLessThan(5);
    expect((await loadFleet(store, queue, () => 0)).size).toBe(100);
    await store.close();
  });

  it("says when there is no space left, and fails all that follows, so that nobody is told a lie", async () => {
    const store = await openStore(join(folder, "full.db"));
    const queue = createWriteQueue(store);
    // The same answer that a full disk gives, without filling one.
    await sql`pragma max_page_count = 40`.execute(store.db);
    queue.also(async (tx) => {
      await tx
        .insertInto("records")
        .values({ name: "big", bytes: Buffer.alloc(400_000) })
        .execute();
    });
    await expect(queue.commit()).rejects.toThrow(/^no space left for store .*full\.db; free some, then start again/);
    await expect(queue.commit()).rejects.toThrow(/no space left/);
    await store.close();
  });

  it("says what to do about a folder that isn't one, and never shows a password", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(openStore(join(folder, "file", "cloud.db"))).rejects.toThrow(/cloud\.db/);
    expect(storeTrouble({ code: "28P01", message: "password authentication failed" }, "postgres://h/d").message).toBe(
      "PostgreSQL at postgres://h/d can't be used (28P01); check that it runs, user and database",
    );
  });
});
