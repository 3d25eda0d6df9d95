/** Staff at the maker's cloud with accounts of their own: `latchkey login`, roles, a fresh second factor, and who did it. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";
import { type Cloud, startCloud } from "#cloud/cloud.ts";
import { CloudTrouble, operatorClient } from "#cloud/http/operator-client.ts";
import { askToken, loginFile, readLogin, writeLogin } from "#trust/host/login-file.ts";
import { until } from "../progress.ts";
import { createBrowser } from "./browser.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-staff-"));
const data = join(folder, "cloud");
let world: World;
let cloud: Cloud;
let url = "";
let secret = "";

const start = async (isKeyOn: boolean): Promise<Cloud> => {
  const port = Number(new URL(url).port);
  const staff = { issuer: world.gateway.url, audience: url, secret, isKeyOn };
  return startCloud({
    ...{ data, keys: [], name: "latchkey", host: "127.0.0.1", mqttPort: 0, httpPort: port, staff },
    onFatal: (error) => {
      throw error;
    },
  });
};

beforeAll(async () => {
  process.env.LATCHKEY_LOGINS = join(folder, "logins.json");
  world = await startWorld({ isCompat: false }, 0);
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  url = `http://127.0.0.1:${(probe.address() as { port: number }).port}`;
  await new Promise((resolve) => probe.close(resolve));
  const registered = await world.send("POST", "/v1/gateway/resources", { url }, world.bootstrapKey());
  ({ secret } = (await registered.json()) as { secret: string });
  cloud = await start(false);
});
afterAll(async () => {
  delete process.env.LATCHKEY_LOGINS;
  await cloud.close();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a person does at the terminal and in the browser. */
async function logIn(account: Account): Promise<void> {
  const child = startProgram("src/cli/main.ts", ["login", url, "--issuer", world.gateway.url, "--json"]);
  const shown = await new Promise<{ code: string; page: string }>((resolve, reject) => {
    child.onLine((line) => line.includes('"page"') && resolve(JSON.parse(line)));
    void child.exited.then(() => reject(new Error(child.errors())));
  });
  const browser = createBrowser();
  const confirm = await browser.submit(await browser.open(new URL("/oauth/device", shown.page)), {
    user_code: shown.code,
  });
  const login = await browser.submit(confirm, {});
  const consent = await browser.submit(login, {
    username: account.name,
    password: PASSWORD,
    otp: account.code(),
    do: "login",
  });
  expect(consent.text).toContain(`act for you at ${url}`);
  expect((await browser.submit(consent, { scope: "staff", do: "allow" })).text).toContain("logged in");
  expect([await child.exited, child.errors()]).toEqual([0, ""]);
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "nothing",
    (error: unknown) => (error instanceof CloudTrouble ? error.message : String(error)),
  );
const status = (method: string, path: string, token: string) =>
  fetch(new URL(path, url), { method, headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.status);

it("the operator key is off once staff have accounts", async () => {
  const keyFile = join(data, "operator.key");
  expect(await refusal(operatorClient({ data, keyFile }).get("/v1/status"))).toMatch(/operator key is switched off/);
});

it("a person logs in from the command line, and their role decides", async () => {
  const vera = await world.account("vera", "viewer");
  await logIn(vera);
  const client = operatorClient({ data });
  expect(await client.get("/v1/status")).toMatchObject({});
  expect(await refusal(client.post("/v1/devices", { devices: [] }))).toMatch(
    /role viewer may not do this \(it needs admin\)/,
  );
  const told = await refusal(client.post("/v1/releases", new Uint8Array(3)));
  expect(told).toMatch(/it needs release/);
});

it("publishing needs a second factor of the last five minutes, and the journal says who it was", async () => {
  const rita = await world.account("rita", "release");
  await logIn(rita);
  const client = operatorClient({ data });
  // Fresh: refused for what it is, and no longer for who it is from.
  expect(await refusal(client.post("/v1/releases", new Uint8Array(3)))).toMatch(/release file/);
  const journal = await until("the entry", async () => {
    const text = JSON.stringify(await client.get("/v1/journal"));
    return text.includes("by rita") ? text : undefined;
  });
  expect(journal).toContain("/v1/releases");
});

it("a login is refreshed, and a refresh is no fresh second factor", async () => {
  const login = readLogin(loginFile(), url);
  if (login === undefined) throw new Error("nobody is logged in");
  writeLogin(loginFile(), url, { ...login, expiresS: 0 });
  expect(await operatorClient({ data }).get("/v1/status")).toMatchObject({});
  expect(readLogin(loginFile(), url)?.accessToken).not.toBe(login.accessToken);
});

it("takes no token that is for a gateway's units, nor one of nobody", async () => {
  const made = await world.send(
    "POST",
    "/v1/gateway/clients",
    { id: "ci", role: "admin", scope: "all staff" },
    world.bootstrapKey(),
  );
  const other = { id: "other", role: "admin", scope: "all" };
  const { secret: theirs } = (await (
    await world.send("POST", "/v1/gateway/clients", other, world.bootstrapKey())
  ).json()) as { secret: string };
  const { secret: password } = (await made.json()) as { secret: string };
  const authorization = `Basic ${Buffer.from(`ci:${password}`).toString("base64")}`;
  const fields = { grant_type: "client_credentials", scope: "all" };
  const forUnits = (await (await world.form("/oauth/token", fields, { authorization })).json()) as {
    access_token: string;
  };
  expect((await world.get("/v1/devices", forUnits.access_token)).status).toBe(200);
  expect(await status("GET", "/v1/status", forUnits.access_token)).toBe(401);
  const forCloud = await world.form("/oauth/token", { ...fields, scope: "staff", resource: url }, { authorization });
  const { access_token } = (await forCloud.json()) as { access_token: string };
  expect(await status("GET", "/v1/status", access_token)).toBe(200);
  const basic = `Basic ${Buffer.from(`other:${theirs}`).toString("base64")}`;
  const asked = { ...fields, scope: "staff", resource: url };
  const denied = await world.form("/oauth/token", asked, { authorization: basic });
  expect(await denied.json()).toMatchObject({ error: "invalid_target" });
  // A program has no second factor: it publishes nothing.
  expect(await status("POST", "/v1/releases", access_token)).toBe(403);
  expect((await world.get("/v1/devices", access_token)).status).toBe(401);
  expect(await status("GET", "/v1/status", "x".repeat(43))).toBe(401);
});

it("who leaves is out within a second", async () => {
  const token = readLogin(loginFile(), url)?.accessToken ?? "";
  expect(await status("GET", "/v1/status", token)).toBe(200);
  await world.send("PUT", "/v1/gateway/accounts/rita", { disabled: true }, world.bootstrapKey());
  await until("the refusal", async () => ((await status("GET", "/v1/status", token)) === 401 ? true : undefined), 200);
  expect(await refusal(operatorClient({ data }).get("/v1/status"))).toMatch(/refuses this login/);
  const fields = { grant_type: "refresh_token", refresh_token: readLogin(loginFile(), url)?.refreshToken ?? "" };
  expect(await askToken(world.gateway.url, fields)).toMatchObject({ error: "invalid_grant" });
});
