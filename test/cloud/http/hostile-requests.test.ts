/** Requests that no client of ours sends: broken request lines, and what the cloud writes to its log about them. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createBoundedLog } from "#cloud/bounded-log.ts";
import { type CloudHere, startCloudHere } from "../here.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-hostile-"));
let here: CloudHere;
beforeAll(async () => {
  here = await startCloudHere(folder, 0);
});
afterAll(async () => {
  await here?.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends text as it is. @returns The status line's number, 0 when the connection ended without one. */
function send(text: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(here.url).port), "127.0.0.1", () => socket.write(text, "latin1"));
    let said = "";
    socket.on("data", (bytes) => {
      said += bytes.toString("latin1");
      if (said.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0)));
  });
}

const TARGETS = [
  ...["//", "///", "//[", "/\\[", "//:0/", "//a:99999/", "http://", "http://[", "http://%zz/", "*", "?", "/%", "/%zz"],
  ...["/v1/devices/%ff/explain", "/v1/devices/%00", "/v1/releases/%2e%2e/1/withdraw", `/${"a".repeat(8_000)}`, "\xff"],
];

describe("a request whose target is not a URL", () => {
  it("is refused as the client's mistake, and costs no line of the log", async () => {
    const written = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    try {
      for (const target of TARGETS) {
        for (const method of ["GET", "POST"]) {
          const head = `${method} ${target} HTTP/1.1\r\nhost: cloud\r\ncontent-length: 0\r\n\r\n`;
          const status = await send(head);
          expect([method, target, status], "status").toEqual([
            method,
            target,
            expect.toSatisfy((n) => n >= 400 && n < 500),
          ]);
        }
      }
      for (const host of ["", "[", "a b", "%", "a/b", "a@b", "\xff"]) {
        const status = await send(`GET /v1/status HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
        expect([host, status]).toEqual([host, expect.toSatisfy((n) => n >= 400 && n < 500)]);
      }
      expect(written.mock.calls.map(([line]) => line)).toEqual([]);
    } finally {
      written.mockRestore();
    }
    expect(await fetch(`${here.url}/healthz`).then((answer) => answer.status)).toBe(200);
  });
});

describe("the log", () => {
  it("stays small, whatever is written to it and however often", () => {
    let [nowMs, bytes] = [0, 0];
    const lines: string[] = [];
    const log = createBoundedLog(
      (line) => {
        bytes += line.length;
        lines.push(line);
      },
      () => nowMs,
    );
    for (let i = 0; i < 100_000; i++) log.line(`attack ${i} \n\x1b[2J${"x".repeat(10_000)}`);
    expect(bytes).toBeLessThan(25_000);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]*\n$/);
    nowMs = 86_400_000;
    lines.length = 0;
    log.line("a day later");
    expect(lines).toEqual([expect.stringMatching(/: \d+ lines were left out/), "latchkey cloud: a day later\n"]);
  });
});
