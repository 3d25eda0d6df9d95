import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appKeyOf } from "#factory/app-key.ts";
import { parseFlashConfig, readFlashConfig } from "#factory/config.ts";

const KEY = Buffer.from("Sixteen byte key").toString("hex");
const shipped = readFlashConfig("flash.config.json");

function keyOf(text: string, { mode = 0o600, legacy = ["esptouch-v2"], file = "app.key" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-app-key-"));
  writeFileSync(join(folder, "app.key"), text, { mode });
  const onboarding = { legacy, softAp: false, aesKeyFile: join(folder, file) };
  return appKeyOf(parseFlashConfig(JSON.stringify({ ...shipped, onboarding }), "flash.config.json"));
}

test("the app's key comes from its file; a product without one has none", () => {
  expect(keyOf(`${KEY}\n`)).toEqual(Uint8Array.from(Buffer.from(KEY, "hex")));
  expect(appKeyOf(shipped)).toBeUndefined();
});

test.each([
  ["a missing file", KEY, { file: "other.key" }, /onboarding\.aesKeyFile: there is no .*other\.key/],
  ["one that others may read", KEY, { mode: 0o644 }, /onboarding\.aesKeyFile: others may read .*; run: chmod 600/],
  [
    "a key that is too short",
    KEY.slice(2),
    {},
    /onboarding\.aesKeyFile: .* holds no AES-128 key: 32 hexadecimal digits/,
  ],
  ["the key as text", "Sixteen byte key", {}, /holds no AES-128 key/],
  ["protocols without keys", KEY, { legacy: ["esptouch-v1"] }, /no protocol that takes a key is switched on/],
] as const)("%s gives one line that tells nothing of the key", (_, text, change, line) => {
  const say = () => keyOf(text, change as object);
  expect(say).toThrow(line);
  try {
    say();
  } catch (error) {
    expect((error as Error).message).not.toContain(text.slice(0, 8));
    expect((error as Error).message.split("\n")).toHaveLength(1);
  }
});
