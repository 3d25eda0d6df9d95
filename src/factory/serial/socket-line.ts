/** A serial line over TCP, as QEMU, ser2net and loaders in software offer: `socket://HOST:PORT`. */
import { createConnection } from "node:net";
import { createListeners, type OpenLine, SerialLineError } from "./serial-line.ts";

const CONNECT_MS = 10_000;

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there; start what serves the board, or check address and port",
  ENOTFOUND: "no such host is known; check its name",
  EAI_AGAIN: "its name can't be looked up now; check the network",
};

export function isSocketName(name: string): boolean {
  return /^socket:/i.test(name);
}

function placeOf(name: string): { readonly host: string; readonly port: number } {
  const [, ipv6, host, digits = ""] = /^socket:\/\/(?:\[([^[\]]+)\]|([^:/[\]]+)):(\d{1,5})$/i.exec(name) ?? [];
  const [found, port] = [ipv6 ?? host, Number(digits)];
  if (found === undefined || port < 1 || port > 65_535) {
    throw new SerialLineError(`${name} is no line over TCP (expected socket://HOST:PORT, as socket://127.0.0.1:9876)`);
  }
  return { host: found, port };
}

/** @throws SerialLineError */
export async function openSocketLine(name: string): Promise<OpenLine> {
  const socket = createConnection(placeOf(name));
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      socket.destroy();
      reject(new SerialLineError(`${name} can't be reached: ${why}`));
    };
    const timer = setTimeout(() => fail("it doesn't answer; check address and network"), CONNECT_MS);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(ADVICE[error.code ?? ""] ?? error.message);
    });
  });
  const listeners = createListeners();
  let isEnded = false;
  const ended = new Promise<void>((resolve) => {
    socket.once("close", () => {
      isEnded = true;
      resolve();
    });
  });
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => listeners.tell(new Uint8Array(bytes as Buffer)));
  socket.setNoDelay(true);
  return {
    ...{ name, usb: undefined, setControl: undefined, ended, onBytes: listeners.add, isEnded: () => isEnded },
    write: (bytes) => void socket.write(bytes),
    setSpeed: () => Promise.resolve(),
    async close() {
      socket.destroy();
      await ended;
    },
  };
}
