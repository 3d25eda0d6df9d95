/** Staff log in through the maker's own OpenID Connect provider: another instance of oidc-provider, in the maker's place. */
import { freePort } from "#base/host/free-port.ts";
import "#gateway/oauth/node-20.ts";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider, { type JWK } from "oidc-provider";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBrowser, type Page } from "./browser.ts";
import { startWorld, type World } from "./gateway-world.ts";

const CALLBACK = "http://127.0.0.1:9/back";
/** Who is at the maker's provider, as a test sets it. */
let person = { email: "ann@maker.example", verified: true, amr: ["pwd", "otp"] };
let world: World;
let maker = "";
const server = createServer();

beforeAll(async () => {
  const port = await freePort();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  maker = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const provider = new Provider(maker, {
    clients: [
      {
        ...{ client_id: "gateway", client_secret: "of the gateway", id_token_signed_response_alg: "ES256" },
        redirect_uris: [`http://127.0.0.1:${port}/maker-callback`],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig" } as JWK] },
    cookies: { keys: ["a key"] },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ["sub", "amr"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: async (_ctx, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId, email: person.email, email_verified: person.verified }),
    }),
  });
  const answer = provider.callback();
  server.on("request", async (incoming, outgoing) => {
    if (!incoming.url?.startsWith("/interaction/")) return answer(incoming, outgoing);
    const { prompt, params, session } = await provider.interactionDetails(incoming, outgoing);
    if (prompt.name === "login") {
      const login = { accountId: person.email, amr: person.amr };
      return provider.interactionFinished(incoming, outgoing, { login });
    }
    const grant = new provider.Grant({ accountId: session?.accountId ?? "", clientId: String(params.client_id) });
    grant.addOIDCScope("openid email");
    return provider.interactionFinished(incoming, outgoing, { consent: { grantId: await grant.save() } });
  });
  const makerLogin = { issuer: maker, clientId: "gateway", clientSecret: "of the gateway" };
  world = await startWorld({ port, makerLogin, isCompat: false }, 1);
  for (const unit of world.units) await world.add(unit);
  const staff = { name: "ann@maker.example", role: "release", login: "maker" };
  expect((await world.send("POST", "/v1/gateway/accounts", staff, world.bootstrapKey())).status).toBe(200);
  const client = { id: "console", role: "support", scope: "noFlash", redirectUris: [CALLBACK] };
  await world.send("POST", "/v1/gateway/clients", client, world.bootstrapKey());
});
afterAll(async () => {
  await world.close();
  server.close();
  server.closeAllConnections();
});

async function loginPage(browser: ReturnType<typeof createBrowser>): Promise<Page> {
  const url = new URL("/oauth/authorize", world.gateway.url);
  const challenge = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from("v".repeat(43)))).toString(
    "base64url",
  );
  url.search = new URLSearchParams({
    ...{ client_id: "console", response_type: "code", scope: "noFlash", redirect_uri: CALLBACK },
    ...{ code_challenge: challenge, code_challenge_method: "S256" },
  }).toString();
  return browser.open(url);
}
const linkOf = ({ text, url }: Page) => new URL(/href="([^"]*\/maker)"/.exec(text)?.[1] ?? "", url);
async function atMaker(): Promise<Page> {
  const browser = createBrowser(new URL(CALLBACK).origin);
  return browser.open(linkOf(await loginPage(browser)));
}

it("lets in whom the provider names, as the account that is here", async () => {
  const page = await atMaker();
  expect(page.text).toMatch(/ann@maker\.example, console wants to/);
  const journal = await (await world.get("/v1/gateway/journal", world.bootstrapKey())).json();
  expect(JSON.stringify(journal)).toContain(`login by ${new URL(maker).host}`);
});

it("lets in nobody without an account here, and no address that the provider has not verified", async () => {
  for (const other of [{ email: "eve@maker.example" }, { verified: false }]) {
    const before = person;
    person = { ...person, ...other };
    const page = await atMaker();
    expect([page.status, page.text]).toEqual([403, expect.stringMatching(/named nobody who has an account here/)]);
    person = before;
  }
  await world.send("PUT", "/v1/gateway/accounts/ann@maker.example", { disabled: true }, world.bootstrapKey());
  expect((await atMaker()).status).toBe(403);
  await world.send("PUT", "/v1/gateway/accounts/ann@maker.example", { disabled: false }, world.bootstrapKey());
});

it("takes an answer in the browser that asked alone, with its own state, and once", async () => {
  const victim = createBrowser();
  const attacker = createBrowser();
  const start = linkOf(await loginPage(attacker));
  // The attacker stops at the gateway's callback, and gives that address to somebody else.
  const hop = async (url: URL, cookie: string) =>
    new URL((await fetch(url, { redirect: "manual", headers: { cookie } })).headers.get("location") ?? "", url);
  const cookies = (browser: ReturnType<typeof createBrowser>) =>
    browser
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  const toMaker = await hop(start, cookies(attacker));
  expect(toMaker.searchParams.get("code_challenge_method")).toBe("S256");
  const stopped = createBrowser(world.gateway.url);
  const callback = (await stopped.open(toMaker)).url;
  expect(callback.pathname).toBe("/maker-callback");
  const given = await victim.open(callback);
  expect([given.status, given.text]).toEqual([400, expect.stringMatching(/began in another browser/)]);

  const forged = new URL(callback);
  forged.searchParams.set("state", "x");
  expect((await victim.open(forged)).status).toBe(400);
  const mixedUp = new URL(callback);
  mixedUp.searchParams.set("iss", "https://another.example");
  expect((await attacker.open(mixedUp)).status).toBe(403);
  // It was used by that.
  expect((await attacker.open(callback)).status).toBe(400);
});

it("a password logs such an account in nowhere", async () => {
  const browser = createBrowser();
  const page = await loginPage(browser);
  const fields = { username: "ann@maker.example", password: "none", otp: "000000", do: "login" };
  expect((await browser.submit(page, fields)).status).toBe(400);
});
