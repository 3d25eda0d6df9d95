/**
 * The factory line's own radio for a simulated or emulated unit: an air without any network, which detects whether
 * the unit listens.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, encodeRadioReport } from "#wire/lines/radio-line.ts";
import { StationError } from "./station.ts";

const LISTENS_MS = 20_000;

export interface RadioTester {
  /** HOST:PORT for a unit's radio line. */
  readonly radio: string;
  /** Resolves when the unit on the line next listens on a channel. Rejects with StationError when it doesn't in time. */
  listening(): Promise<void>;
  close(): void;
}

export async function openRadioTester(): Promise<RadioTester> {
  let heard: (() => void) | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const read = lineFrameReader();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      for (const frame of read(new Uint8Array(bytes as Buffer))) {
        const command = decodeRadioCommand(frame);
        if (!command.ok) continue;
        if (command.value.kind === "scan") socket.write(encodeRadioReport({ kind: "radio-scan", accessPoints: [] }));
        if (command.value.kind === "listen" && command.value.channel !== 0) heard?.();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    radio: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    listening: () =>
      new Promise((resolve, reject) => {
        const wait = setTimeout(
          () => reject(new StationError("the unit does not listen for Wi-Fi; flash it again, or take another unit")),
          LISTENS_MS,
        );
        heard = () => {
          clearTimeout(wait);
          resolve();
        };
      }),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
