/** The console that a gateway serves, in a real browser. Long because one person's journey is told in it: each test goes on where the one before ended. Needs chromium. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { AccountView, GatewayJournalPage } from "#gateway/http/interface.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { buildPage } from "#web/host/build-page.ts";
import { until } from "../cloud/broker/linked-unit.ts";
import { axeFaults, complaintsOf, openBrowser } from "../web/browser.ts";
import { expectViewsFit, TOO_WIDE } from "./console-views.ts";
import { giveCredentials, later, MARKUP } from "./console-world.ts";
import { type Account, ownerSeed, PASSWORD, startWorld, type World } from "./gateway-world.ts";

let world: World;
let browser: Browser;
let ada: Account;
let sam: Account;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  world = await startWorld({ isCompat: false, mayHookPrivately: true, console: () => buildPage("console") }, 3);
  // The last one comes by the page.
  for (const unit of world.units.slice(0, 2)) await world.add(unit);
  browser = await openBrowser();
  ada = await world.account("ada", "admin");
  sam = await world.account("sam", "support");
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const first = () => world.units[0] as World["units"][number];

async function open(account: Account): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en" });
  const opened = await context.newPage();
  await opened.goto(`${world.gateway.url}/console/`);
  await opened.getByRole("button", { name: "Log in" }).click();
  await giveCredentials(opened, account);
  await opened.getByRole("button", { name: "Allow" }).click();
  await opened.getByRole("heading", { name: "Units", level: 1 }).waitFor();
  return opened;
}
const goTo = async (view: string, heading: string) => {
  await page.evaluate(`location.hash = "#/${view}"`);
  await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
};
/** Presses a button that asks first, and answers its dialog. */
async function press(name: string, fill: (dialog: ReturnType<Page["getByRole"]>) => Promise<void> = async () => {}) {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog", { name });
  await fill(dialog);
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
}
const accountOf = async (name: string) => {
  const accounts = (await (await world.get("/v1/gateway/accounts", world.bootstrapKey())).json()) as AccountView[];
  return accounts.find((each) => each.name === name);
};
/** What the gateway's own host reads of the journal: who did what. */
async function journal(): Promise<readonly string[]> {
  const told = (await (await world.get("/v1/gateway/journal", world.bootstrapKey())).json()) as GatewayJournalPage;
  return told.entries.map(({ who, what, outcome }) => `${who}: ${what}: ${outcome}`);
}

test("the login and consent pages speak a browser's language, and axe finds nothing wrong with them", async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, locale: "de" });
  const german = await context.newPage();
  await german.goto(`${world.gateway.url}/console/`);
  await german.getByRole("button", { name: "Anmelden" }).click();
  await german.getByRole("heading", { name: "Anmelden" }).waitFor();
  expect(await german.evaluate("document.documentElement.lang")).toBe("de");
  expect(await axeFaults(german)).toEqual([]);
  await german.getByLabel("Name").fill("sam");
  await german.getByLabel("Passwort").fill("wrong");
  await german.getByLabel("Einmalcode").fill("000000");
  await german.getByRole("button", { name: "Anmelden" }).click();
  await german.getByText("Name, Passwort oder Code ist falsch.").waitFor();
  await german.getByLabel("Name").fill("sam");
  await german.getByLabel("Passwort").fill(PASSWORD);
  await german.getByLabel("Einmalcode").fill(sam.code());
  await german.getByRole("button", { name: "Anmelden" }).click();
  await german.getByLabel("alles mit jedem Gerät tun, auch Releases installieren").waitFor();
  expect(await axeFaults(german)).toEqual([]);
  expect(await german.evaluate(TOO_WIDE)).toEqual([]);
  await german.getByRole("button", { name: "Ablehnen" }).click();
  await german.getByText("Die Anmeldung hat nicht geklappt").waitFor();
  await german.goto(`${world.gateway.url}/welcome`);
  await german.getByRole("heading", { name: "Ihr Konto anlegen" }).waitFor();
  expect(await axeFaults(german)).toEqual([]);
  await context.close();
});

test("an administrator logs in with password and one-time code, and sees the units that the gateway reaches", async () => {
  page = await open(ada);
  complaints = complaintsOf(page);
  const row = page.getByRole("row", { name: new RegExp(first().id) });
  await row.getByText("reached").waitFor();
  await page.getByRole("searchbox").fill(first().id.slice(0, 12));
  await until("the other unit is left out", async () => (await page.getByRole("row").count()) === 2);
});

test("a function is a form made from the unit's description; the call reaches the unit, and the audit says who made it", async () => {
  await page
    .getByRole("row", { name: new RegExp(first().id) })
    .getByRole("link")
    .click();
  const form = page.getByRole("form", { name: "Lamp" });
  await form.getByRole("switch").click();
  await form.getByRole("button", { name: "Run: Lamp" }).click();
  await form.getByText("done").waitFor();
  expect(first().server.calls).toContain("setLamp");
  const done = page.getByRole("table", { name: "Audit" }).getByRole("row", { name: /ada call setLamp done/ });
  await done.waitFor();
});

test("a variable is read again and again, and drawn", async () => {
  const light = page.getByRole("listitem").filter({ hasText: "light" });
  await light.getByText("512").waitFor();
  await page.getByRole("img", { name: /light: 512 now/i }).waitFor();
});

test("an event shows as the unit raises it", async () => {
  await page.getByText("live", { exact: true }).waitFor();
  await until("the event is shown", async () => {
    first().server.show({ kind: "raised", name: "pressed", value: encodeCbor(42) });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return (await page.getByRole("row", { name: /pressed 42/i }).count()) > 0;
  });
});

test("a name stays a text, whatever markup it holds, and so does what an event carries", async () => {
  await press("Rename", (dialog) => dialog.getByLabel("Name").fill(MARKUP));
  await page.getByRole("heading", { name: MARKUP, level: 1 }).waitFor();
  await until("the event is shown", async () => {
    first().server.show({ kind: "raised", name: "pressed", value: encodeCbor(MARKUP) });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return (await page.getByRole("cell", { name: MARKUP }).count()) > 0;
  });
  await goTo("units", "Units");
  await page.getByRole("link", { name: MARKUP }).waitFor();
  await goTo("audit", "Audit");
  await page.getByText(MARKUP).first().waitFor();
  expect(await page.evaluate("[document.title, document.querySelectorAll('img').length]")).toEqual([
    "Audit · Latchkey",
    0,
  ]);
});

test("somebody is invited: the code is shown once, and makes their account", async () => {
  await goTo("staff", "Staff");
  await press("Invite", async (dialog) => {
    await dialog.getByLabel("Name").fill("nora@maker.example");
    await dialog.getByLabel("Role").selectOption("release");
  });
  await page.getByText("Invitation of nora@maker.example").waitFor();
  const code = (await page.locator("pre.secret").textContent())?.trim() ?? "";
  await page.getByRole("button", { name: "I have noted it" }).click();
  expect(await page.getByText(code).count()).toBe(0);
  await page.getByRole("row", { name: /nora@maker.example release invited/ }).waitFor();
  const accepted = await world.send("POST", "/v1/gateway/accounts/accept", { code, password: "a long new password" });
  expect(accepted.status).toBe(200);
  await page.getByRole("row", { name: /nora@maker.example release active One-time codes 10 recovery/ }).waitFor();
});

test("a role is changed, an account disabled and enabled, invited again and removed", async () => {
  await page.getByRole("link", { name: "nora@maker.example" }).click();
  await press("Change role", async (dialog) => void (await dialog.getByLabel("Role").selectOption("viewer")));
  await until("the role is changed", async () => (await accountOf("nora@maker.example"))?.role === "viewer");
  await press("Disable");
  await page.getByText("disabled", { exact: true }).waitFor();
  await press("Enable");
  await page.getByText("active", { exact: true }).waitFor();
  await press("Invite again");
  await page.getByText("Invitation of nora@maker.example").waitFor();
  expect(await accountOf("nora@maker.example")).toMatchObject({ isInvited: true, hasTotp: false, recoveryLeft: 0 });
  await press("Remove");
  await page.getByRole("heading", { name: "Staff", level: 1 }).waitFor();
  expect(await accountOf("nora@maker.example")).toBeUndefined();
  expect(await journal()).toEqual(expect.arrayContaining(["ada: remove nora@maker.example: done"]));
});

test("what changes accounts needs a fresh second factor, which a window asks for; what was begun goes on", async () => {
  await later(600_000, ada, async (account) => {
    await goTo("staff/sam", "sam");
    await page.getByRole("button", { name: "Change role" }).click();
    const dialog = page.getByRole("dialog", { name: "Change role" });
    await dialog.getByLabel("Role").selectOption("viewer");
    await dialog.getByRole("button", { name: "Change role" }).click();
    // The window comes back to a page that takes long to load.
    await page.context().route("**/console/page.js", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await route.continue();
    });
    const fresh = page.getByRole("dialog", { name: "Confirm that it is you" });
    await fresh.waitFor();
    expect((await accountOf("sam"))?.role).toBe("support");
    const opens = page.waitForEvent("popup");
    await fresh.getByRole("button", { name: "Confirm" }).click();
    const popup = await opens;
    // The message goes by itself after some seconds, however slowly the window closes.
    const changed = page.getByText("sam is changed.").waitFor();
    await Promise.all([changed, giveCredentials(popup, account)]);
    expect((await accountOf("sam"))?.role).toBe("viewer");
  });
});

test("nobody changes their own account", async () => {
  await goTo("staff/ada", "ada");
  await page.getByText("Another administrator changes your account").waitFor();
  expect(await page.locator(".view-head").getByRole("button").count()).toBe(0);
});

test("somebody's tokens are listed with what they may do, and end when they are revoked: their page is out", async () => {
  const other = await open(sam);
  await goTo("tokens", "Tokens");
  const row = page.getByRole("row", { name: /sam Console at .* all staff/ });
  await row.getByRole("button", { name: "Revoke" }).click();
  const dialog = page.getByRole("dialog", { name: "Revoke" });
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await row.waitFor({ state: "hidden" });
  await other.getByText("You are logged out.").waitFor();
  await other.context().close();
  expect(await page.getByText("this page").isVisible()).toBe(true);
});

test("a program is registered; once it is removed, its secret and its token are good no more", async () => {
  await press("Register a program", (dialog) => dialog.getByLabel("Name").fill("builds"));
  await page.getByText("Secret of builds, shown once").waitFor();
  const secret = (await page.locator("pre.secret").textContent()) ?? "";
  await page.getByRole("button", { name: "I have noted it" }).click();
  const logIn = () => {
    const authorization = `Basic ${Buffer.from(`builds:${secret}`).toString("base64")}`;
    return world.form("/oauth/token", { grant_type: "client_credentials", scope: "noFlash" }, { authorization });
  };
  const token = ((await (await logIn()).json()) as { access_token: string }).access_token;
  expect((await world.get("/v1/devices", token)).status).toBe(200);
  const row = page.getByRole("row", { name: /builds program support noFlash/ });
  await row.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Remove" }).getByRole("button", { name: "Remove" }).click();
  await row.waitFor({ state: "hidden" });
  expect((await logIn()).status).toBe(401);
  expect((await world.get("/v1/devices", token)).status).toBe(401);
});

test("an owner brings a unit by a link from the page, and an administrator forgets it", async () => {
  const last = world.units[2] as World["units"][number];
  await goTo("units", "Units");
  await press("Bring a unit");
  const link = (await page.locator("pre.secret").textContent()) ?? "";
  await page.getByRole("button", { name: "I have noted it" }).click();
  const [address, rest = ""] = link.split("/#");
  const [key, code] = rest.split(".");
  expect([address, key]).toEqual([world.gateway.url, toHex(world.gateway.publicKey)]);
  expect((await world.add(last, undefined, code)).status).toBe(200);
  await page
    .getByRole("row", { name: new RegExp(last.id) })
    .getByRole("link")
    .click();
  await press("Forget");
  await page.getByRole("heading", { name: "Units", level: 1 }).waitFor();
  await until("it is gone", async () => (await page.getByRole("row", { name: new RegExp(last.id) }).count()) === 0);
  expect(await journal()).toEqual(
    expect.arrayContaining(["ada: remove unit: done", expect.stringMatching(/^ada: add unit lamp .*: connected$/)]),
  );
});

test("a webhook is added with its secret shown once, tells how its last delivery went, and is removed", async () => {
  await goTo("webhooks", "Webhooks");
  await press("Add a webhook", async (dialog) => {
    await dialog.getByLabel("Event").fill("pressed");
    // Nobody listens at the discard port.
    await dialog.getByLabel("Address").fill("http://127.0.0.1:9/hook");
    await dialog.getByLabel("Unit").fill(first().id);
  });
  await page.getByText("Secret of http://127.0.0.1:9/hook, shown once").waitFor();
  await page.getByRole("button", { name: "I have noted it" }).click();
  const row = page.getByRole("row", { name: /ada pressed/ });
  await row.getByText("none since the start").waitFor();
  await until("a delivery was tried", async () => {
    first().server.show({ kind: "raised", name: "pressed", value: encodeCbor(7) });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return (await row.getByText(/ECONNREFUSED/).count()) > 0;
  });
  await row.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Remove" }).getByRole("button", { name: "Remove" }).click();
  await row.waitFor({ state: "hidden" });
  expect(await journal()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^ada: add webhook /),
      expect.stringMatching(/^ada: remove webhook /),
    ]),
  );
});

test("the gateway's key is shown with its age, what to do to replace it, and who delegated what to it", async () => {
  await goTo("key", "Key");
  await page.getByText(toHex(world.gateway.publicKey)).waitFor();
  await page.getByText("in gateway.key of the data folder").waitFor();
  const owner = toHex(primitives.ed25519PublicKey(ownerSeed)).slice(0, 16);
  await page
    .getByRole("row", { name: new RegExp(`${owner}… [0-9a-f]{16} .* never yes`) })
    .first()
    .waitFor();
});

test("the audit is in German for whoever reads German", async () => {
  await goTo("audit", "Audit");
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("row", { name: /ada Webhook [0-9a-f]+ entfernt .* erledigt/ }).waitFor();
  await page.getByLabel("Sprache").selectOption("en");
  await page.getByRole("row", { name: /ada remove webhook [0-9a-f]+ .* done/ }).waitFor();
});

test("new recovery codes are shown once; the old ones are good no more", async () => {
  await goTo("account", "My account");
  await page.getByText("10 recovery codes left").waitFor();
  await press("New recovery codes");
  const codes = ((await page.locator("pre.secret").textContent()) ?? "").split("\n");
  expect(codes).toHaveLength(10);
  expect(codes).not.toContain(ada.recovery[0]);
  await page.getByRole("button", { name: "I have noted it" }).click();
  expect(await page.locator("pre.secret").count()).toBe(0);
});

test("a server that does not answer is told of, and what was shown stays until it does", async () => {
  const silence = "The server does not answer; what you see may be old.";
  await goTo("units", "Units");
  await page.getByRole("link", { name: MARKUP }).waitFor();
  await page.route("**/v1/devices", (route) => route.abort());
  await page.getByRole("alert").getByText(silence).waitFor();
  await page.getByRole("link", { name: MARKUP }).waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.unroute("**/v1/devices");
  await page.getByText(silence).waitFor({ state: "hidden" });
});

test("axe finds nothing wrong in any view, in light and dark, in German, and on a phone", async () => {
  const views = ["units", `units/${first().id}`, "staff", "staff/sam", "tokens", "webhooks", "key", "audit", "account"];
  await expectViewsFit(page, views);
});

test("a function is run by keyboard alone", async () => {
  await goTo(`units/${first().id}`, MARKUP);
  const before = first().server.calls.length;
  const form = page.getByRole("form", { name: "Lamp" });
  await form.getByRole("switch").focus();
  await page.keyboard.press("Space");
  await form.getByRole("button", { name: "Run: Lamp" }).focus();
  await page.keyboard.press("Enter");
  await form.getByText("done").waitFor();
  expect(first().server.calls.slice(before)).toContain("setLamp");
  expect(complaints.filter((each) => !/status of 403|ERR_FAILED/.test(each))).toEqual([]);
});

test("a viewer sees units, their own tokens and acts, and neither staff nor anybody else's", async () => {
  page = await open(await world.account("vera", "viewer"));
  expect(await page.getByRole("link", { name: "Staff" }).count()).toBe(0);
  await page
    .getByRole("row", { name: new RegExp(first().id) })
    .getByRole("link")
    .click();
  await page.getByText("There is no function that you may call.").waitFor();
  await page.getByRole("listitem").filter({ hasText: "light" }).getByText("512").waitFor();
  await goTo("tokens", "Tokens");
  await page.getByRole("row", { name: /vera/ }).waitFor();
  expect(await page.getByRole("row", { name: /\bada\b/ }).count()).toBe(0);
  await goTo("audit", "Audit");
  await page.getByRole("row", { name: /vera login/ }).waitFor();
  expect(await page.getByText(/\bada\b/).count()).toBe(0);
});
