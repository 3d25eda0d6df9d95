/** The portal, by hand and by someone else's page. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPortalUnit, type PortalUnit } from "./portal-unit.ts";

let unit: PortalUnit;
beforeEach(async () => {
  unit = await openPortalUnit();
});
afterEach(() => unit.close());

const tokenIn = (html: string) => /name="token" value="([0-9a-f]{32})"/.exec(html)?.[1] ?? "";

async function post(fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams(fields).toString();
  return fetch(`${unit.url}/join`, { method: "POST", body, headers });
}

test("the form comes back as a provisional join; names of networks are only text", async () => {
  const html = await (await fetch(unit.url)).text();
  expect(html).not.toContain("<script>");
  expect(html).toContain("Café 🔑");
  const response = await post({ token: tokenIn(html), network: "486f6d65", other: "", passphrase: "pass + wörd&1" });
  expect(response.status).toBe(200);
  expect(unit.joins()).toEqual([["Home", "pass + wörd&1"]]);
  expect(unit.effects.some((effect) => effect.kind === "store")).toBe(false);
});

test("someone else's page joins nothing: no token, another token, another origin, another name for the unit", async () => {
  const token = tokenIn(await (await fetch(unit.url)).text());
  const fields = { network: "486f6d65", other: "", passphrase: "12345678" };
  expect((await post(fields)).status).toBe(403);
  expect((await post({ ...fields, token: "0".repeat(32) })).status).toBe(403);
  expect((await post({ ...fields, token }, { Origin: "http://evil.example" })).status).toBe(403);
  const get = await fetch(`${unit.url}/generate_204`, { redirect: "manual" });
  expect([get.status, get.headers.get("location")]).toEqual([302, `${unit.url}/`]);
  expect(unit.joins()).toEqual([]);
});

test("what no network has as a passphrase is asked for again", async () => {
  const token = tokenIn(await (await fetch(unit.url)).text());
  const answer = await post({ token, network: "486f6d65", other: "", passphrase: "short" });
  expect(await answer.text()).toContain('role="alert"');
  expect(unit.joins()).toEqual([]);
});

test("garbage is answered or dropped, never thrown on", async () => {
  for (const body of ["", "token", "token=%zz&network=%", "&&&=", "other=".padEnd(3000, "%41")]) {
    await fetch(`${unit.url}/join`, { method: "POST", body }).catch(() => undefined);
  }
  expect((await fetch(unit.url)).status).toBe(200);
});

test("silent connections keep nobody out, and end ten seconds after they began", async () => {
  const { hostname, port } = new URL(unit.url);
  const silent = Array.from({ length: 5 }, () => connect({ host: hostname, port: Number(port) }).resume());
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  expect((await fetch(unit.url)).status).toBe(200);
  unit.pass(10_000);
  await Promise.all(silent.map((socket) => socket.destroyed || once(socket, "close")));
  expect((await fetch(unit.url)).status).toBe(200);
});
