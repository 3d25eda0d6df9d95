/** Passkeys in a real browser with its virtual authenticator: an invitation becomes an account, a passkey is added, and it logs in. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateSync } from "otplib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { openBrowser } from "../web/browser.ts";
import { PASSWORD, startWorld, type World } from "./gateway-world.ts";

let world: World;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let issuer = "";
let secret = "";
/** Where the test's client gets its codes. */
const callback = createServer((_, outgoing) => outgoing.end("back"));

beforeAll(async () => {
  const port = await freePort();
  // Browsers have passkeys at host names alone.
  issuer = `http://localhost:${port}`;
  world = await startWorld({ port, url: issuer, isCompat: false }, 1);
  for (const unit of world.units) await world.add(unit);
  callback.listen(0, "127.0.0.1");
  await once(callback, "listening");
  browser = await openBrowser();
  context = await browser.newContext();
  page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
  } as const;
  const automatic = { isUserVerified: true, automaticPresenceSimulation: true };
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options: { ...options, ...automatic } });
});
afterAll(async () => {
  await browser?.close();
  callback.close();
  await world.close();
});

async function authorize(client: string): Promise<string> {
  const verifier = "a".repeat(43);
  const challenge = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(verifier))).toString("base64url");
  const url = new URL("/oauth/authorize", issuer);
  url.search = new URLSearchParams({
    ...{ client_id: client, response_type: "code", scope: "noFlash", state: "s" },
    ...{ code_challenge: challenge, code_challenge_method: "S256" },
    redirect_uri: `http://127.0.0.1:${(callback.address() as AddressInfo).port}/back`,
  }).toString();
  return url.href;
}

it("an invitation becomes an account with a second factor and a passkey", async () => {
  const invited = await world.send(
    "POST",
    "/v1/gateway/accounts",
    { name: "ann", role: "support" },
    world.bootstrapKey(),
  );
  const { code } = (await invited.json()) as { code: string };
  await page.goto(`${issuer}/welcome`);
  const fill = async (password: string, again: string) => {
    await page.getByLabel("Code of your invitation").fill(code);
    await page.getByLabel(/^New password/).fill(password);
    await page.getByLabel("The same again").fill(again);
    await page.getByRole("button", { name: "Make the account" }).click();
  };
  await fill(PASSWORD, "something else entirely");
  expect(await page.getByRole("alert").first().textContent()).toMatch(/two passwords are different/);
  await fill(PASSWORD, PASSWORD);
  await page.getByRole("heading", { name: "Write these down" }).waitFor();
  expect(await page.locator("svg").count()).toBe(1);
  secret = (await page.locator("code").first().textContent()) ?? "";
  expect(secret).toMatch(/^[A-Z2-7]{16,}$/);
  expect((await page.locator("code").nth(1).textContent())?.split(" ")).toHaveLength(10);
  if (process.env.LATCHKEY_SCREENSHOTS)
    await page.screenshot({ path: `${process.env.LATCHKEY_SCREENSHOTS}/welcome.png` });

  await page.getByLabel("What you call this device").fill("laptop <b>");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("laptop <b> is added.").waitFor();
  if (process.env.LATCHKEY_SCREENSHOTS)
    await page.screenshot({ path: `${process.env.LATCHKEY_SCREENSHOTS}/account.png` });
  await page.goto(`${issuer}/welcome`);
  await fill(PASSWORD, PASSWORD);
  expect(await page.getByRole("alert").first().textContent()).toMatch(/this invitation was used/);
});

it("the passkey logs in for a program without name, password or code", async () => {
  const redirect = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/back`;
  const client = { id: "console", role: "support", scope: "noFlash", redirectUris: [redirect] };
  const made = await world.send("POST", "/v1/gateway/clients", client, world.bootstrapKey());
  const { secret: password } = (await made.json()) as { secret: string };
  await page.goto(await authorize("console"));
  await page.getByRole("button", { name: "Use a passkey" }).waitFor();
  if (process.env.LATCHKEY_SCREENSHOTS)
    await page.screenshot({ path: `${process.env.LATCHKEY_SCREENSHOTS}/login.png` });
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByRole("heading", { name: "Allow access?" }).waitFor();
  expect(await page.locator("body").textContent()).toMatch(/ann, console wants to/);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${redirect}?**`);
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const authorization = `Basic ${Buffer.from(`console:${password}`).toString("base64")}`;
  const fields = { grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: "a".repeat(43) };
  const { access_token } = (await (await world.form("/oauth/token", fields, { authorization })).json()) as {
    access_token: string;
  };
  expect((await world.get("/v1/devices", access_token)).status).toBe(200);
});

it("an answer that was used, or was made for another page, proves nothing", async () => {
  await context.clearCookies();
  await page.goto(await authorize("console"));
  const form = page.locator("form[data-passkey]");
  const answers: string[] = [];
  await page.route("**/login/**", async (route) => {
    answers.push(new URLSearchParams(route.request().postData() ?? "").get("answer") ?? "");
    await route.abort();
  });
  await form.getByRole("button").click();
  await expect.poll(() => answers.length).toBe(1);
  await page.unroute("**/login/**");
  // Shown to another login, whose challenge is another one.
  await context.clearCookies();
  await page.goto(await authorize("console"));
  await form.evaluate((element, answer) => {
    const field = element as unknown as { elements: { answer: { value: string } }; submit(): void };
    field.elements.answer.value = answer;
    field.submit();
  }, answers[0] as string);
  await page.getByText("This passkey is not known here").waitFor();
  expect(await page.getByRole("heading").textContent()).toBe("Log in");
});

it("a passkey that its owner removed logs nobody in", async () => {
  await page.goto(`${issuer}/account`);
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel(/^One-time code/).fill(generateSync({ secret }));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("laptop <b>").waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("The passkey is removed.").waitFor();
  await page.goto(`${issuer}/account`);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByText("This passkey is not known here").waitFor();
});
