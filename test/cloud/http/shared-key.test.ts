/** The operator's key file: never half a key, never one that others can read. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type CloudHere, startCloudHere } from "../here.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-shared-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

/** Starts a cloud whose operator.key was prepared; its answer to a request with an empty key, or what it said. */
async function startWith(prepare: (path: string) => void): Promise<number | string> {
  const own = join(folder, String(number++));
  mkdirSync(join(own, "data"), { recursive: true });
  const path = join(own, "data", "operator.key");
  prepare(path);
  let here: CloudHere;
  try {
    here = await startCloudHere(own, 0);
  } catch (error) {
    return (error as Error).message;
  }
  const answer = await fetch(`${here.url}/v1/status`, { headers: { authorization: "Bearer " } });
  await here.cloud.close();
  return answer.status;
}

describe("operator.key", () => {
  it("is refused when it is empty, cut short, longer, or another text, as a full disk leaves it", async () => {
    const key = "0123456789abcdef".repeat(4);
    for (const content of ["", "\n", key.slice(1), `${key}0`, `${key}\n${key}`, "g".repeat(64), key.toUpperCase()]) {
      const said = await startWith((path) => writeFileSync(path, content, { mode: 0o600 }));
      expect([content, said]).toEqual([
        content,
        expect.stringMatching(/operator\.key does not hold a whole key .*delete/),
      ]);
    }
  });

  it("is refused when others may read it, or it is a link to somewhere else", async () => {
    const key = `${"0123456789abcdef".repeat(4)}\n`;
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      const said = await startWith((path) => {
        writeFileSync(path, key);
        chmodSync(path, mode);
      });
      expect([mode, said]).toEqual([mode, expect.stringMatching(/others may read .*chmod 600/)]);
    }
    const elsewhere = join(folder, "elsewhere.key");
    writeFileSync(elsewhere, key, { mode: 0o600 });
    expect(await startWith((path) => symlinkSync(elsewhere, path))).toMatch(/is a symbolic link/);
  });

  it("is created whole, with mode 600, whatever a killed start left behind", async () => {
    let keyPath = "";
    const status = await startWith((path) => {
      keyPath = path;
      writeFileSync(`${path}.new`, "half a k", { mode: 0o666 });
      writeFileSync(`${path}.new-999999999`, "half", { mode: 0o666 });
    });
    expect(status).toBe(401);
    expect(readFileSync(keyPath, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(keyPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(keyPath, "..")).filter((name) => name.includes(".new"))).toEqual([]);
    expect(existsSync(keyPath)).toBe(true);
  });
});
