/** A page in a real browser as the owner's phone: the SDK as it ships, with cryptography in JavaScript. Needs chromium. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { type GateServer, id, ownerSeed, seedOf, startGateServer } from "./gate-server.ts";

/** What an app would write. */
const PAGE = `
import { fromHex } from "#base/bytes.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { shareWith } from "#phone/share.ts";
import { fetchTransport } from "#phone/transports/fetch.ts";
import { browserPrimitives as primitives } from "#trust/host/browser-primitives.ts";
import { scopeOf } from "#wire/grants/scope.ts";
const open = (host, port, id, seed, chain) =>
  openSession({ primitives, transport: fetchTransport({ host, port }), deviceId: fromHex(id), holderSeed: fromHex(seed), ...(chain && { chain }) });
globalThis.callAsOwner = async (host, port, id, seed) => {
  const session = await open(host, port, id, seed);
  return session.ok ? call(session.value, "setLamp", { on: true }) : session;
};
globalThis.callAsGuest = async (host, port, id, seed, guestSeed) => {
  const owner = await open(host, port, id, seed);
  if (!owner.ok) return [owner.fault];
  const guestKey = primitives.ed25519PublicKey(fromHex(guestSeed));
  const share = { guestKey, scope: scopeOf({ setLamp: ["call"] }), caveats: [] };
  const shared = await shareWith(primitives, owner.value, fromHex(seed), share);
  if (!shared.ok) return [shared.fault];
  const guest = await open(host, port, id, guestSeed, shared.value.chain);
  if (!guest.ok) return [guest.fault];
  const answers = [await call(guest.value, "setLamp", {}), await guest.value.request({ op: "update", sequence: 1 })];
  return answers.map((answer) => (answer.ok ? answer.value : answer.fault));
};
`;

let browser: Browser;
let page: Page;
let unit: GateServer;
const site = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end(`<!doctype html><title>phone</title><script type="module">${script}</script>`);
});
let script = "";
let inputs: string[] = [];

beforeAll(async () => {
  const stdin = { contents: PAGE, resolveDir: process.cwd(), loader: "ts" as const };
  const { outputFiles, metafile } = await build({
    ...{ stdin, bundle: true, format: "esm", platform: "browser", write: false, metafile: true },
  });
  inputs = Object.keys(metafile.inputs);
  script = outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? "";
  unit = await startGateServer();
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
});

afterAll(async () => {
  await browser?.close();
  site.close();
  unit?.close();
});

const hexOf = (fill: number) => toHex(seedOf(fill));
type Answer = { ok: boolean; value?: unknown; fault?: string };
const asOwner = (seed: string, device = toHex(id)): Promise<Answer> =>
  page.evaluate(
    ([port, device, seed]) =>
      (globalThis as unknown as { callAsOwner(...all: unknown[]): Promise<Answer> }).callAsOwner(
        "127.0.0.1",
        port,
        device,
        seed,
      ),
    [unit.port, device, seed] as const,
  );

test("the SDK takes nothing of Node along", () => {
  expect(inputs.filter((path) => /^node:|node-primitives|transports.(http|udp|relay|away)/.test(path))).toEqual([]);
  expect(inputs).toContain("src/trust/ed25519-strict.ts");
});

test("the owner switches the lamp on from a page of another origin than the unit's", async () => {
  expect(await asOwner(toHex(ownerSeed))).toEqual({ ok: true, value: "done" });
  expect(unit.calls).toEqual(["setLamp"]);
});

test("a guest's key is minted in the page, and is no wider than it says", async () => {
  const args = ["127.0.0.1", unit.port, toHex(id), toHex(ownerSeed), hexOf(9)] as const;
  const answers = await page.evaluate(
    (all) => (globalThis as unknown as { callAsGuest(...all: unknown[]): Promise<unknown[]> }).callAsGuest(...all),
    args,
  );
  expect(answers).toEqual(["done", "GRANT_FLASH"]);
});

test("a stranger and a wrong unit are refused, with the fault that Node would give", async () => {
  expect(await asOwner(hexOf(66))).toEqual({ ok: false, fault: "EDHOC_SIGNATURE" });
  expect(await asOwner(toHex(ownerSeed), "00".repeat(12))).toEqual({ ok: false, fault: "SESSION_DEVICE" });
});
