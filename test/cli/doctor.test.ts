/** `latchkey doctor` says what is missing, and how to get it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { newMakerKeys } from "#cli/maker-keys.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-doctor-"));
const path = join(folder, "flash.config.json");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function doctor() {
  const { status, out, trouble } = await runVerb("doctor", "--config", path, "--json");
  const found = JSON.parse(out) as { what: string; state: string; detail: string }[];
  return { status, trouble, of: (what: string) => found.find((each) => each.what === what) };
}

test("names what is missing, from the configuration to its keys", async () => {
  expect((await doctor()).of("configuration")).toMatchObject({
    state: "optional",
    detail: expect.stringMatching(/latchkey new FOLDER/),
  });
  writeFileSync(path, '{ "product": "lamp", "board": 7 }');
  const wrong = await doctor();
  expect(wrong.status).toBe(1);
  expect(wrong.of("configuration")).toMatchObject({
    state: "missing",
    detail: expect.stringMatching(/flash\.config\.json:\d+:\d+: \w+: /),
  });
  const config = { product: "lamp", fleet: "f", app: "app.ts", board: "qemu-mps2", maker: "L.EXAMPLE", keys: "keys" };
  writeFileSync(path, JSON.stringify(config));
  vi.stubEnv("PATH", "/nowhere");
  const bare = await doctor();
  vi.unstubAllEnvs();
  expect(bare.of("emulator")).toMatchObject({ state: "missing", detail: expect.stringMatching(/qemu/i) });
  expect(bare.of("app")).toMatchObject({ state: "missing", detail: expect.stringMatching(/there is no .*app\.ts/) });
  expect(bare.of("keys")).toMatchObject({
    state: "optional",
    detail: expect.stringMatching(/latchkey keys new --product lamp/),
  });
  newMakerKeys(join(folder, "keys"), "lamp");
  writeFileSync(join(folder, "app.ts"), "");
  expect((await doctor()).of("keys")).toMatchObject({ state: "ok" });
  chmodSync(join(folder, "keys/release.key"), 0o644);
  expect((await doctor()).of("keys")).toMatchObject({
    state: "missing",
    detail: expect.stringMatching(/others may read .*chmod 600/),
  });
});
