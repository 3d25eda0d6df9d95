/** What staff may do over HTTP with tokens of the gateway's own console, and nobody else: accounts, tokens, programs, journal. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GatewayJournalPage, TokenView } from "#gateway/http/interface.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

let world: World;
let ada: Account;
let sam: Account;
let staff: string;

beforeAll(async () => {
  world = await startWorld({}, 1);
  ada = await world.account("ada", "admin");
  sam = await world.account("sam", "support");
  staff = await consoleToken(ada);
});
afterAll(() => world?.close());

const VERIFIER = "v".repeat(43);
const challenge = createHash("sha256").update(VERIFIER).digest("base64url");
const consoleId = () => `${world.gateway.url}/console/`;

/** Where a browser is sent that asks for a login as this client. */
function authorizeAs(client: string, redirect: string, scope: string): Promise<Response> {
  const url = new URL("/oauth/authorize", world.gateway.url);
  url.search = new URLSearchParams({
    ...{ client_id: client, redirect_uri: redirect, response_type: "code", scope, state: "s" },
    ...{ code_challenge: challenge, code_challenge_method: "S256", resource: world.gateway.url },
  }).toString();
  return fetch(url, { redirect: "manual" });
}

/** Logs in as a person does in a browser, without one. */
async function consoleToken(account: Account): Promise<string> {
  const jar = new Map<string, string>();
  const go = async (url: URL, form?: Readonly<Record<string, string>>): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { cookie, origin: world.gateway.url },
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  const next = (answer: Response, from: URL) => new URL(answer.headers.get("location") ?? "", from);
  const asked = new URL((await authorizeAs(consoleId(), consoleId(), "all staff")).url);
  let at = next(await go(asked), asked);
  const credentials = { do: "login", username: account.name, password: PASSWORD, otp: account.code() };
  at = next(await go(at, credentials), at);
  at = next(await go(at), at);
  const consent = new URLSearchParams([
    ["do", "allow"],
    ["scope", "all"],
    ["scope", "staff"],
  ]);
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const allowed = await fetch(at, {
    ...{ method: "POST", redirect: "manual", body: consent, headers: { cookie, origin: world.gateway.url } },
  });
  at = next(await go(next(allowed, at)), at);
  const code = at.searchParams.get("code") ?? "";
  const answer = await world.form("/oauth/token", {
    ...{ grant_type: "authorization_code", code, redirect_uri: consoleId(), client_id: consoleId() },
    ...{ code_verifier: VERIFIER, resource: world.gateway.url },
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  return access_token;
}

const accounts = "/v1/gateway/accounts";
const codeOf = async (answer: Response) => ((await answer.json()) as { error: string }).error;

test("a token of the console manages accounts in its person's name", async () => {
  const invited = await world.send("POST", accounts, { name: "nora", role: "viewer" }, staff);
  expect(invited.status).toBe(200);
  expect((await world.send("PUT", `${accounts}/nora`, { role: "support" }, staff)).status).toBe(200);
  expect((await world.send("DELETE", `${accounts}/nora`, undefined, staff)).status).toBe(200);
  const told = (await (await world.get("/v1/gateway/journal", staff)).json()) as GatewayJournalPage;
  expect(told.entries.slice(0, 3).map(({ who, what }) => `${who} ${what}`)).toEqual([
    "ada remove nora",
    "ada change nora",
    "ada invite nora",
  ]);
  expect(told.changed).toEqual([]);
});

test("a token without the scope, as any program's, manages nothing, whoever's it is", async () => {
  const { access_token: token } = await world.login(ada, { scope: "all" });
  expect((await world.get("/v1/devices", token)).status).toBe(200);
  for (const [method, path] of [
    ["GET", accounts],
    ["POST", accounts],
    ["PUT", `${accounts}/sam`],
    ["DELETE", `${accounts}/sam`],
    ["POST", `${accounts}/sam/invitation`],
    ["GET", "/v1/gateway/tokens"],
    ["GET", "/v1/gateway/journal"],
    ["GET", "/v1/gateway/account"],
    ["POST", "/v1/gateway/account/recovery"],
    ["DELETE", "/v1/gateway/clients/builds"],
  ] as const) {
    const answer = await (method === "GET"
      ? world.get(path, token)
      : world.send(method, path, { name: "x", role: "admin" }, token));
    expect([answer.status, await codeOf(answer)], `${method} ${path}`).toEqual([403, "insufficient_scope"]);
  }
});

test("no other client gets the scope, neither by code nor by exchange", async () => {
  const loopback = "http://127.0.0.1/callback";
  const refused = await authorizeAs("latchkey", loopback, "all staff");
  expect(new URL(refused.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_scope");
  const exchanged = await world.form("/oauth/token", {
    ...{ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", client_id: "particle" },
    ...{ subject_token: (await world.login(ada, { scope: "all" })).access_token, scope: "staff" },
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  });
  expect(exchanged.status).toBe(400);
});

test("nobody changes their own account, so that one administrator always remains", async () => {
  for (const [method, path, body] of [
    ["PUT", `${accounts}/ada`, { role: "viewer" }],
    ["PUT", `${accounts}/ada`, { disabled: true }],
    ["DELETE", `${accounts}/ada`, undefined],
    ["POST", `${accounts}/ada/invitation`, {}],
  ] as const) {
    const answer = await world.send(method, path, body, staff);
    expect([answer.status, await codeOf(answer)], `${method} ${path}`).toEqual([403, "access_denied"]);
  }
  expect((await world.send("PUT", `${accounts}/ada`, { role: "admin" }, world.bootstrapKey())).status).toBe(200);
});

test("what changes accounts needs a second factor of the last five minutes; looking does not", async () => {
  const realNow = Date.now;
  Date.now = () => realNow() + 301_000;
  try {
    const refused = await world.send("PUT", `${accounts}/sam`, { role: "admin" }, staff);
    expect([refused.status, await codeOf(refused)]).toEqual([403, "fresh_login"]);
    expect((await world.get(accounts, staff)).status).toBe(200);
  } finally {
    Date.now = realNow;
  }
});

test("others than administrators see and end their own tokens alone, and read their own acts", async () => {
  const token = await consoleToken(sam);
  const own = (await (await world.get("/v1/gateway/tokens", token)).json()) as TokenView[];
  expect(new Set(own.map(({ account }) => account))).toEqual(new Set(["sam"]));
  const all = (await (await world.get("/v1/gateway/tokens", staff)).json()) as TokenView[];
  const adas = all.find(({ account }) => account === "ada");
  expect((await world.send("DELETE", `/v1/gateway/tokens/ada/${adas?.id}`, undefined, token)).status).toBe(403);
  expect((await world.get(accounts, token)).status).toBe(403);
  const told = (await (await world.get("/v1/gateway/journal?who=ada", token)).json()) as GatewayJournalPage;
  expect(new Set(told.entries.map(({ who }) => who))).toEqual(new Set(["sam"]));
  expect((await world.send("DELETE", `/v1/gateway/tokens/sam/${own[0]?.id}`, undefined, token)).status).toBe(200);
  expect((await world.get("/v1/gateway/tokens", token)).status).toBe(401);
});

test("who is invited again is out at once, with password, second factor and tokens", async () => {
  const { access_token: token } = await world.login(sam);
  expect((await world.get("/v1/devices", token)).status).toBe(200);
  const answer = await world.send("POST", `${accounts}/sam/invitation`, {}, staff);
  const { code } = (await answer.json()) as { code: string };
  expect((await world.get("/v1/devices", token)).status).toBe(401);
  await expect(world.login(sam)).rejects.toThrow("no login");
  const accepted = await world.send("POST", `${accounts}/accept`, { code, password: PASSWORD });
  expect(await accepted.json()).toMatchObject({ name: "sam" });
});

test("new recovery codes replace the old ones", async () => {
  const answer = await world.send("POST", "/v1/gateway/account/recovery", {}, staff);
  const { recovery } = (await answer.json()) as { recovery: string[] };
  const old = { ...ada, code: () => ada.recovery[9] ?? "" };
  await expect(world.login(old)).rejects.toThrow("no login");
  const fresh = { ...ada, code: () => recovery[0] ?? "" };
  expect((await world.login(fresh)).access_token).toBeTruthy();
});

test("everybody ends their own webhooks, an administrator anybody's with a fresh second factor; no list has a secret", async () => {
  const wanda = await world.account("wanda", "support");
  const token = await consoleToken(wanda);
  const add = async (bearer: string, event: string) => {
    const answer = await world.send("POST", "/v1/webhooks", { event, url: "https://hooks.example/" }, bearer);
    return ((await answer.json()) as { id: string; secret: string }).id;
  };
  const [first, second, own] = [await add(token, "a"), await add(token, "b"), await add(staff, "c")];
  const hooks = "/v1/gateway/webhooks";
  const list = async (bearer: string) => (await (await world.get(hooks, bearer)).json()) as { account: string }[];
  expect((await list(token)).map(({ account }) => account)).toEqual(["wanda", "wanda"]);
  const all = await list(staff);
  expect(all.map(({ account }) => account)).toEqual(["wanda", "wanda", "ada"]);
  expect(all[0]).toMatchObject({ event: "a", device: "", last: null });
  expect(JSON.stringify(all)).not.toContain("secret");
  expect((await world.send("DELETE", `${hooks}/${own}`, undefined, token)).status).toBe(403);
  expect((await world.send("DELETE", `${hooks}/${first}`, undefined, token)).status).toBe(200);
  expect((await world.send("DELETE", `${hooks}/${second}`, undefined, staff)).status).toBe(200);
  expect((await world.send("DELETE", `${hooks}/${second}`, undefined, staff)).status).toBe(404);
  expect(await list(staff)).toHaveLength(1);
  const { access_token: noStaff } = await world.login(await world.account("xena", "support"));
  expect((await world.get(hooks, noStaff)).status).toBe(403);
  expect((await world.get("/v1/gateway/key", noStaff)).status).not.toBe(200);
});
