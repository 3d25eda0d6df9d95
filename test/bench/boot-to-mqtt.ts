/**
 * From reset to MQTT's CONNACK, boot verification included: a provisioned unit that knows its network, a nonce server and
 * a broker on loopback. Instructions are those at work: what a unit does not do while it waits for the network is no cost.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { type Emulator, powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildRuntime, imagePaths } from "#firmware/image.ts";
import { startAedes, startNonceServer } from "../device/link/peers.ts";
import { certify } from "../tls/authority.ts";
import { joinEverybody, type LinkWish, linkedImages } from "../tls/linked-board.ts";

/** With -icount shift=3 an instruction takes eight nanoseconds of the unit's time. */
export const INSTRUCTIONS_A_US = 125;
const RUN_MS = 120_000;
const ADDRESS = "127.0.0.1";
const SERVER_NAME = "cloud.test";

interface BootToMqtt {
  readonly instructions: number;
  /** Of this machine's time, on an emulator that does not count. */
  readonly ms: number;
}

/** Where a variable of the native image lies. */
export function addressOf(elf: string, name: string): string {
  const symbols = execFileSync("arm-none-eabi-nm", [elf]).toString();
  const found = new RegExp(`^([0-9a-f]+) \\w ${name}$`, "m").exec(symbols);
  if (found === null) throw new Error(`no variable ${name} in ${elf}`);
  return `0x${found[1]}`;
}

export async function wordAt(emulator: Emulator, address: string): Promise<number> {
  const words = await emulator.qmp.execute("human-monitor-command", { "command-line": `xp /1wx ${address}` });
  return Number(String(words).split(":")[1]);
}

/** Resolves with all that the unit said once it has said that its link is up, or something else. */
export function linkUp(board: string, emulator: Emulator, wanted = /^link: up.*\n/m): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`${board} never said ${wanted}: ${text}`)), RUN_MS);
    emulator.process.stdout?.on("data", (bytes) => {
      text += bytes;
      if (!wanted.test(text)) return;
      clearTimeout(timer);
      resolve(text);
    });
  });
}

interface Cloud {
  readonly wish: LinkWish;
  stop(): Promise<void>;
}

async function startCloud(): Promise<Cloud> {
  const nonces = await startNonceServer({});
  const broker = await startAedes(nonces);
  return {
    wish: { mqttPort: broker.port, httpPort: nonces.port, tls: false },
    stop: async () => void (await Promise.all([broker.stop(), nonces.stop()])),
  };
}

/** The same over TLS: an authority, and a server that it vouches for directly. */
async function startSecuredCloud(): Promise<Cloud> {
  const authority = certify({ name: "Authority", isAuthority: true });
  const server = certify({ name: SERVER_NAME }, authority);
  const tls = { key: server.keyPem, cert: server.certificatePem };
  const nonces = await startNonceServer({ tls });
  const broker = await startAedes(nonces);
  const front = createServer(tls, (socket) => {
    const beyond = connect({ host: ADDRESS, port: broker.port });
    for (const each of [socket, beyond]) each.on("error", () => [socket, beyond].map((end) => end.destroy()));
    socket.pipe(beyond).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, ADDRESS, resolve));
  const { port } = front.address() as AddressInfo;
  return {
    wish: { mqttPort: port, httpPort: nonces.port, tls: true, pinned: [SERVER_NAME, authority.der] },
    async stop() {
      front.close();
      await Promise.all([broker.stop(), nonces.stop()]);
    },
  };
}

/**
 * Starts the unit three times: to compile and seal its bundle, to take the time, to count.
 * @param isSecured Over TLS, with the image that has it: one session to be told a nonce, one with the broker.
 */
export async function bootToMqtt(board: string, isSecured = false): Promise<BootToMqtt> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-boot-"));
  const flashPath = join(folder, "flash.bin");
  const cloud = await (isSecured ? startSecuredCloud() : startCloud());
  const image = await buildRuntime(board, { tls: isSecured });
  async function run<T>(
    isCounting: boolean,
    measure: (emulator: Emulator, said: string) => T | Promise<T>,
  ): Promise<T> {
    const emulator = await startEmulator({ board, flashPath, kernel: imagePaths(board).boot, isCounting });
    try {
      joinEverybody(emulator.radio, ADDRESS);
      return await measure(emulator, await linkUp(board, emulator));
    } finally {
      await powerOff(emulator, board);
    }
  }
  try {
    const images = await linkedImages(board, cloud.wish);
    await openSimStation(readBoard(board), flashPath, "127.0.0.1:1").flash(images);
    await run(false, () => undefined);
    const from = performance.now();
    const ms = await run(false, () => performance.now() - from);
    const instructions = await run(true, async (emulator, said) => {
      const bootUs = Number(/latchkey: boot us (\d+)/.exec(said)?.[1]);
      return (bootUs + (await wordAt(emulator, addressOf(image.elf, "main_busy_us")))) * INSTRUCTIONS_A_US;
    });
    return { instructions, ms };
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
