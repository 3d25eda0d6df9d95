/** Relative paths mean files below the folder that the user stands in, and those in flash.config.json files below its own. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readFlashConfig } from "#factory/config.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-paths-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const root = resolve(".");

function run(program: string, args: readonly string[], cwd: string) {
  const { npm_lifecycle_event: _, INIT_CWD: __, ...env } = process.env;
  const { status, stderr, stdout } = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  return { status, stderr, stdout };
}

it("writes keys into the folder where the user stands, and nothing into the checkout", () => {
  const words = ["bin/latchkey.mjs", "keys", "new", "--product", "lamp", "--keys", "keys-of-a-test"];
  expect(run(process.execPath, [join(root, words[0] as string), ...words.slice(1)], folder)).toMatchObject({
    status: 0,
  });
  expect(existsSync(at("keys-of-a-test/root-1.key"))).toBe(true);
  expect(existsSync("keys-of-a-test")).toBe(false);
});

it("resolves arguments and options alike when npm runs the verb from elsewhere", () => {
  const npm = (...words: string[]) => run("npm", ["--prefix", root, "run", "-s", "latchkey", "--", ...words], folder);
  expect(npm("keys", "new", "issuer", "issuer-of-a-test.key")).toMatchObject({ status: 0, stderr: "" });
  expect([existsSync(at("issuer-of-a-test.key")), existsSync("issuer-of-a-test.key")]).toEqual([true, false]);
  mkdirSync(at("inner"));
  writeFileSync(at("inner/image"), new Uint8Array(100));
  const words = ["--product", "lamp", "--sequence", "1", "--native", "inner/image", "--out", "inner/lamp.release"];
  expect(npm("release", "build", ...words)).toMatchObject({ status: 0, stderr: "" });
  expect(existsSync(at("inner/lamp.release"))).toBe(true);
  expect(npm("inspect", "inner/no.grant").stderr).toMatch(/"inner\/no.grant" is no file/);
});

it("finds the picture of a code where the user stands", () => {
  writeFileSync(at("label.png"), "no picture");
  const words = ["phone", "describe", "--label", "label.png", "--card", "card.png"];
  const said = run(process.execPath, [join(root, "bin/latchkey.mjs"), ...words], folder);
  expect(said.stderr).toContain(`no QR code in ${at("label.png")}`);
});

it("takes paths in flash.config.json from that file's folder", () => {
  const shipped = JSON.parse(readFileSync("flash.config.json", "utf8"));
  const cloud = { ...shipped.cloud, ca: "ca.pem" };
  const onboarding = { legacy: ["airkiss"], aesKeyFile: "app.aes" };
  mkdirSync(at("product"));
  writeFileSync(
    at("product/flash.config.json"),
    JSON.stringify({ ...shipped, app: "lamp.ts", cloud, onboarding, keys: "/k" }),
  );
  expect(readFlashConfig(at("product/flash.config.json"))).toMatchObject({
    app: at("product/lamp.ts"),
    output: at("product/out"),
    keys: "/k",
    cloud: { ca: at("product/ca.pem") },
    onboarding: { aesKeyFile: at("product/app.aes") },
  });
  expect(readFlashConfig("flash.config.json")).toMatchObject({
    app: "test/apps/lamp.ts",
    output: "out",
    keys: "out/keys",
  });
});
