/** Staff at the maker's cloud with accounts of their own: `latchkey login`, roles, a fresh second factor, and who did it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { type Cloud, startCloud } from "#cloud/cloud.ts";
import { CloudTrouble, operatorClient } from "#cloud/http/operator-client.ts";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { askToken, loginFile, readLogin, writeLogin } from "#trust/host/login-file.ts";
import { readReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { runVerb } from "../cli/run-verb.ts";
import { ownSeconds, until } from "../progress.ts";
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
    ...{ data, keys: [join(folder, "keys")], name: "latchkey", host: "127.0.0.1", mqttPort: 0, httpPort: port, staff },
    onFatal: (error) => {
      throw error;
    },
  });
};

beforeAll(async () => {
  process.env.LATCHKEY_LOGINS = join(folder, "logins.json");
  world = await startWorld({ isCompat: false }, 0);
  url = `http://127.0.0.1:${await freePort()}`;
  const registered = await world.send("POST", "/v1/gateway/resources", { url }, world.bootstrapKey());
  ({ secret } = (await registered.json()) as { secret: string });
  newKeySet(join(folder, "keys"), "lamp");
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

it("a build server uploads a draft, which a person with a fresh second factor publishes", async () => {
  const file = join(folder, "lamp-7.release");
  const plan = {
    ...{
      product: "lamp",
      sequence: 7,
      hardware: [1],
      consent: "auto" as const,
      epoch: 0,
      notAfterS: undefined,
      bases: [],
    },
    images: new Map([[COMPONENT.js, new TextEncoder().encode("an app")]]),
  };
  const unsigned = join(folder, "unsigned.release");
  writeReleaseFile(unsigned, buildRelease(plan));
  const key = readKeyFile(join(folder, "keys/release.key"), "release");
  writeReleaseFile(file, signReleaseFile(readReleaseFile(unsigned), key.seed));
  const client = { id: "builds", role: "release", scope: "staff" };
  const made = await world.send("POST", "/v1/gateway/clients", client, world.bootstrapKey());
  const secretFile = join(folder, "client.secret");
  writeFileSync(secretFile, ((await made.json()) as { secret: string }).secret, { mode: 0o600 });
  const program = ["--issuer", world.gateway.url, "--client", "builds", "--client-secret-file", secretFile];
  const at = ["--url", url, "--json"];

  const refused = await runVerb("release", "draft", unsigned, ...at, ...program);
  expect([refused.status, refused.trouble]).toEqual([1, expect.stringMatching(/isn't signed yet/)]);
  const uploaded = await runVerb("release", "draft", file, ...at, ...program);
  expect([uploaded.trouble, JSON.parse(uploaded.out)]).toEqual([
    "",
    expect.objectContaining({ product: "lamp", sequence: 7, wasKnown: false }),
  ]);
  expect(JSON.parse((await runVerb("release", "draft", file, ...at, ...program)).out)).toMatchObject({
    wasKnown: true,
  });
  const wrong = [...program.slice(0, 3), "nobody", ...program.slice(4)];
  expect((await runVerb("release", "draft", file, ...at, ...wrong)).trouble).toMatch(/gives nobody no token/);

  const byProgram = { issuer: world.gateway.url, client: "builds", secret: readFileSync(secretFile, "utf8") };
  const ci = operatorClient({ data, url, program: byProgram });
  expect(await refusal(ci.post("/v1/release-drafts/lamp/7/publish", {}))).toMatch(/this is for a person/);
  expect(await ci.get("/v1/releases")).toEqual([]);

  await logIn(await world.account("paul", "release"));
  expect(JSON.parse((await runVerb("release", "drafts", ...at)).out)).toMatchObject([{ product: "lamp", sequence: 7 }]);
  const published = await runVerb("release", "publish-draft", "lamp", "7", ...at);
  expect([published.trouble, published.status]).toEqual(["", 0]);
  expect(await ci.get("/v1/releases")).toMatchObject([{ product: "lamp", sequence: 7, withdrawn: false }]);
  expect(JSON.parse((await runVerb("release", "drafts", ...at)).out)).toEqual([]);
  // What a person published, a program can't bring to units either, whatever its role.
  const waves = { product: "lamp", sequence: 7, waves: [{ percent: 100 }] };
  expect(await refusal(ci.post("/v1/rollouts", waves))).toMatch(/this is for a person/);
  expect(await refusal(ci.post("/v1/releases/lamp/7/withdraw", {}))).toMatch(/this is for a person/);
  const journal = JSON.stringify(await ci.get("/v1/journal"));
  expect(journal).toMatch(/by builds/);
  expect(journal).toMatch(/by paul/);
});

it("takes only tokens that its own issuer signed for it", async () => {
  const home = await startWorld({ isCompat: false }, 0);
  try {
    // A home gateway that knows the cloud by the same address, and gives its own people tokens for it.
    await home.send("POST", "/v1/gateway/resources", { url }, home.bootstrapKey());
    const token = async (at: World, resource: string, scope: string) => {
      const id = `p${Math.random().toString(36).slice(2)}`;
      const made = await at.send(
        "POST",
        "/v1/gateway/clients",
        { id, role: "admin", scope: "all staff" },
        at.bootstrapKey(),
      );
      const { secret: password } = (await made.json()) as { secret: string };
      const authorization = `Basic ${Buffer.from(`${id}:${password}`).toString("base64")}`;
      const fields = { grant_type: "client_credentials", scope, resource };
      const told = await (await at.form("/oauth/token", fields, { authorization })).json();
      return (told as { access_token: string }).access_token;
    };
    const good = await token(world, url, "staff");
    const [header = "", payload = "", signature = ""] = good.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ typ: "at+jwt", alg: "ES256" });
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
      iss: world.gateway.url,
      aud: url,
    });
    expect(await status("GET", "/v1/status", good)).toBe(200);

    expect(await status("GET", "/v1/status", await token(home, url, "staff"))).toBe(401);
    expect(await status("GET", "/v1/status", await token(home, home.gateway.url, "all"))).toBe(401);
    const other = "https://other-cloud.example";
    await world.send("POST", "/v1/gateway/resources", { url: other }, world.bootstrapKey());
    expect(await status("GET", "/v1/status", await token(world, other, "staff"))).toBe(401);
    const wide = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "paul" }),
    );
    expect(await status("GET", "/v1/status", `${header}.${wide.toString("base64url")}.${signature}`)).toBe(401);
    const none = Buffer.from(JSON.stringify({ typ: "at+jwt", alg: "none" })).toString("base64url");
    expect(await status("GET", "/v1/status", `${none}.${payload}.`)).toBe(401);
    // Whoever is no registered interface learns nothing about tokens.
    expect((await world.form("/v1/gateway/introspect", { token: good })).status).toBe(401);
  } finally {
    await home.close();
  }
});

it("who leaves is out within a second", async () => {
  const token = readLogin(loginFile(), url)?.accessToken ?? "";
  expect(await status("GET", "/v1/status", token)).toBe(200);
  // Their browser has the status page open.
  const { path } = (await operatorClient({ data }).post("/v1/view-links", {})) as { path: string };
  const opened = await fetch(new URL(path, url));
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const page = () => fetch(new URL("/", url), { headers: { cookie } }).then((answer) => answer.status);
  expect(await page()).toBe(200);
  await world.send("PUT", "/v1/gateway/accounts/paul", { disabled: true }, world.bootstrapKey());
  const seconds = ownSeconds();
  await until("the refusal", async () => ((await status("GET", "/v1/status", token)) === 401 ? true : undefined), 50);
  // A second for which the issuer's answer counts, and what a busy machine takes to ask again.
  expect(seconds()).toBeLessThan(5);
  expect(await page()).toBe(401);
  expect(await refusal(operatorClient({ data }).get("/v1/status"))).toMatch(/refuses this login/);
  const fields = { grant_type: "refresh_token", refresh_token: readLogin(loginFile(), url)?.refreshToken ?? "" };
  expect(await askToken(world.gateway.url, fields)).toMatchObject({ error: "invalid_grant" });
});
