/** OAuth 2.0 with oauth4webapi, which nobody here wrote, as the client. Long because all grants share one client and one login. */
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, createBrowser, type Page } from "./browser.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

const insecure = { [oauth.allowInsecureRequests]: true };
const CALLBACK = "http://127.0.0.1:45454/callback";
const client: oauth.Client = { client_id: "latchkey" };
const none = oauth.None();

let world: World;
let ann: Account;
let server: oauth.AuthorizationServer;
let [first, second] = ["", ""];

beforeAll(async () => {
  world = await startWorld({ isCompat: false });
  for (const unit of world.units) await world.add(unit);
  [first, second] = world.units.map(({ id }) => id) as [string, string];
  ann = await world.account("ann", "admin");
  const issuer = new URL(world.gateway.url);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
  server = await oauth.processDiscoveryResponse(issuer, answer);
});
afterAll(() => world.close());

async function logIn(browser: Browser, page: Page, who = ann): Promise<Page> {
  expect([page.status, page.text]).toEqual([200, expect.stringMatching(/<h1>(Log in|Anmelden)<\/h1>/)]);
  return browser.submit(page, { username: who.name, password: PASSWORD, otp: who.code(), do: "login" });
}

interface CodeRequest {
  readonly scope: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly granted?: readonly string[];
  /** What the browser prefers. */
  readonly language?: string;
  readonly who?: Account;
}

/** Goes through the code grant up to the callback. */
async function codeGrant({ scope, more = {}, granted = scope.split(" "), language, who }: CodeRequest) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint ?? "");
  const code_challenge = await oauth.calculatePKCECodeChallenge(verifier);
  const proof = { code_challenge, code_challenge_method: "S256" };
  const request = {
    client_id: "latchkey",
    redirect_uri: CALLBACK,
    response_type: "code",
    scope,
    state,
    ...proof,
    ...more,
  };
  for (const [name, value] of Object.entries(request)) if (value !== "") url.searchParams.set(name, value);
  const browser = createBrowser(new URL(CALLBACK).origin, language);
  const login = await browser.open(url);
  if (login.status !== 200) return { callback: login, verifier, state, browser };
  const consent = await logIn(browser, login, who);
  const callback = await browser.submit(consent, { scope: granted, do: "allow" });
  return { callback, verifier, state, browser, consent };
}

async function tokensFor(
  { callback, verifier, state }: Awaited<ReturnType<typeof codeGrant>>,
  more: oauth.TokenEndpointRequestOptions = {},
) {
  const params = oauth.validateAuthResponse(server, client, callback.url, state);
  const options = { ...insecure, ...more };
  const answer = await oauth.authorizationCodeGrantRequest(server, client, none, params, CALLBACK, verifier, options);
  return oauth.processAuthorizationCodeResponse(server, client, answer);
}

const statusOf = async (path: string, token: string) => (await world.get(path, token)).status;

describe("the code grant", () => {
  it("gives what the person allowed, and refreshes it", async () => {
    const grant = await codeGrant({ scope: `noFlash@${first} use:light@${second}` });
    expect(grant.consent?.text).toContain("do everything with lamp");
    const tokens = await tokensFor(grant);
    expect(tokens.scope).toBe(`noFlash@${first} use:light@${second}`);
    expect(await statusOf(`/v1/devices/${second}/light`, tokens.access_token)).toBe(200);
    expect((await world.send("POST", `/v1/devices/${second}/setLamp`, {}, tokens.access_token)).status).toBe(403);
    const answer = await oauth.refreshTokenGrantRequest(server, client, none, tokens.refresh_token ?? "", insecure);
    const renewed = await oauth.processRefreshTokenResponse(server, client, answer);
    expect(await statusOf(`/v1/devices/${first}/light`, renewed.access_token)).toBe(200);
  });

  it("leaves out what the person did not allow", async () => {
    const tokens = await tokensFor(await codeGrant({ scope: `all noFlash@${first}`, granted: [`noFlash@${first}`] }));
    expect(tokens.scope).toBe(`noFlash@${first}`);
    expect(await statusOf(`/v1/devices/${second}`, tokens.access_token)).toBe(403);
  });

  it("takes no code twice, and ends what the first use gave", async () => {
    const grant = await codeGrant({ scope: "all" });
    const tokens = await tokensFor(grant);
    expect(await statusOf("/v1/devices", tokens.access_token)).toBe(200);
    await expect(tokensFor(grant)).rejects.toThrow();
    expect(await statusOf("/v1/devices", tokens.access_token)).toBe(401);
  });
});

describe("the device grant", () => {
  it("logs a command line in once somebody typed its code", async () => {
    const asked = await oauth.deviceAuthorizationRequest(server, client, none, { scope: "noFlash" }, insecure);
    const device = await oauth.processDeviceAuthorizationResponse(server, client, asked);
    const poll = async () => {
      const answer = await oauth.deviceCodeGrantRequest(server, client, none, device.device_code, insecure);
      return oauth.processDeviceCodeResponse(server, client, answer);
    };
    await expect(poll()).rejects.toMatchObject({ error: "authorization_pending" });
    const browser = createBrowser();
    const form = await browser.open(device.verification_uri);
    const confirm = await browser.submit(form, { user_code: device.user_code });
    expect(confirm.text).toContain(device.user_code);
    const consent = await logIn(browser, await browser.submit(confirm, {}));
    expect((await browser.submit(consent, { scope: "noFlash", do: "allow" })).text).toContain("logged in");
    const tokens = await poll();
    expect(await statusOf("/v1/devices", tokens.access_token)).toBe(200);
    await expect(poll()).rejects.toMatchObject({ error: "invalid_grant" });
  });
});

describe("a program with a secret", () => {
  let program: oauth.Client;
  let auth: oauth.ClientAuth;
  const ask = async (scope: string) => {
    const answer = await oauth.clientCredentialsGrantRequest(server, program, auth, { scope }, insecure);
    return oauth.processClientCredentialsResponse(server, program, answer);
  };
  beforeAll(async () => {
    const registration = { id: "builder", role: "support", scope: `noFlash@${first}` };
    const made = (await (
      await world.send("POST", "/v1/gateway/clients", registration, world.bootstrapKey())
    ).json()) as { secret: string };
    program = { client_id: "builder" };
    auth = oauth.ClientSecretBasic(made.secret);
  });

  it("gets a token in its own name for what it was registered for, and no more", async () => {
    const token = await ask(`noFlash@${first}`);
    expect(await statusOf(`/v1/devices/${first}/light`, token.access_token)).toBe(200);
    const wide = await ask("all");
    expect(wide.scope).toBeUndefined();
    expect(await statusOf(`/v1/devices/${first}/light`, wide.access_token)).toBe(403);
  });

  it("sees by introspection whether its token is good, and ends it by revocation", async () => {
    const token = await ask(`noFlash@${first}`);
    const look = async () => {
      const answer = await oauth.introspectionRequest(server, program, auth, token.access_token, insecure);
      return oauth.processIntrospectionResponse(server, program, answer);
    };
    expect(await look()).toMatchObject({ active: true, client_id: "builder", scope: `noFlash@${first}` });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, program, auth, token.access_token, insecure),
    );
    expect(await look()).toEqual({ active: false });
    expect(await statusOf("/v1/devices", token.access_token)).toBe(401);
  });
});

describe("token exchange", () => {
  const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
  const exchange = async (subject_token: string, more: Record<string, string>, options: object = {}) => {
    const fields = { subject_token, subject_token_type: "urn:ietf:params:oauth:token-type:access_token", ...more };
    const answer = await oauth.genericTokenEndpointRequest(server, client, none, EXCHANGE, fields, {
      ...insecure,
      ...options,
    });
    return oauth.processGenericTokenEndpointResponse(server, client, answer);
  };
  it("narrows to hours of the day, and such a token makes nothing that outlasts them", async () => {
    const wide = await tokensFor(await codeGrant({ scope: "noFlash" }));
    const inHours = (hours: number) => {
      const at = new Date(Date.now() + hours * 3_600_000).toISOString();
      return `${at.slice(11, 13)}${at.slice(14, 16)}`;
    };
    const now = await exchange(wide.access_token, { scope: `noFlash@${first}/${inHours(-1)}-${inHours(1)}` });
    expect(await statusOf(`/v1/devices/${first}/light`, now.access_token)).toBe(200);
    const later = await exchange(wide.access_token, { scope: `noFlash@${first}/${inHours(2)}-${inHours(3)}` });
    expect(await statusOf(`/v1/devices/${first}/light`, later.access_token)).toBe(403);
    await expect(exchange(later.access_token, { scope: `noFlash@${first}` })).rejects.toMatchObject({
      error: "invalid_scope",
    });
    const hook = { event: "pressed", url: "https://hooks.example/", deviceid: first };
    expect((await world.send("POST", "/v1/webhooks", hook, now.access_token)).status).toBe(403);
    expect((await world.send("POST", "/v1/webhooks", hook, wide.access_token)).status).toBe(200);
    const event = { name: "hello", data: "1" };
    expect((await world.send("POST", "/v1/devices/events", event, now.access_token)).status).toBe(403);
  });

  it("counts what an exchanged token does for all that it came from, and a refresh gives no use back", async () => {
    const scope = `noFlash@${first}/uses=3`;
    const tokens = await tokensFor(await codeGrant({ scope, who: await world.account("cora", "admin") }));
    const read = async (token: string) => (await world.get(`/v1/devices/${first}/light`, token)).status;
    const narrow = await exchange(tokens.access_token, { scope: `use:light@${first}/uses=2` });
    await expect(exchange(tokens.access_token, { scope: `use:light@${first}` })).rejects.toMatchObject({
      error: "invalid_scope",
    });
    expect([await read(narrow.access_token), await read(narrow.access_token), await read(narrow.access_token)]).toEqual(
      [200, 200, 403],
    );
    const answer = await oauth.refreshTokenGrantRequest(server, client, none, tokens.refresh_token ?? "", insecure);
    const renewed = await oauth.processRefreshTokenResponse(server, client, answer);
    expect(renewed.scope).toBe(scope);
    expect([await read(renewed.access_token), await read(renewed.access_token)]).toEqual([200, 403]);
    const refused = await world.get(`/v1/devices/${first}/light`, renewed.access_token);
    expect(await refused.json()).toMatchObject({ error_description: expect.stringContaining("uses are used up") });
    // The unit is still shown.
    expect(await statusOf(`/v1/devices/${first}`, renewed.access_token)).toBe(200);
    const look = async (token: string) =>
      oauth.processIntrospectionResponse(
        ...([server, client, await oauth.introspectionRequest(server, client, none, token, insecure)] as const),
      );
    const told = await look(narrow.access_token);
    expect(told).toMatchObject({ active: true, scope: `use:light@${first}/uses=2` });
    expect(JSON.stringify(told)).not.toContain("under");
    // A token ends with the one that it came from.
    const once = await exchange(tokens.access_token, {});
    await oauth.revocationRequest(server, client, none, tokens.access_token, insecure);
    expect(await statusOf("/v1/devices", once.access_token)).toBe(401);
    expect(await look(once.access_token)).toEqual({ active: false });
  });

  it("refuses with the word and what to do where a limit is one that only a unit can hold", async () => {
    const who = await world.account("dora", "admin");
    const wide = await tokensFor(await codeGrant({ scope: "noFlash", who }));
    await expect(exchange(wide.access_token, { scope: "noFlash/near=52.5,13.4,500m" })).rejects.toMatchObject({
      error: "invalid_scope",
      error_description: expect.stringContaining("only the unit knows where it is"),
    });
    let last = wide.access_token;
    for (let times = 0; times < 8; times++) last = (await exchange(last, {})).access_token;
    expect(await statusOf("/v1/devices", last)).toBe(200);
    await expect(exchange(last, {})).rejects.toMatchObject({ error: "invalid_grant" });
  });

  it("narrows device, level, function and life, and widens none of them", async () => {
    const wide = await tokensFor(await codeGrant({ scope: "noFlash" }));
    await expect(exchange(wide.access_token, { scope: "all" })).rejects.toMatchObject({ error: "invalid_scope" });
    const narrow = await exchange(wide.access_token, { scope: `use:light@${first}`, expires_in: "60" });
    expect(narrow).toMatchObject({ scope: `use:light@${first}`, expires_in: 60 });
    expect(await statusOf(`/v1/devices/${first}/light`, narrow.access_token)).toBe(200);
    expect(await statusOf(`/v1/devices/${second}/light`, narrow.access_token)).toBe(403);
    for (const scope of [
      "noFlash",
      `noFlash@${first}`,
      "use:light",
      `use:light@${second}`,
      `use:dim@${first}`,
      "all",
    ]) {
      await expect(exchange(narrow.access_token, { scope }), scope).rejects.toMatchObject({ error: "invalid_scope" });
    }
    const longer = await exchange(narrow.access_token, { expires_in: "86400" });
    expect(longer.expires_in).toBeLessThanOrEqual(60);
    await oauth.revocationRequest(server, client, none, wide.refresh_token ?? "", insecure);
    expect(await statusOf(`/v1/devices/${first}/light`, narrow.access_token)).toBe(401);
  });
});

describe("limits", () => {
  it("stand on the consent page in words, in the browser's language", async () => {
    const limits = "/0800-1800@mon-fri+0200/rate=10:1m/uses=5/arg:setLamp.level=1..9/moon=170-190/lan";
    const ben = await world.account("ben", "admin");
    const pageIn = async (language: string) => {
      const { consent } = await codeGrant({ scope: `use:setLamp@${first}${limits}`, language, who: ben });
      return (consent?.text ?? "").replaceAll("&#39;", "'");
    };
    const english = await pageIn("en");
    for (const text of [
      "from 08:00 to 18:00 UTC+02:00 (on Monday, Tuesday, Wednesday, Thursday, and Friday)",
      "at most 10 times in 1 minute",
      "5 times in all",
      "setLamp with level from 1 to 9 alone",
      "while the moon is 170 to 190 degrees ahead of the sun",
      "from the gateway's own network alone",
    ]) {
      expect(english).toContain(text);
    }
    const german = await pageIn("de");
    for (const text of [
      "von 08:00 bis 18:00 UTC+02:00 (am Montag, Dienstag, Mittwoch, Donnerstag und Freitag)",
      "höchstens 10 Mal in 1 Minute",
      "insgesamt 5 Mal",
      "setLamp nur mit level von 1 bis 9",
      "nur aus dem eigenen Netz des Gateways",
    ]) {
      expect(german).toContain(text);
    }
  });

  it("bound the arguments and the rate of a call, for a program as well", async () => {
    const registration = { id: "dimmer", role: "support", scope: `use:setLamp@${first}/rate=1:1h` };
    const answer = await world.send("POST", "/v1/gateway/clients", registration, world.bootstrapKey());
    const { secret } = (await answer.json()) as { secret: string };
    const program = { client_id: "dimmer" };
    const ask = async (scope: string) => {
      const auth = oauth.ClientSecretBasic(secret);
      const asked = await oauth.clientCredentialsGrantRequest(server, program, auth, { scope }, insecure);
      return (await oauth.processClientCredentialsResponse(server, program, asked)).access_token;
    };
    const bounded = await ask(`${registration.scope}/arg:setLamp.level=1..9`);
    const call = (token: string, level: number) =>
      world.send("POST", `/v1/devices/${first}/setLamp`, { args: { level } }, token);
    expect((await call(bounded, 10)).status).toBe(403);
    expect((await call(bounded, 5)).status).not.toBe(403);
    // Another token of the same program has no use more.
    const refused = await call(await ask(registration.scope), 5);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
  });
});

it("says in words of OAuth what it does not do", async () => {
  const asked = { client_id: "latchkey", redirect_uri: "http://127.0.0.1/callback", scope: "noFlash" };
  const refused = async (fields: Record<string, string>) => {
    const url = new URL("/oauth/authorize", world.gateway.url);
    url.search = new URLSearchParams({ ...asked, ...fields }).toString();
    const answer = await fetch(url, { redirect: "manual" });
    const to = new URL(answer.headers.get("location") ?? "http://none/");
    return to.searchParams.get("error") ?? new URLSearchParams(to.hash.slice(1)).get("error");
  };
  const challenge = { code_challenge: "a".repeat(43), code_challenge_method: "S256" };
  expect(await refused({ response_type: "token", ...challenge })).toBe("unsupported_response_type");
  expect(await refused({ response_type: "code" })).toBe("invalid_request");
  expect(await refused({ response_type: "code", ...challenge, code_challenge_method: "plain" })).toBe(
    "invalid_request",
  );
  expect(await refused({ response_type: "code", ...challenge, scope: "openid" })).toBe("invalid_scope");
});

describe("a token that is bound to a key (DPoP)", () => {
  it("is taken with a fresh proof by this key, and in no other way", async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const grant = await codeGrant({ scope: "noFlash" });
    const tokens = await tokensFor(grant, { DPoP });
    expect(tokens.token_type).toBe("dpop");
    const target = new URL(`/v1/devices/${first}/light`, world.gateway.url);
    const call = (options: object) =>
      oauth.protectedResourceRequest(tokens.access_token, "GET", target, undefined, undefined, {
        ...insecure,
        ...options,
      });
    expect((await call({ DPoP })).status).toBe(200);
    expect(await statusOf(target.pathname, tokens.access_token)).toBe(401);
    const thief = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    await expect(call({ DPoP: thief })).rejects.toThrow();

    let proof = "";
    const spy = {
      [oauth.customFetch]: (url: string, init: RequestInit) => {
        proof = new Headers(init.headers).get("dpop") ?? "";
        return fetch(url, init);
      },
    };
    expect((await call({ DPoP, ...spy })).status).toBe(200);
    const headers = { authorization: `DPoP ${tokens.access_token}`, dpop: proof };
    const replayed = await fetch(target, { headers });
    expect([replayed.status, await replayed.json()]).toEqual([
      401,
      expect.objectContaining({ error_description: "this proof was used before" }),
    ]);
    const elsewhere = await fetch(new URL("/v1/devices", target), { headers });
    expect(elsewhere.status).toBe(401);
  });
});

it("without the switch for the Spark era there is no password grant, and no token in a query", async () => {
  const fields = { grant_type: "password", client_id: "latchkey", username: "ann", password: PASSWORD };
  const refused = await world.form("/oauth/token", fields);
  expect(await refused.json()).toMatchObject({ error: "unsupported_grant_type" });
  const { access_token } = await tokensFor(await codeGrant({ scope: "noFlash" }));
  expect((await world.get(`/v1/devices?access_token=${access_token}`)).status).toBe(401);
  expect(await statusOf("/v1/devices", access_token)).toBe(200);
});
