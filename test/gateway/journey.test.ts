/**
 * The request from which the gateway comes, as a whole: a member of staff with curl, a gateway process, and a unit on the simulated board.
 * Password, one-time code, device or null, and a level give tokens; noFlash may do everything except PUT; a PUT installs.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { generateSync } from "otplib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { latchkeyOk } from "#cli/story/world.ts";
import { readSecretFile } from "#trust/host/secret-file.ts";
import { expectToLast, type HomeUnit, homeUnit, NEW_BRIGHTNESS, startHomeAir } from "../journeys/home-unit.ts";
import { until } from "../progress.ts";

const run = promisify(execFile);
const SUBNET = await loopbackSubnet();
const PASSWORD = "correct horse battery";
const folder = mkdtempSync(join(tmpdir(), "latchkey-gateway-journey-"));
const at = (name: string) => join(folder, name);
const other = "ff".repeat(12);
let [air, gateway]: (Child | undefined)[] = [];
let home: HomeUnit;
let [url, device, secret] = ["", "", ""];
let step = 0;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly access_token: string; readonly refresh_token: string };
}

async function curl(...words: string[]): Promise<Answer> {
  const { stdout } = await run("curl", ["-s", "-w", "\n%{http_code}", ...words], { cwd: folder });
  const [, body = "", status] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? [];
  return { status: Number(status), body: JSON.parse(body) };
}
const form = (fields: Record<string, string>) => Object.entries(fields).flatMap((pair) => ["-d", pair.join("=")]);
const bearer = (token: string) => ["-H", `Authorization: Bearer ${token}`];

/** A code that was not used yet: waited for, since each is good once. */
const code = () =>
  until("the next one-time code", () => {
    const now = Math.floor(Date.now() / 30_000);
    if (step > now) return undefined;
    step = Math.max(now, step + 1);
    return generateSync({ secret, epoch: step * 30 });
  });
const login = async (fields: Record<string, string>) =>
  curl(
    `${url}/oauth/token`,
    ...form({ grant_type: "password", username: "ann", otp: await code(), ...fields }),
    "--data-urlencode",
    "password@password.txt",
  );
const refresh = (refresh_token: string) =>
  curl(`${url}/oauth/token`, ...form({ grant_type: "refresh_token", refresh_token }));
const read = (token: string, name: string, unit = device) =>
  curl(`${url}/v1/devices/${unit}/${name}`, ...bearer(token));
const put = (token: string, path: string, unit = device) =>
  curl("-X", "PUT", `${url}/v1/devices/${unit}`, ...bearer(token), "-F", `file=@${path}`);

beforeAll(async () => {
  const started = await startHomeAir(SUBNET);
  air = started.air;
  home = await homeUnit(SUBNET, started.radio, "all");
  device = toHex(home.unit.id);
  const words = ["gateway", "--data", at("data"), "--http-port", "0", "--particle-compat"];
  const child = startProgram("src/cli/main.ts", words);
  gateway = child;
  url = await new Promise((resolve, reject) => {
    child.onLine((line) => line.startsWith("{") && resolve(JSON.parse(line).url));
    void child.exited.then(() => reject(new Error(child.errors())));
  });
  writeFileSync(at("password.txt"), PASSWORD, { mode: 0o600 });
  const data = ["--data", at("data"), "--json"];
  const account = ["account", "add", "ann", "--role", "release", "--password-file", at("password.txt")];
  secret = String((await latchkeyOk("gateway", ...account, ...data)).secret);
  await latchkeyOk("gateway", "invite", "--out", at("gateway.link"), ...data);
  const share = ["share", "--to-gateway", at("gateway.link"), "--unlimited", "--flash"];
  await latchkeyOk("phone", ...share, ...home.asOwner);
});
afterAll(async () => {
  await gateway?.stop();
  await home?.station.power(false);
  await air?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("a noFlash token for one device calls it, and does no PUT and nothing to another device", async () => {
  const { status, body } = await login({ device_id: device, access_level: "noFlash", expires_in: "90" });
  expect([status, body.scope]).toEqual([200, `noFlash@${device}`]);
  const token = body.access_token;
  expect(await read(token, "brightness")).toMatchObject({ status: 200, body: { result: 100 } });
  const called = await curl(`${url}/v1/devices/${device}/setLamp`, ...bearer(token), "-d", "args=true");
  expect(called).toMatchObject({ status: 200, body: { id: device, connected: true } });
  expect(await put(token, home.path)).toMatchObject({ status: 403, body: { error: "insufficient_scope" } });
  expect((await read(token, "brightness", other)).status).toBe(403);
  expect((await put(token, home.path, other)).status).toBe(403);

  await until("the token's end", async () => ((await read(token, "brightness")).status === 401 ? true : undefined));
  const renewed = await refresh(body.refresh_token);
  expect([renewed.status, renewed.body.scope]).toEqual([200, `noFlash@${device}`]);
  expect((await read(renewed.body.access_token, "brightness")).status).toBe(200);
  expect((await put(renewed.body.access_token, home.path)).status).toBe(403);
  expect(await refresh(body.refresh_token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  expect((await read(renewed.body.access_token, "brightness")).status).toBe(401);
  expect((await refresh(renewed.body.refresh_token)).status).toBe(400);
});

it("a token for null and all reaches every device, and its PUT installs a signed release that lasts", async () => {
  const { body } = await login({ device_id: "null", access_level: "all" });
  const token = body.access_token;
  expect(body.scope).toBe("all");
  expect((await read(token, "brightness", other)).status).toBe(404);
  const stream = run("curl", ["-sN", "-m", "600", `${url}/v1/devices/${device}/events/spark`, ...bearer(token)]);
  const heard: string[] = [];
  stream.child.stdout?.on("data", (chunk) => heard.push(String(chunk)));
  await until("the stream", () => (heard.length > 0 ? true : undefined));

  expect(await put(token, home.path)).toMatchObject({ status: 200, body: { id: device, status: "Update started" } });
  const { sequence } = home.file.release;
  await until("the new release", async () => {
    const shown = (await curl(`${url}/v1/devices/${device}`, ...bearer(token))).body;
    return (shown.update as { stage?: string } | null)?.stage === "trial" ? true : undefined;
  });
  expect(await read(token, "brightness")).toMatchObject({ status: 200, body: { result: NEW_BRIGHTNESS } });
  // A trial is confirmed by its owner's phone, and not by whoever installed it.
  await expectToLast(home);
  const confirmed = await until("the confirmed release", async () => {
    const shown = (await curl(`${url}/v1/devices/${device}`, ...bearer(token))).body;
    return shown.release === sequence ? shown : undefined;
  });
  expect(confirmed).toMatchObject({ release: sequence, update: null });
  await until("the last event", () => (heard.join("").includes('"success"') ? true : undefined));
  expect([...heard.join("").matchAll(/"data":"(\w+)"/g)].map(([, data]) => data)).toEqual([
    "started",
    "trial",
    "success",
  ]);
  stream.child.kill();
  await stream.catch(() => undefined);

  const again = await put(token, home.path);
  expect(again.status).toBe(200);
  const bootstrap = readSecretFile(join(at("data"), "bootstrap.key")).trim();
  const outcomes = await until("the unit's refusal in the journal", async () => {
    const { body: told } = await curl(`${url}/v1/gateway/journal`, ...bearer(bootstrap));
    const flashes = (told.entries as { what: string; outcome: string }[]).filter(({ what }) => /^flash/.test(what));
    return flashes[0]?.outcome.startsWith("failed") ? flashes.map(({ outcome }) => outcome) : undefined;
  });
  expect(outcomes).toEqual([expect.stringMatching(/^failed \(RELEASE_/), "started", "success", "trial", "started"]);
});
