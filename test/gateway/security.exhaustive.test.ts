/** Attacks on the authorization server and its pages: each is tried as an attacker would, and fails. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAttempts } from "#gateway/accounts/attempts.ts";
import { createBrowser, type Page } from "./browser.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

const CALLBACK = "http://127.0.0.1:45455/callback";
const XSS = `"><script>alert(1)</script>`;

let world: World;
let ann: Account;
let device = "";

beforeAll(async () => {
  world = await startWorld({}, 1);
  for (const unit of world.units) await world.add(unit);
  device = world.units[0]?.id ?? "";
  ann = await world.account("ann", "admin");
});
afterAll(() => world.close());

const verifier = randomBytes(32).toString("base64url");
const GOOD = {
  ...{ client_id: "latchkey", redirect_uri: CALLBACK, response_type: "code", scope: "noFlash", state: "s" },
  ...{ code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256" },
};
function address(change: Readonly<Record<string, string | undefined>> = {}): URL {
  const url = new URL("/oauth/authorize", world.gateway.url);
  for (const [name, value] of Object.entries({ ...GOOD, ...change }))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}
const loginForm = () => ({ username: ann.name, password: PASSWORD, otp: ann.code(), do: "login" });

async function codeOf(): Promise<string> {
  const browser = createBrowser(new URL(CALLBACK).origin);
  const consent = await browser.submit(await browser.open(address()), loginForm());
  return (await browser.submit(consent, { scope: "noFlash", do: "allow" })).url.searchParams.get("code") ?? "";
}
const trade = (fields: Readonly<Record<string, string>>) =>
  world.form("/oauth/token", {
    grant_type: "authorization_code",
    client_id: "latchkey",
    redirect_uri: CALLBACK,
    ...fields,
  });

describe("a redirect address", () => {
  it.each([
    ["of another host", "http://evil.example/callback"],
    ["with another path", "http://127.0.0.1:45455/other"],
    ["with a path that climbs", "http://127.0.0.1:45455/callback/../other"],
    ["with user information", "http://127.0.0.1:45455@evil.example/callback"],
    ["with a fragment", `${CALLBACK}#x`],
    ["with a query that was not registered", `${CALLBACK}?next=http://evil.example`],
    ["by another name of the machine", "http://localhost:45455/callback"],
    ["of another scheme", "javascript:alert(1)//callback"],
  ])("%s gets no redirect", async (_, redirect_uri) => {
    const answer = await fetch(address({ redirect_uri }), { redirect: "manual" });
    expect(answer.headers.get("location")).toBeNull();
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("that stands twice leads at most to the one that is registered", async () => {
    const url = address();
    url.searchParams.append("redirect_uri", "http://evil.example/");
    const answer = await fetch(url, { redirect: "manual" });
    expect(answer.headers.get("location")).toMatch(/^http:\/\/127\.0\.0\.1\/callback\?error=invalid_request/);
  });

  it("of the code's own must be shown again for the token", async () => {
    const answer = await trade({
      code: await codeOf(),
      code_verifier: verifier,
      redirect_uri: "http://127.0.0.1:1/callback",
    });
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
  });
});

describe("a proof key (PKCE)", () => {
  it.each([
    ["is required", { code_challenge: undefined, code_challenge_method: undefined }],
    ["must not be the challenge itself", { code_challenge: verifier, code_challenge_method: "plain" }],
  ])("%s", async (_, change) => {
    const answer = await fetch(address(change), { redirect: "manual" });
    const back = new URL(answer.headers.get("location") ?? "http://none");
    expect([back.origin, back.searchParams.get("error")]).toEqual([new URL(CALLBACK).origin, "invalid_request"]);
    // Whoever mixed up two servers sees whose answer this is (RFC 9207).
    expect(back.searchParams.get("iss")).toBe(world.gateway.url);
  });

  it("that is missing or wrong gets no token", async () => {
    expect((await trade({ code: await codeOf() })).status).toBe(400);
    expect((await trade({ code: await codeOf(), code_verifier: "x".repeat(43) })).status).toBe(400);
  });
});

describe("a login page", () => {
  it("refuses forms of other sites, with the victim's cookies too", async () => {
    const browser = createBrowser();
    const page = await browser.open(address());
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "http://evil.example" }, {}]) {
      expect((await browser.submit(page, loginForm(), headers as Record<string, string>)).status).toBe(403);
    }
    expect((await browser.submit(page, loginForm(), { origin: world.gateway.url })).text).toContain("Allow access?");
  });

  it("is no use to somebody who was sent its address, or sent it", async () => {
    const [victim, attacker] = [createBrowser(), createBrowser()];
    const page = await attacker.open(address());
    expect((await victim.open(page.url)).status).toBe(400);
    expect((await victim.submit(page, loginForm())).status).toBe(400);
  });

  it("gives the browser another session than it had before the login", async () => {
    const browser = createBrowser();
    const session = () => browser.cookies().find(({ name }) => name === "latchkey-session")?.value;
    const page = await browser.open(address());
    const before = session();
    await browser.submit(page, loginForm());
    expect(session()).not.toBe(before);
    expect(session()).toBeDefined();
  });

  it("runs no script and stands in no frame, whatever things are called", async () => {
    await world.send("PUT", `/v1/devices/${device}`, { name: XSS }, (await world.login(ann)).access_token);
    const browser = createBrowser();
    const pages: Page[] = [await browser.open(address({ scope: `noFlash@${device}` }))];
    pages.push(await browser.submit(pages[0] as Page, { username: XSS, password: "x", otp: "1", do: "login" }));
    pages.push(await browser.submit(pages[0] as Page, loginForm()));
    expect(pages.map(({ text }) => /<h1>(.*)<\/h1>/.exec(text)?.[1])).toEqual(["Log in", "Log in", "Allow access?"]);
    for (const { text, headers } of pages) {
      expect(text).not.toContain("<script");
      expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get("x-frame-options")).toBe("DENY");
    }
    expect(pages[2]?.text).toContain("&lt;script&gt;");
  });
});

describe("a token", () => {
  it("of one kind, or of another client, is none of another kind", async () => {
    const { access_token, refresh_token } = await world.login(ann);
    expect((await world.get("/v1/devices", refresh_token)).status).toBe(401);
    const refresh = (token: string, client_id: string) =>
      world.form("/oauth/token", { grant_type: "refresh_token", refresh_token: token, client_id });
    expect((await refresh(access_token, "particle")).status).toBe(400);
    expect((await refresh(refresh_token, "latchkey")).status).toBe(400);
    const exchange = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    };
    const stolen = await world.form("/oauth/token", {
      ...exchange,
      subject_token: access_token,
      client_id: "latchkey",
    });
    expect(await stolen.json()).toMatchObject({ error: "invalid_grant" });
    expect((await world.get("/v1/devices", access_token)).status).toBe(200);
  });

  it("for another resource is not issued", async () => {
    const answer = await fetch(address({ resource: "https://cloud.example/" }), { redirect: "manual" });
    expect(new URL(answer.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_target");
  });
});

describe("guessing", () => {
  it("is slowed down, in the same way for names that there aren't", async () => {
    for (const username of ["bert", "nobody"]) {
      if (username === "bert") await world.account("bert", "viewer");
      const guess = () =>
        world.form("/oauth/token", { grant_type: "password", username, password: "wrong", otp: "000000" });
      const answers: number[] = [];
      while (answers.at(-1) !== 429 && answers.length < 12) answers.push((await guess()).status);
      expect(answers).toEqual([400, 400, 400, 400, 400, 429]);
    }
  });

  it("costs the gateway as much for a name that there isn't as for one that there is", async () => {
    await world.account("doris", "viewer");
    // Processor time and not the clock's: what another program does at the same time doesn't count.
    const cost = async (username: string) => {
      const before = process.cpuUsage();
      await world.form("/oauth/token", { grant_type: "password", username, password: "wrong", otp: "000000" });
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const [known, unknown] = [[] as number[], [] as number[]];
    for (let i = 0; i < 4; i++) {
      known.push(await cost("doris"));
      unknown.push(await cost("nobody at all"));
    }
    const ratio = Math.min(...known) / Math.min(...unknown);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });

  it("locks nobody out who logged in from where they are before", () => {
    let nowMs = 0;
    const attempts = createAttempts(() => nowMs);
    attempts.succeeded("ann", "home");
    for (let i = 0; i < 5_000; i++) attempts.failed("ann", `attacker ${i}`);
    expect(attempts.waitMs("ann", "attacker 5001")).toBeGreaterThan(0);
    expect(attempts.waitMs("ann", "home")).toBe(0);
    nowMs += 900_001;
    expect(attempts.waitMs("ann", "attacker 1")).toBe(0);
  });

  it("a one-time code twice at the same moment succeeds once", async () => {
    const cleo = await world.account("cleo", "viewer");
    const otp = cleo.code();
    const login = { grant_type: "password", username: "cleo", password: PASSWORD, otp };
    const answers = await Promise.all([world.form("/oauth/token", login), world.form("/oauth/token", login)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });
});

it("a variable's address runs no function, for any role", async () => {
  const { access_token } = await world.login(await world.account("root", "admin"));
  const calls = world.units[0]?.server.calls ?? [];
  calls.length = 0;
  expect((await world.get(`/v1/devices/${device}/setLamp`, access_token)).status).toBe(400);
  expect(calls).toEqual([]);
});
