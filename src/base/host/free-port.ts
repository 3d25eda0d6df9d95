/** A TCP port for a program that has to be told its port before it starts. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections (Linux: from 32768), so that none of those takes it meanwhile. */
const FIRST = 20_000;
const COUNT = 12_000;

/** Holds the number against other processes of ours until this one ends: by the UDP port of the same number. */
function hold(port: number): Promise<{ release(): void } | undefined> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      socket.unref();
      resolve({ release: () => void socket.close() });
    });
  });
}

function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** @returns A port of the address that nobody listens on, and that nobody else is given as long as this process runs. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = FIRST + randomInt(COUNT);
    const held = await hold(port);
    if (held === undefined) continue;
    if (await canListen(port, host)) return port;
    held.release();
  }
}
