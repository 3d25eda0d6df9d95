/** A development kit for tests: a loader in ROM that starts an emulated unit from the flash that it wrote, on the same line. */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { type Emulator, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { type Board, readBoard } from "#boards/sim/host/board.ts";
import { readyBoot } from "#firmware/ready-images.ts";
import { type Program, type RomLoader, startRomLoader } from "../factory/rom-loader.ts";

/** The emulated board, said to be written by a loader. */
export const KIT_BOARD: Board = { ...readBoard("qemu-mps2"), loader: "esp32c6" };

export interface Kit {
  /** Its line, as a person names it. */
  readonly port: string;
  /** Pulls the cable. */
  unplug?(): void;
  close(): Promise<void>;
}

function consoleOf(emulator: Emulator): Program {
  return {
    write: (bytes) => void emulator.process.stdin?.write(bytes),
    onBytes: (see) => void emulator.process.stdout?.on("data", see),
  };
}

/** A network around a kit: the radio line's far end, HOST:PORT, and the address that the kit gets there. */
interface KitAir {
  readonly radio: string;
  readonly address: string;
}

async function joinAir(emulator: Emulator, { radio, address }: KitAir): Promise<void> {
  const [host = "", port = ""] = radio.split(":");
  const air = createConnection({ host, port: Number(port) });
  air.on("error", () => undefined);
  emulator.radio.pipe(air).pipe(emulator.radio);
  await emulator.forward("tcp", address, KIT_BOARD.network.tcpPort);
}

/**
 * A kit as it comes: its flash is erased, its chip waits in its loader.
 * @param flashPath Where its flash lies once it starts.
 * @param air       None where it stays alone.
 */
export async function startKit(flashPath: string, air?: KitAir): Promise<Kit> {
  const kernel = await readyBoot(KIT_BOARD.name);
  let emulator: Emulator | undefined;
  const rom: RomLoader = await startRomLoader({
    flashBytes: KIT_BOARD.flash.bytes,
    async program(flash) {
      writeFileSync(flashPath, flash);
      emulator = await startEmulator({ board: KIT_BOARD.name, flashPath, kernel });
      if (air !== undefined) await joinAir(emulator, air);
      return consoleOf(emulator);
    },
  });
  return {
    ...{ port: rom.port, unplug: rom.unplug },
    async close() {
      await rom.close();
      await emulator?.cut();
    },
  };
}

/** The console of an emulated unit as a TCP line. The unit starts when somebody has connected. */
export async function serveConsole(flashPath: string): Promise<Kit> {
  const kernel = await readyBoot(KIT_BOARD.name);
  let emulator: Promise<Emulator> | undefined;
  const server = createServer(async (socket) => {
    socket.on("error", () => undefined);
    emulator = startEmulator({ board: KIT_BOARD.name, flashPath, kernel });
    const { write, onBytes } = consoleOf(await emulator);
    onBytes((bytes) => void socket.write(bytes));
    socket.on("data", write);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: `socket://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await (await emulator)?.cut();
      server.close();
    },
  };
}
