/** `latchkey board check`: the port contract over a serial line, on an emulated board whose UART is a TCP line. */

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { checkAttached, flashContract } from "#cli/board/check.ts";
import { openLine } from "#factory/serial/open-line.ts";
import { runVerb } from "../cli/run-verb.ts";
import { KIT_BOARD, type Kit, serveConsole, startKit } from "./emulated-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-board-check-"));
const [flash, out] = [join(folder, "flash.bin"), join(folder, "report.json")];
let kit: Kit | undefined;
afterEach(async () => {
  await kit?.close();
  kit = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const report = () => JSON.parse(readFileSync(out, "utf8"));

test("a board written by its own tool is checked as it starts", async () => {
  const made = await runVerb("board", "check", "--board", "qemu-mps2", "--image", flash);
  expect([made.trouble, made.status]).toEqual(["", 0]);
  kit = await serveConsole(flash);
  const said = await runVerb("board", "check", "--board", "qemu-mps2", "--flashed", "--port", kit.port, "--out", out);
  expect([said.trouble, said.status]).toEqual(["", 0]);
  expect(said.out).toMatch(/✓ clock is monotonic[\s\S]*promises are kept; the report is/);
  expect(report()).toMatchObject({ board: "qemu-mps2", broken: 0, chip: expect.stringContaining("Cortex-M3") });
  expect(report().kept).toBeGreaterThanOrEqual(26);
  expect(report().log.join("\n")).toContain("latchkey: boot native A");
});

test("a bare kit is flashed through its loader, started and checked", async () => {
  kit = await startKit(flash);
  const line = await openLine(kit.port);
  try {
    await checkAttached(line, KIT_BOARD, out, (listen) => flashContract(line, KIT_BOARD, [], listen));
  } finally {
    await line.close();
  }
  expect(report()).toMatchObject({ description: "ESP32-C6 (revision 0)", flashBytes: 16 * 2 ** 20, broken: 0 });
  expect(report().kept).toBeGreaterThanOrEqual(26);
  expect(JSON.stringify(report())).not.toMatch(/40:4c:ca/);
});

test("a promise that is not kept is named, and is in the report", async () => {
  // Begins with the end of the loader's last packet.
  const words =
    "\xc0\x01\x04\0\0\xc0boot\r\ncontract clock is monotonic ok\r\ncontract flash erases to ff FAILED \r\ncontract end\r\n";
  const server = createServer((socket) => void socket.write(words, "latin1")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = `socket://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said = await runVerb("board", "check", "--board", "qemu-mps2", "--flashed", "--port", port, "--out", out);
  server.close();
  expect(said.status).toBe(1);
  expect(said.trouble).toMatch(
    /^latchkey: qemu-mps2 does not keep the port contract: flash erases to ff; .*report.json/,
  );
  expect(report()).toMatchObject({ kept: 1, broken: 1, log: ["boot"] });
});

test("what can't be checked is refused in one line", async () => {
  const refused = async (...words: readonly string[]) => {
    const { status, trouble } = await runVerb("board", "check", "--board", "qemu-mps2", ...words);
    expect(status).toBe(1);
    return trouble;
  };
  expect(await refused()).toBe(
    "latchkey: name the board's serial line by --port PORT, or a file for its flash by --image FILE",
  );
  expect(await refused("--port", "socket://127.0.0.1:1")).toMatch(
    /^latchkey: the flash of qemu-mps2 is not written over a serial line \(its board.json names no loader\); write it/,
  );
  writeFileSync(join(folder, "file"), "");
  expect(await refused("--flashed", "--port", join(folder, "file"))).toMatch(/is not a serial port/);
});
