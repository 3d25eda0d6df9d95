/** A page in a real browser as the owner's phone: the SDK as it ships, with cryptography in JavaScript. Needs chromium. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { openBrowser } from "../web/browser.ts";
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
const serve = () =>
  createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>phone</title><script type="module">${script}</script>`);
  });
/** Where the maker's app is, and a page of somebody else. */
const [site, foreignSite] = [serve(), serve()];
const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
let script = "";
let inputs: string[] = [];

beforeAll(async () => {
  const stdin = { contents: PAGE, resolveDir: process.cwd(), loader: "ts" as const };
  const { outputFiles, metafile } = await build({
    ...{ stdin, bundle: true, format: "esm", platform: "browser", write: false, metafile: true },
  });
  inputs = Object.keys(metafile.inputs);
  script = outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? "";
  for (const server of [site, foreignSite]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  unit = await startGateServer(undefined, undefined, [originOf(site)]);
  browser = await openBrowser([
    // A name of somebody else's, which leads to the unit.
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
    // What newer browsers do against that themselves is switched off: the unit has to hold without.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
  ]);
  page = await browser.newPage();
  await page.goto(`${originOf(site)}/`);
});

afterAll(async () => {
  await browser?.close();
  site.close();
  foreignSite.close();
  unit?.close();
});

const hexOf = (fill: number) => toHex(seedOf(fill));
type Answer = { ok: boolean; value?: unknown; fault?: string };
const asOwner = (seed: string, device = toHex(id), from = page): Promise<Answer> =>
  from.evaluate(
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
  expect(inputs.filter((path) => /^node:|node-primitives|transports.(http|udp|relay|cloud-relay)/.test(path))).toEqual(
    [],
  );
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

test("a page of another origin gets nothing, neither with the owner's key nor by a form's kind of request", async () => {
  const foreign = await browser.newPage();
  await foreign.goto(`${originOf(foreignSite)}/`);
  expect(await asOwner(toHex(ownerSeed), undefined, foreign)).toEqual({ ok: false, fault: "SESSION_UNREACHABLE" });
  const post = (url: string) => fetch(url, { method: "POST", body: "x", mode: "no-cors" }).then(() => "sent");
  // As often as would use up the turns of this address: none is taken.
  for (let i = 0; i < 10; i++) {
    expect(await foreign.evaluate(post, `http://127.0.0.1:${unit.port}/.well-known/edhoc`)).toBe("sent");
  }
  expect(unit.calls).toEqual(["setLamp", "setLamp"]);
  expect(await asOwner(toHex(ownerSeed))).toEqual({ ok: true, value: "done" });
  await foreign.close();
});

test("a page under a name that was bound anew to the unit's address can't read so much as its key", async () => {
  const rebound = `http://rebound.example:${unit.port}`;
  const page = await browser.newPage();
  // The page came from its own server before the name led to the unit; what it asks now goes there, as to its own origin.
  await page.route(`${rebound}/`, (route) => route.fulfill({ contentType: "text/html", body: "<title>bound</title>" }));
  await page.goto(`${rebound}/`);
  const ask = (url: string) => fetch(url).then((answer) => answer.status);
  expect(await page.evaluate(ask, `${rebound}/latchkey/key`)).toBe(421);
  await page.close();
});
