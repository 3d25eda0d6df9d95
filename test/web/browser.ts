/** A headless Chromium for tests of pages, the checks of axe, and a server for pages that need none of their own. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildPage } from "#web/host/build-page.ts";
import { PAGE_POLICY, type PageName } from "#web/host/page-frame.ts";
import { SILENCE_MS } from "../progress.ts";

/** How Chromium is started; on a busy machine that takes longer than playwright's half a minute. */
export const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ],
  timeout: SILENCE_MS,
};

/** @param more Further arguments for it. @returns A browser whose pages wait for what is asked of them as long as for any other program that shows no progress. */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  const browser = await chromium.launch({ ...CHROMIUM, args: [...CHROMIUM.args, ...more] });
  const open = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await open(options);
    context.setDefaultTimeout(SILENCE_MS);
    return context;
  };
  return browser;
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong by WCAG 2.1 A and AA and its good practices: one line each. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger's connection, which the page's policy doesn't bind.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    type Found = { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] };
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Found[] }> } };
    // A colour halfway through its transition has a contrast that nobody reads.
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const { violations } = await axe.run();
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`),
    );
  });
}

/** Complaints of a page: errors on its console and exceptions. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return complaints;
}

/** Serves one built page on loopback. */
export async function servePage(name: PageName): Promise<{ readonly url: string; close(): void }> {
  const { html, script, style } = await buildPage(name);
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    "/": ["text/html", html],
    "/page.js": ["text/javascript", script],
    "/page.css": ["text/css", style],
  };
  const server = createServer(({ url = "" }, response) => {
    const [type, text] = files[url] ?? ["text/plain", undefined];
    response.writeHead(text === undefined ? 404 : 200, {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": PAGE_POLICY,
    });
    response.end(text ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
