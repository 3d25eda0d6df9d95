/** The present code opens what commit 621686e left in PostgreSQL, also when an upgrade is interrupted at any query. */
import { execFileSync } from "node:child_process";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../cloud/store/postgres-server.ts";
import { copyOldStores, OLD_UNITS } from "./old-stores.ts";
import { whatTheStoreTells } from "./store-facts.ts";

const stores = copyOldStores();
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  await server.query("create database old");
  execFileSync(
    server.program("psql"),
    ["-q", "-v", "ON_ERROR_STOP=1", "-d", server.url("old"), "-f", stores.path("cloud/cloud.sql")],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
});
afterAll(async () => {
  await server?.stop();
  stores.remove();
});

/** A database of its own with what the old cloud left. */
async function copyOf(name: string): Promise<string> {
  await server.query(`create database ${name} template old`);
  return server.url(name);
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown;

/** Opens the store and ends its connections before query number `step`. False: it has fewer queries and was read whole. */
async function interruptedAt(step: number, url: string): Promise<boolean> {
  const holder = pg.Client.prototype as unknown as { query: Query };
  const before = holder.query;
  let queries = 0;
  let isOver = false;
  holder.query = function (...args) {
    if (isOver || queries++ >= step) {
      isOver = true;
      // As a killed process ends: the server sees the connection close, and rolls back what was not committed.
      this.on("error", () => undefined);
      (this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    }
    return before.apply(this, args);
  };
  try {
    await whatTheStoreTells(url);
    return isOver;
  } catch (error) {
    if (isOver) return true;
    throw error;
  } finally {
    holder.query = before;
  }
}

it("shows the same units, releases, rollouts and revocation", async () => {
  const facts = await whatTheStoreTells(await copyOf("whole"));
  expect(facts.devices.map(({ id }) => id)).toEqual([OLD_UNITS.onboarded.id, OLD_UNITS.shelved.id].sort());
  expect(facts.devices).toEqual(expect.arrayContaining([expect.objectContaining({ lab: true, sequence: 3 })]));
  expect(facts.releases).toHaveLength(2);
  expect(facts.rollouts).toHaveLength(2);
  expect(facts.records.some((record) => record.includes("revocation/fleet/workshop"))).toBe(true);
});

it("tells the same after an upgrade was interrupted at any query", async () => {
  const facts = await whatTheStoreTells(await copyOf("whole_too"));
  let steps = 0;
  for (let isOver = false; !isOver; steps++) {
    const url = await copyOf(`cut_${steps}`);
    isOver = !(await interruptedAt(steps, url));
    await expect.poll(() => whatTheStoreTells(url).catch(String)).toEqual(facts);
  }
  expect(steps).toBeGreaterThan(7);
});
