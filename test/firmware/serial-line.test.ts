/** The factory line makes a unit of a bare kit on a serial port: loader, flash, console and power are one line. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

test("a bare kit becomes a unit with label, card and a place in the registry", async () => {
  await makeRelease();
  const kit = await startKit(join(folder, "kit.flash"));
  const [steps, untested, made]: [string[], string[], MadeUnit[]] = [[], [], []];
  try {
    await makeUnits({ config, board: KIT_BOARD, releasePath, serial: { port: kit.port, boot: [] } }, 1, undefined, {
      step: (name, work) => {
        steps.push(name);
        return work();
      },
      begun: () => undefined,
      untested: (what) => void untested.push(what),
      made: (unit) => void made.push(unit),
    });
  } finally {
    await kit.close();
  }
  expect(steps).toEqual([
    ...["flash", "power on", "unit makes its key", "owner's grant", "label and card", "unit remembers", "registry"],
  ]);
  expect(untested).toEqual(["listens for Wi-Fi"]);
  const registry = openRegistry(join(config.output, "registry.db"));
  expect(registry.list().map(({ id, board }) => [id, board])).toEqual([
    [toHex(made[0]?.id as Uint8Array), "qemu-mps2"],
  ]);
  registry.close();
});
