/** One wake of examples/battery-sensor on firmware: from reset until it sleeps again, its cloud told and heard in between. */
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { buildRuntime, imagePaths } from "#firmware/image.ts";
import { startCloudOfOne } from "../apps/cloud-of-one.ts";
import { joinEverybody, linkedImages } from "../tls/linked-board.ts";
import { addressOf, INSTRUCTIONS_A_US, linkUp, wordAt } from "./boot-to-mqtt.ts";

const ADDRESS = "127.0.0.1";
const ASLEEP = /^sleep: for .*\n/m;

interface SensorWake {
  /** At work: waiting aside, the boot stage's included. */
  readonly instructions: number;
  /** Payload of TCP, both ways. */
  readonly bytes: number;
}

/** Passes connections on and counts what goes through. */
async function meter(port: number) {
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect({ host: ADDRESS, port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("data", (chunk) => {
        bytes += chunk.length;
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    close: () => void server.close(),
  };
}

/** Wakes it three times: to compile and seal its bundle, to take the time, to count. */
export async function sensorWake(board: string): Promise<SensorWake> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-wake-"));
  const flashPath = join(folder, "flash.bin");
  const { cloud, stop } = await startCloudOfOne();
  const [mqtt, http] = [await meter(cloud.mqtt), await meter(cloud.http)];
  const image = await buildRuntime(board, { tls: false });
  const wake = async (isCounting: boolean): Promise<SensorWake> => {
    const before = mqtt.bytes() + http.bytes();
    const emulator = await startEmulator({ board, flashPath, kernel: imagePaths(board).boot, isCounting });
    try {
      joinEverybody(emulator.radio, ADDRESS);
      const said = await linkUp(board, emulator, ASLEEP);
      const bootUs = Number(/latchkey: boot us (\d+)/.exec(said)?.[1]);
      const busyUs = await wordAt(emulator, addressOf(image.elf, "main_busy_us"));
      const bytes = mqtt.bytes() + http.bytes() - before;
      return { instructions: (bootUs + busyUs) * INSTRUCTIONS_A_US, bytes };
    } finally {
      await powerOff(emulator, board);
    }
  };
  try {
    const product = {
      app: "examples/battery-sensor/src/app.ts",
      board,
      onboarding: { legacy: [], softAp: false },
    } as const;
    const { bytes: bundle } = await buildBundle(product, { release: "1", atS: 1_790_000_000 });
    const wish = { mqttPort: mqtt.port, httpPort: http.port, broker: "latchkey", tls: false, bundle };
    await openSimStation(readBoard(board), flashPath, `${ADDRESS}:1`).flash(await linkedImages(board, wish));
    await wake(false);
    await wake(false);
    return await wake(true);
  } finally {
    mqtt.close();
    http.close();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
