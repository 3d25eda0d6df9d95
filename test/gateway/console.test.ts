/** The console in a real browser, over a real cloud with linked units and a real gateway with accounts. Needs chromium. */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JournalEntry, RolloutStatus } from "#cloud/http/interface.ts";
import { until } from "../cloud/broker/linked-unit.ts";
import { axeFaults, complaintsOf, openBrowser } from "../web/browser.ts";
import { expectViewsFit } from "./console-views.ts";
import { type ConsoleWorld, giveCredentials, later, MARKUP, openConsole, startConsoleWorld } from "./console-world.ts";
import type { Account } from "./gateway-world.ts";

let world: ConsoleWorld;
let browser: Browser;
let rita: Account;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  world = await startConsoleWorld(5);
  browser = await openBrowser();
  rita = await world.world.account("rita", "release");
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const status = () => world.operator.get<RolloutStatus>("/v1/rollouts/lamp-1-1");
const goTo = async (view: string, heading: string) => {
  await page.evaluate(`location.hash = "#/${view}"`);
  await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
};
/** Presses a button that asks first, and says why in its dialog. */
async function press(name: string, because: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog", { name });
  await dialog.getByLabel("Why").fill(because);
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
}

test("a person logs in with password and one-time code, and comes to the fleet", async () => {
  const limits = { soakMs: 0, sample: 1_000 };
  await world.operator.post("/v1/rollouts", {
    product: "lamp",
    sequence: 1,
    waves: [{ name: "all", share: 10_000 }],
    limits,
  });
  await until("the linked units are through", async () => {
    const { tally } = await status();
    return tally.confirmed === 3 && tally.rejected === 1;
  });
  page = await openConsole(browser, world.url, rita);
  complaints = complaintsOf(page);
  expect(new URL(page.url()).search).toBe("");
  await page.getByText("5 units").waitFor();
  expect(await page.getByText("rita").isVisible()).toBe(true);
});

test("keeps no token where another page or a later visitor finds it", async () => {
  const kept = await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])");
  expect(kept).toBe('[{},{},""]');
});

test("the list of units is as it was filtered when one comes back from a unit, and whole again by its link", async () => {
  await page.getByRole("searchbox").fill("kitchen");
  await page.getByText("1 unit", { exact: true }).waitFor();
  await page.getByRole("link", { name: MARKUP }).click();
  await page.getByRole("heading", { name: "Which release it should have" }).waitFor();
  await page.getByRole("link", { name: "← Fleet" }).click();
  await page.getByText("1 unit", { exact: true }).waitFor();
  expect(await page.getByRole("searchbox").inputValue()).toBe("kitchen");
  await page.getByRole("link", { name: "Fleet", exact: true }).click();
  await page.getByText("5 units").waitFor();
  await page.getByRole("combobox", { name: "Release" }).selectOption("lamp 1");
  await page.getByText("3 units").waitFor();
  await page.getByRole("combobox", { name: "Release" }).selectOption("");
});

test("the unit that failed is found by name and by reason, and what the reason means is said", async () => {
  await page.getByRole("searchbox").fill("kitchen");
  await page.getByText("1 unit", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Rollouts" }).click();
  await page.getByRole("link", { name: "lamp-1-1" }).click();
  await page.getByRole("heading", { name: "Units that failed" }).waitFor();
  await page.getByLabel("Reasons").selectOption({ label: "TRIAL_CRASH (1)" });
  const row = page.getByRole("row").nth(1);
  await row.getByText("crashed three times").waitFor();
  expect(await row.textContent()).toContain(world.units[3]?.id);
  await row.getByRole("link").click();
  await page.getByRole("heading", { name: "Which release it should have" }).waitFor();
  await page.getByText("last report of the device: rejected").waitFor();
});

test("names and texts of units stay texts, whatever markup they hold", async () => {
  const unit = world.units[4] as (typeof world.units)[0];
  await world.fail(unit, "start", `Error: ${MARKUP}<script>document.title="taken"</script>`);
  await goTo(`units/${world.units[3]?.id}`, MARKUP);
  await goTo(`units/${unit.id}`, unit.id);
  await page.locator("pre", { hasText: '<script>document.title="taken"</script>' }).first().waitFor();
  await page.getByRole("log", { name: "Stack" }).getByText(MARKUP).waitFor();
  await page.getByRole("log", { name: "The unit's last lines" }).getByText("lamp: on").waitFor();
  await page.getByText("The app threw an error.").waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await goTo("audit", "Audit");
  await page.getByText(`Error: ${MARKUP}`).waitFor();
  expect(await page.evaluate("[document.title.includes('taken'), document.querySelectorAll('img').length]")).toEqual([
    false,
    0,
  ]);
  expect(complaints).toEqual([]);
});

test("a rollout is halted and resumed, each with its reason", async () => {
  await goTo("rollouts/lamp-1-1", "lamp-1-1");
  await press("Halt", "kitchens crash");
  await page.getByText("halted", { exact: true }).waitFor();
  expect((await status()).rollout).toMatchObject({ state: "halted", because: "kitchens crash" });
  await page.getByRole("link", { name: "Rollouts 1" }).waitFor();
  await press("Resume", "");
  await page.getByText("running", { exact: true }).waitFor();
  expect((await status()).rollout).toMatchObject({ state: "running", because: "rita asked for it" });
});

test("publishing asks for a fresh second factor in a window of its own, and the audit says who did it", async () => {
  await later(600_000, rita, async (account) => {
    await goTo("releases", "Releases");
    await page.locator("input[type=file]").setInputFiles(world.releaseFile(2));
    await page.getByRole("button", { name: "Publish" }).click();
    await page.getByRole("dialog", { name: "Publish" }).getByRole("button", { name: "Publish" }).click();
    const dialog = page.getByRole("dialog", { name: "Confirm that it is you" });
    await dialog.waitFor();
    const releases = await world.operator.get<readonly { sequence: number }[]>("/v1/releases");
    expect(releases.map(({ sequence }) => sequence)).toEqual([1]);
    const opens = page.waitForEvent("popup");
    await dialog.getByRole("button", { name: "Confirm" }).click();
    const popup = await opens;
    // The message goes by itself after some seconds, however slowly the window closes.
    const published = page.getByText("Release 2 of lamp is published.").waitFor();
    await Promise.all([published, giveCredentials(popup, account)]);
    expect(popup.isClosed()).toBe(true);
  });
  await goTo("audit", "Audit");
  const row = page.getByRole("row", { name: /\/v1\/releases POST by rita/ });
  await row.first().waitFor();
  await page.getByText("kitchens crash").first().waitFor();
  await page.getByRole("searchbox").fill("By RITA");
  await page.getByText("kitchens crash").first().waitFor({ state: "hidden" });
  await row.first().waitFor();
  await page.getByRole("searchbox").fill("100%");
  await page.getByText("No entry fits.").waitFor();
  const journal = await world.operator.get<readonly JournalEntry[]>("/v1/journal");
  expect(journal.some(({ subject, what }) => subject === "lamp 2" && what === "published")).toBe(true);
});

test("a draft of a build server is published", async () => {
  await world.operator.post("/v1/release-drafts", new Uint8Array(readFileSync(world.releaseFile(3))));
  await goTo("fleet", "Fleet");
  await goTo("releases", "Releases");
  const row = page.getByRole("row", { name: /lamp 3/ });
  await row.getByRole("button", { name: "Publish" }).click();
  await page.getByRole("dialog", { name: "Publish" }).getByRole("button", { name: "Publish" }).click();
  await page.getByText("Release 3 of lamp is published.").waitFor();
  await page.getByRole("heading", { name: "Drafts" }).waitFor({ state: "hidden" });
  await until("it is among the releases", async () => (await row.getByText("auto").count()) === 1);
});

test("axe finds nothing wrong in any view, in light and dark, in German, and on a phone", async () => {
  const views = ["fleet", "rollouts", "rollouts/lamp-1-1", "releases", "keys", "audit", `units/${world.units[3]?.id}`];
  await expectViewsFit(page, views, async () => {
    await goTo("releases", "Releases");
    await page.getByRole("button", { name: "Zurückziehen" }).first().press("Enter");
    await page.getByRole("dialog", { name: "Zurückziehen" }).waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
  });
});

test("all of it works by keyboard", async () => {
  await goTo("fleet", "Fleet");
  const skip = page.getByRole("button", { name: "Skip to the content" });
  const isFirst = "document.querySelector('a, button, input, select').textContent";
  expect(await page.evaluate(isFirst)).toBe("Skip to the content");
  await skip.focus();
  expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0);
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  const link = page.getByRole("link", { name: "Keys" });
  await link.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
  await page.getByText("in this cloud; move it off-line").first().waitFor();
});

test("who logs out is out, also at the issuer; who comes again is asked for consent again", async () => {
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  await page.goto(`${world.url}/console/#/keys`);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
  await world.world.send("PUT", "/v1/gateway/accounts/rita", { disabled: true }, world.world.bootstrapKey());
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByText("You are logged out.").waitFor();
  expect(complaints.filter((each) => !/status of 40[13]/.test(each))).toEqual([]);
});

test("a viewer sees everything and changes nothing", async () => {
  const vera = await world.world.account("vera", "viewer");
  page = await openConsole(browser, world.url, vera);
  await goTo("rollouts/lamp-1-1", "lamp-1-1");
  await page.getByRole("heading", { name: "Units that failed" }).waitFor();
  await goTo("releases", "Releases");
  await page.getByText("lamp 1").waitFor();
  expect(await page.locator("main").getByRole("button").count()).toBe(0);
});

test("takes no answer to a login that was not begun in this tab", async () => {
  const other = await browser.newPage();
  const query = new URLSearchParams({ code: "x".repeat(43), state: "y", iss: world.world.gateway.url });
  await other.goto(`${world.url}/console/?${query}`);
  await other.getByText("this login was not begun here").waitFor();
  expect(new URL(other.url()).search).toBe("");
  await other.close();
});

test("the issuer sends the console's codes to its own address alone, and lets no other page ask for its tokens", async () => {
  const client = `${world.url}/console/`;
  const { url } = world.world.gateway;
  const ask = (clientId: string, redirect: string) => {
    const asked = new URL("/oauth/authorize", url);
    asked.search = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirect, response_type: "code", scope: "staff", resource: world.url },
      ...{ state: "s", code_challenge: "c".repeat(43), code_challenge_method: "S256" },
    }).toString();
    return fetch(asked, { redirect: "manual" });
  };
  const good = await ask(client, client);
  expect([good.status, good.headers.get("location")]).toEqual([303, expect.stringContaining("/login/")]);
  for (const redirect of [
    `${client}x`,
    `${world.url}/`,
    "https://evil.example/console/",
    client.replace("127.0.0.1", "localhost"),
  ]) {
    expect((await ask(client, redirect)).status, redirect).toBe(400);
  }
  const stranger = "https://evil.example/console/";
  expect((await ask(stranger, stranger)).status).toBe(400);
  const fields = { grant_type: "authorization_code", code: "x", redirect_uri: client, client_id: client };
  const told = async (origin: string) => {
    const answer = await fetch(new URL("/oauth/token", url), {
      ...{ method: "POST", headers: { origin }, body: new URLSearchParams(fields) },
    });
    return [answer.status, answer.headers.get("access-control-allow-origin")];
  };
  expect(await told(world.url)).toEqual([400, world.url]);
  expect(await told("https://evil.example")).toEqual([400, null]);
});

test("its files can be framed nowhere, and run no other script", async () => {
  const answer = await fetch(`${world.url}/console/`);
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
  expect(policy).toContain(`connect-src 'self' ${world.world.gateway.url};`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
});
