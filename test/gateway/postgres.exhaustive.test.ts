/** A gateway that keeps accounts, units and tokens in PostgreSQL. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../cloud/store/postgres-server.ts";
import { startWorld, type World } from "./gateway-world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = await startWorld({ store: server.url() }, 1);
});
afterAll(async () => {
  await world.close();
  await server.stop();
});

it("logs in, calls, refreshes, revokes and journals as with SQLite", async () => {
  for (const unit of world.units) expect((await world.add(unit)).status).toBe(200);
  const id = world.units[0]?.id ?? "";
  const ann = await world.account("ann", "admin");
  const tokens = await world.login(ann, { device_id: id, access_level: "noFlash" });
  const call = (token: string) => world.send("POST", `/v1/devices/${id}/setLamp`, { args: "on=true" }, token);
  expect((await call(tokens.access_token)).status).toBe(200);
  const fields = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
  const renewed = (await (await world.form("/oauth/token", fields)).json()) as typeof tokens;
  expect((await call(renewed.access_token)).status).toBe(200);
  expect((await world.form("/oauth/token", fields)).status).toBe(400);
  expect((await call(renewed.access_token)).status).toBe(401);
  const { entries, changed } = (await (await world.get("/v1/gateway/journal", world.bootstrapKey())).json()) as {
    entries: { what: string }[];
    changed: number[];
  };
  expect([entries.filter(({ what }) => what === "call setLamp").length, changed]).toEqual([2, []]);
});
