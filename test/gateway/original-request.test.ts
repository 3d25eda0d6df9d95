/** Password, one-time code, a device or null, and a level give tokens; every request is checked for both. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownSeconds } from "../progress.ts";
import { type Account, startWorld, type World } from "./gateway-world.ts";

let world: World;
let ann: Account;
let [first, second] = ["", ""];

beforeAll(async () => {
  world = await startWorld();
  ann = await world.account("ann", "admin");
  for (const unit of world.units)
    expect(await (await world.add(unit)).json()).toMatchObject({ connected: true, fault: null });
  [first, second] = world.units.map(({ id }) => id) as [string, string];
});
afterAll(() => world.close());

const put = (device: string, token: string) => {
  const body = new FormData();
  body.set("file", new Blob([Uint8Array.of(1, 2, 3)]), "lamp.release");
  const authorization = `Bearer ${token}`;
  return fetch(new URL(`/v1/devices/${device}`, world.gateway.url), {
    method: "PUT",
    headers: { authorization },
    body,
  });
};

it("with a limit in its level, a token is good for as much", async () => {
  const { access_token: token } = await world.login(await world.account("ben", "admin"), {
    ...{ device_id: first.toUpperCase(), access_level: "noFlash/uses=1" },
  });
  const read = async () => (await world.get(`/v1/devices/${first}/light`, token)).status;
  expect([await read(), await read()]).toEqual([200, 403]);
});

describe("a noFlash token for one device", () => {
  let tokens: Awaited<ReturnType<World["login"]>>;
  beforeAll(async () => {
    tokens = await world.login(ann, { device_id: first, access_level: "noFlash", expires_in: "600" });
  });

  it("calls and reads that device", async () => {
    const calls = world.units[0]?.server.calls ?? [];
    calls.length = 0;
    const called = await world.send("POST", `/v1/devices/${first}/setLamp`, { args: "on=true" }, tokens.access_token);
    expect([called.status, await called.json()]).toEqual([200, expect.objectContaining({ id: first, result: "done" })]);
    expect(calls).toEqual(["setLamp"]);
    const read = await world.get(`/v1/devices/${first}/light`, tokens.access_token);
    expect(await read.json()).toMatchObject({
      name: "light",
      result: 512,
      coreInfo: { deviceID: first, connected: true },
    });
  });

  it("may not PUT, and says so before it looks at the file", async () => {
    const refused = await put(first, tokens.access_token);
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { ok: false, error: "insufficient_scope", error_description: "this token does not allow to install releases" },
    ]);
  });

  it("reaches no other device, whether there is one or not", async () => {
    const strangers = [second, "ff".repeat(12)];
    for (const device of strangers) {
      for (const path of [`/v1/devices/${device}`, `/v1/devices/${device}/light`]) {
        expect((await world.get(path, tokens.access_token)).status, path).toBe(403);
      }
      expect((await world.send("POST", `/v1/devices/${device}/setLamp`, {}, tokens.access_token)).status).toBe(403);
      expect((await put(device, tokens.access_token)).status).toBe(403);
    }
    expect(await (await world.get("/v1/devices", tokens.access_token)).json()).toHaveLength(1);
  });

  it("ends; its refresh token gives new ones once, and used twice ends the whole family", async () => {
    const realNow = Date.now;
    Date.now = () => realNow() + 600_000;
    try {
      expect((await world.get(`/v1/devices/${first}`, tokens.access_token)).status).toBe(401);
      const refresh = (refresh_token: string) =>
        world.form("/oauth/token", { grant_type: "refresh_token", refresh_token });
      const renewed = (await (await refresh(tokens.refresh_token)).json()) as typeof tokens & { scope: string };
      expect(renewed.scope).toBe(`noFlash@${first}`);
      expect((await world.get(`/v1/devices/${first}`, renewed.access_token)).status).toBe(200);
      expect((await world.get(`/v1/devices/${second}`, renewed.access_token)).status).toBe(403);
      expect((await put(first, renewed.access_token)).status).toBe(403);

      const again = await refresh(tokens.refresh_token);
      expect([again.status, await again.json()]).toEqual([400, expect.objectContaining({ error: "invalid_grant" })]);
      expect((await world.get(`/v1/devices/${first}`, renewed.access_token)).status).toBe(401);
      expect((await refresh(renewed.refresh_token)).status).toBe(400);
    } finally {
      Date.now = realNow;
    }
  });
});

describe("a token for null", () => {
  it("reaches all devices, and with all it may PUT", async () => {
    const tokens = await world.login(ann, { device_id: "null", access_level: "all" });
    for (const device of [first, second]) {
      expect((await world.get(`/v1/devices/${device}/light`, tokens.access_token)).status).toBe(200);
    }
    const wrong = await put(first, tokens.access_token);
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      expect.objectContaining({ error_description: expect.stringMatching(/is no release file/) }),
    ]);
    expect(await (await world.get("/v1/devices", tokens.access_token)).json()).toHaveLength(2);
  });

  it("lives for as long as is asked, and for ever by expires_in=0", async () => {
    const never = await world.login(ann, { expires_in: "0" });
    expect(never).toMatchObject({ token_type: "bearer", expires_in: 0, scope: "all" });
    const thirtyYears = 30 * 365 * 86_400;
    const long = await world.login(ann, { expires_in: String(thirtyYears) });
    expect(long).toMatchObject({ expires_in: thirtyYears });
    const shown = await (await world.get("/v1/access_tokens/current", long.access_token)).json();
    expect(Date.parse((shown as { expires_at: string }).expires_at)).toBeGreaterThan(
      Date.now() + thirtyYears * 1_000 - 60_000,
    );
  });
});

describe("a login", () => {
  const ask = (fields: Record<string, string>) => world.form("/oauth/token", { grant_type: "password", ...fields });

  it("without a code asks for one, and goes on with it", async () => {
    const bob = await world.account("bob", "support");
    const asked = await ask({ username: "bob", password: "correct horse battery" });
    const { error, mfa_token } = (await asked.json()) as { error: string; mfa_token: string };
    expect([asked.status, error]).toEqual([403, "mfa_required"]);
    const wrong = await world.form("/oauth/token", { grant_type: "urn:custom:mfa-otp", mfa_token, otp: "000000" });
    expect(wrong.status).toBe(400);
    const otp = bob.code();
    const given = await world.form("/oauth/token", { grant_type: "urn:custom:mfa-otp", mfa_token, otp });
    expect(given.status).toBe(200);
    const replayed = await ask({ username: "bob", password: "correct horse battery", otp });
    expect([replayed.status, await replayed.json()]).toEqual([
      400,
      expect.objectContaining({ error: "invalid_grant" }),
    ]);
  });

  it("with a wrong password and with an unknown name is refused in the same words", async () => {
    const [known, unknown] = await Promise.all(
      ["ann", "nobody"].map(async (username) => {
        const answer = await ask({ username, password: "wrong horse battery", otp: "000000" });
        return [answer.status, await answer.text()];
      }),
    );
    expect(known).toEqual(unknown);
    expect(known?.[0]).toBe(400);
  });

  it("for a level that is none is refused", async () => {
    const answer = await ask({ username: "ann", password: "x", access_level: "everything" });
    expect(await answer.json()).toMatchObject({ error: "invalid_scope" });
  });

  it("is logged as what it is, without the password", async () => {
    expect(world.logged.join("\n")).toMatch(/password grant for "ann" from .*RFC 9700/);
    expect(world.logged.join("\n")).not.toContain("horse");
  });
});

it("an account that is disabled, and one that is removed, loses its tokens at once", async () => {
  const dora = await world.account("dora", "viewer");
  const { access_token } = await world.login(dora);
  expect((await world.get(`/v1/devices/${first}/light`, access_token)).status).toBe(200);
  expect((await world.send("POST", `/v1/devices/${first}/setLamp`, {}, access_token)).status).toBe(403);
  await world.send("PUT", "/v1/gateway/accounts/dora", { disabled: true }, world.bootstrapKey());
  expect((await world.get(`/v1/devices/${first}/light`, access_token)).status).toBe(401);
});

it.each(["PUT", "DELETE"])("a member who leaves (%s) loses streams that are open within a second", async (method) => {
  const name = `leaver-${method.toLowerCase()}`;
  const { access_token } = await world.login(await world.account(name, "viewer"));
  const stream = await world.get("/v1/devices/events", access_token);
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(":ok\n\n");
  await world.send(method, `/v1/gateway/accounts/${name}`, { disabled: true }, world.bootstrapKey());
  const seconds = ownSeconds();
  while (!(await reader.read()).done);
  // A second until the token is looked at again, and what a busy machine takes.
  expect(seconds()).toBeLessThan(5);
  expect((await world.get("/v1/devices/events", access_token)).status).toBe(401);
});
