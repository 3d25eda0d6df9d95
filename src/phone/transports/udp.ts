/** The phone's datagrams over Node's own UDP sockets. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { DatagramTransport } from "../datagrams.ts";

const FILLER = new Uint8Array(1500);

/** Opens a sender. Rejects with the system's error when no socket can be had. */
export async function openUdpTransport(): Promise<DatagramTransport> {
  const sockets: Socket[] = [];
  let failure: Error | undefined;
  async function open(port: number): Promise<Socket> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    sockets.push(socket);
    socket.bind(port);
    await once(socket, "listening");
    socket.on("error", (error) => {
      failure = error;
    });
    socket.setBroadcast(true);
    return socket;
  }
  const sender = await open(0);
  return {
    send(host, port, byteLength) {
      if (failure !== undefined) throw failure;
      sender.send(FILLER.subarray(0, byteLength), port, host, (error) => {
        if (error !== null) failure = error;
      });
    },
    answer: (host, port, bytes) => sender.send(bytes, port, host, () => undefined),
    async listen(port, receive) {
      const socket = await open(port);
      socket.on("message", (bytes, peer) => receive(new Uint8Array(bytes), peer.address));
    },
    close() {
      for (const socket of sockets.splice(0)) socket.close();
    },
    nowMs: () => performance.now(),
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  };
}
