/** Requests that a page of another site makes a browser send to the operator interface. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
import { noise, testRelease } from "../broker/linked-unit.ts";
import { type CloudHere, startCloudHere } from "../here.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-cross-site-"));
let here: CloudHere;
let rollout: string;

beforeAll(async () => {
  here = await startCloudHere(folder, 1);
  await here.operator.post("/v1/releases", testRelease(here.keysFolder, "lamp", 1, noise(5_000)));
  const created = await here.operator.post<RolloutStatus>("/v1/rollouts", { product: "lamp", sequence: 1 });
  rollout = created.rollout.id;
});
afterAll(async () => {
  await here?.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, headers: Record<string, string>, body = "{}") =>
  fetch(`${here.url}${path}`, { method: "POST", headers, body }).then((answer) => answer.status);

const stateNow = async () => {
  const { rollouts, releases } = await here.operator.get<Status>("/v1/status");
  return [rollouts[0]?.rollout.state, releases[0]?.withdrawn];
};

describe("a page of another site", () => {
  const changes = () => [`/v1/rollouts/${rollout}/halt`, "/v1/releases/lamp/1/withdraw"];
  const foreign = { origin: "http://evil.example", "sec-fetch-site": "cross-site" };

  it("changes nothing by a form, with credentials that the browser stored and adds by itself", async () => {
    const stored = Buffer.from(`operator:${here.operatorKey()}`).toString("base64");
    for (const path of changes()) {
      for (const more of [{}, foreign, { "sec-fetch-site": "cross-site" }, { origin: "null" }]) {
        const form = { ...more, authorization: `Basic ${stored}`, "content-type": "text/plain" };
        expect([401, 403], path).toContain(await post(path, form));
        expect([401, 403], path).toContain(await post(path, { ...form, "content-type": "application/json" }));
      }
    }
    expect(await stateNow()).toEqual(["running", false]);
  });

  it("changes nothing even with the key: another origin, another site, or a body that is not declared as JSON", async () => {
    const authorization = `Bearer ${here.operatorKey()}`;
    const json = { authorization, "content-type": "application/json" };
    for (const path of changes()) {
      expect(await post(path, { ...json, origin: "http://evil.example" })).toBe(403);
      expect(await post(path, { ...json, origin: here.url.replace("http", "ftp") })).toBe(403);
      expect(await post(path, { ...json, "sec-fetch-site": "cross-site" })).toBe(403);
      expect(await post(path, { ...json, "sec-fetch-site": "same-site" })).toBe(403);
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"]) {
        expect(await post(path, { authorization, "content-type": type })).toBe(415);
      }
    }
    const release = { authorization, "content-type": "text/plain" };
    expect(await post("/v1/releases", release, "anything")).toBe(415);
    expect(await stateNow()).toEqual(["running", false]);
    expect(await post(`/v1/rollouts/${rollout}/halt`, { ...json, origin: here.url })).toBe(200);
    expect(await stateNow()).toEqual(["halted", false]);
  });

  it("never makes the browser ask for a password", async () => {
    const answer = await fetch(`${here.url}/`);
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, null]);
    expect(await answer.text()).toContain("latchkey cloud open");
  });
});

describe("the link that opens the status page", () => {
  const link = async () => here.url + (await here.operator.post<{ path: string }>("/v1/view-links", {})).path;

  it("works once, and gives a cookie that no other site's request carries", async () => {
    const url = await link();
    const first = await fetch(url);
    const cookie = first.headers.get("set-cookie") ?? "";
    expect([first.status, cookie]).toEqual([200, expect.stringMatching(/; Path=\/; HttpOnly; SameSite=Strict/)]);
    const again = await fetch(url);
    expect([again.status, again.headers.get("set-cookie")]).toEqual([410, null]);
    const page = await fetch(`${here.url}/`, { headers: { cookie: cookie.split(";")[0] as string } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("Latchkey cloud")]);
  });

  it("opens the page and nothing else", async () => {
    const cookie = (await fetch(await link())).headers.get("set-cookie")?.split(";")[0] as string;
    const get = (path: string, more = {}) =>
      fetch(`${here.url}${path}`, { headers: { cookie, ...more } }).then((answer) => answer.status);
    expect(await get("/")).toBe(200);
    expect(await get("/", { "sec-fetch-site": "cross-site" })).toBe(403);
    for (const path of ["/v1/status", "/metrics", "/v1/journal", "/v1/releases"]) expect(await get(path)).toBe(401);
    const json = { cookie, "content-type": "application/json", origin: here.url, "sec-fetch-site": "same-origin" };
    expect(await post(`/v1/rollouts/${rollout}/cancel`, json)).toBe(401);
    expect(await post("/v1/view-links", json)).toBe(401);
    expect(await fetch(`${here.url}/open/${"0".repeat(64)}`).then((answer) => answer.status)).toBe(410);
  });
});
