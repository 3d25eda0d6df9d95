/** The factory line makes a unit of a bare kit on a serial port: loader, flash, console and power are one line. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { makeUnits } from "#cli/factory/make.ts";
import { newMakerKeys } from "#cli/maker-keys.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { parseFlashConfig } from "#factory/config.ts";
import type { MadeUnit } from "#factory/line.ts";
import { openRegistry } from "#factory/registry.ts";
import { readyRuntime } from "#firmware/ready-images.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { KIT_BOARD, startKit } from "./emulated-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-serial-line-"));
const releasePath = join(folder, "lamp-1.release");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = parseFlashConfig(
  JSON.stringify({
    ...{ product: "lamp", fleet: "lamps", maker: "LAMPS.EXAMPLE", app: resolve("test/apps/lamp.ts") },
    ...{ board: "qemu-mps2", keys: join(folder, "keys"), output: join(folder, "out") },
  }),
  "flash.config.json",
);

async function makeRelease(): Promise<void> {
  mkdirSync(config.keys, { recursive: true });
  newMakerKeys(config.keys, config.product);
  const bundle = await buildBundle(config, { release: "1", atS: 1_795_000_000 });
  const native = new Uint8Array(readFileSync(await readyRuntime("qemu-mps2", { tls: false, modelled: false })));
  const plan = {
    ...{ product: "lamp", sequence: 1, hardware: [1], consent: "auto" as const, epoch: 0, notAfterS: undefined },
    images: new Map([
      [COMPONENT.js, bundle.bytes],
      [COMPONENT.native, native],
    ]),
    bases: [],
  };
  const { seed } = readKeyFile(join(config.keys, "release.key"), "release");
  writeReleaseFile(releasePath, signReleaseFile(buildRelease(plan), seed));
}

/** A start's line is shorter. */
const SAID_MAX = 200;

/** The same line, on which the unit also says `words` after each of its starts. */
async function sayingAtStart(port: string, words: string) {
  const server = createServer((socket) => {
    const kit = createConnection(Number(new URL(port).port), "127.0.0.1");
    for (const end of [kit, socket]) end.on("error", () => undefined);
    socket.pipe(kit);
    let before = Buffer.alloc(0);
    kit.on("data", (bytes: Buffer) => {
      const all = Buffer.concat([before, bytes]);
      const [whole = ""] = /^[\s\S]*latchkey: started[^\n]*\n/.exec(all.toString("latin1")) ?? [];
      // Between two lines, wherever the packets begin and end.
      socket.write(all.subarray(before.length, Math.max(before.length, whole.length)));
      if (whole !== "") socket.write(words);
      socket.write(all.subarray(Math.max(before.length, whole.length)));
      before = all.subarray(whole.length).subarray(-SAID_MAX);
    });
    for (const [one, other] of [
      [kit, socket],
      [socket, kit],
    ] as const)
      one.on("close", () => void other.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: `socket://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** Makes a unit of a kit whose chip can seal the device key, and tells what was shown. */
async function make(port: string) {
  const [steps, untested, made]: [string[], string[], MadeUnit[]] = [[], [], []];
  const board = { ...KIT_BOARD, chipSecret: true };
  await makeUnits({ config, board, releasePath, serial: { port, boot: [] } }, 1, undefined, {
    step: (name, work) => {
      steps.push(name);
      return work();
    },
    begun: () => undefined,
    untested: (what) => void untested.push(what),
    made: (unit) => void made.push(unit),
  });
  const registry = openRegistry(join(config.output, "registry.db"));
  const row = registry.find(toHex(made[0]?.id as Uint8Array));
  registry.close();
  return { steps, untested, unit: made[0], row };
}

test("a bare kit becomes a unit with label, card and a place in the registry", async () => {
  await makeRelease();
  const kit = await startKit(join(folder, "kit.flash"));
  const { steps, untested, unit, row } = await make(kit.port).finally(kit.close);
  expect(steps).toEqual([
    ...["flash", "power on", "unit makes its key", "owner's grant", "label and card", "unit remembers", "registry"],
  ]);
  // The words of a chip that can seal its key are missing, which is told and not made up.
  expect(untested).toEqual(["device key", "listens for Wi-Fi"]);
  expect([unit?.deviceKey, row?.board, row?.deviceKey]).toEqual([undefined, "qemu-mps2", undefined]);
});

test("how the device key lies in flash is told as the unit said it last, and noted in the registry", async () => {
  const kit = await startKit(join(folder, "sealing.flash"));
  const line = await sayingAtStart(kit.port, "device key: sealed by this chip\r\n");
  const { untested, unit, row } = await make(line.port).finally(async () => {
    line.close();
    await kit.close();
  });
  expect(untested).toEqual(["listens for Wi-Fi"]);
  expect([unit?.deviceKey, row?.deviceKey]).toEqual(["sealed by this chip", "sealed by this chip"]);
});
