/** `release make` puts the image with TLS into the release of an app that fetches, and the plain one into others'. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildNative } from "#boards/qemu-mps2/host/bare-unit.ts";
import { readReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { runVerb } from "../cli/run-verb.ts";
import { certify } from "../tls/authority.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-fetch-release-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const appOf = (start: string) =>
  `import { defineDevice } from "latchkey/device";\nexport const app = defineDevice({\n  ${start}\n});\n`;
const FETCHES = appOf('async start() { await fetch("https://api.lamp.test/"); },');

function product(name: string, app: string, more: object = {}): string {
  const home = join(folder, name);
  mkdirSync(home);
  writeFileSync(join(home, "app.ts"), app);
  writeFileSync(join(home, "ca.pem"), certify({ name: "authority", isAuthority: true }).certificatePem);
  const config = { product: "lamp", fleet: "lamp", app: "app.ts", maker: "LAMP.EXAMPLE", keys: "keys", output: "out" };
  writeFileSync(join(home, "flash.config.json"), JSON.stringify({ ...config, board: "qemu-mps2", ...more }));
  return home;
}

async function nativeOf(home: string): Promise<Uint8Array | undefined> {
  const keys = await runVerb("keys", "new", "--product", "lamp", "--keys", join(home, "keys"));
  expect([keys.status, keys.trouble]).toEqual([0, ""]);
  const made = await runVerb("release", "make", "1", "--config", join(home, "flash.config.json"));
  expect([made.status, made.trouble]).toEqual([0, ""]);
  return readReleaseFile(join(home, "out/releases/lamp-1.release")).images.get(COMPONENT.native);
}

test("the image follows from what the app uses", async () => {
  const [plain, secure] = [await buildNative("qemu-mps2"), await buildNative("qemu-mps2", { tls: true })];
  expect(plain.length).not.toBe(secure.length);
  expect(await nativeOf(product("asks", FETCHES, { fetch: { ca: "ca.pem" } }))).toEqual(secure);
  expect(await nativeOf(product("silent", appOf("start() {},"), { fetch: { ca: "ca.pem" } }))).toEqual(plain);
});

test("a board without TLS refuses the app with its line", async () => {
  const home = product("linux", FETCHES, { board: "linux", fetch: { ca: "ca.pem" } });
  const said = await runVerb(
    "bundle",
    "build",
    "--release",
    "1",
    "--out",
    join(home, "a.js"),
    ...["--config", join(home, "flash.config.json")],
  );
  expect(said.trouble).toMatch(/app\.ts:3:25: a unit has no fetch: board linux has no TLS$/);
  expect(said.status).toBe(1);
});
