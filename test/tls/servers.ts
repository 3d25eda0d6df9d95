/** A port of this machine behind which a test changes who answers: servers of every kind of wrong. */
import { createServer } from "node:https";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Certified } from "./authority.ts";

export type Answer = (socket: Socket) => void;

export interface Front {
  readonly port: number;
  /** Who takes the next connections. */
  answer: Answer;
  close(): void;
}

/** A free port of this machine. */
export async function openFront(answer: Answer): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    front.answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const front: Front = {
    port: (server.address() as { port: number }).port,
    answer,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return front;
}

/** The server on another port. @param bytesMax It is gone after so many bytes of its own. */
export function passOn(port: number, bytesMax = Number.POSITIVE_INFINITY): Answer {
  return (socket) => {
    const beyond = connect({ host: "127.0.0.1", port });
    let rest = bytesMax;
    const end = () => {
      socket.destroy();
      beyond.destroy();
    };
    for (const each of [socket, beyond]) each.on("error", end).on("close", end);
    socket.on("data", (bytes) => void beyond.write(bytes));
    beyond.on("data", (bytes: Buffer) => {
      socket.write(bytes.subarray(0, rest));
      rest -= bytes.length;
      if (rest <= 0) end();
    });
  };
}

/** An HTTPS server that is busy, which only who believes it hears. */
export function secured(server: Certified, options: TlsOptions = {}, chain: readonly Certified[] = []): Answer {
  const cert = [server, ...chain].map((each) => each.certificatePem).join("");
  const https = createServer({ key: server.keyPem, cert, ...options }, (_, response) => response.writeHead(503).end());
  https.on("tlsClientError", () => undefined);
  https.on("secureConnection", (socket) => socket.on("error", () => undefined));
  return (socket) => https.emit("connection", socket);
}

/** An HTTP server in the clear. */
export const inTheClear: Answer = (socket) =>
  void socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
