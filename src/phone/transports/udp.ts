/** The phone's datagrams over Node's own UDP sockets. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import type { DatagramTransport } from "../datagrams.ts";

const FILLER = new Uint8Array(1500);

/** The addresses by which this phone is on some network, its own loopback included. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}

/**
 * Opens a sender. Rejects with the system's error when no socket can be had.
 * @param multicastFrom Which of our own addresses sends to multicast groups; the system chooses when absent.
 */
export async function openUdpTransport(multicastFrom?: string): Promise<DatagramTransport> {
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
  if (multicastFrom !== undefined) sender.setMulticastInterface(multicastFrom);
  return {
    send(host, port, byteLength) {
      if (failure !== undefined) throw failure;
      sender.send(FILLER.subarray(0, byteLength), port, host, (error) => {
        if (error !== null) failure = error;
      });
    },
    answer: (host, port, bytes) => sender.send(bytes, port, host, () => undefined),
    async listen(port, receive, group) {
      const socket = await open(port);
      for (const address of group === undefined ? [] : ownAddresses()) {
        try {
          socket.addMembership(group as string, address);
        } catch {
          // A network without multicast has nothing for us.
        }
      }
      socket.on("message", (bytes, peer) => receive(new Uint8Array(bytes), peer.address));
    },
    close() {
      for (const socket of sockets.splice(0)) socket.close();
    },
    nowMs: () => performance.now(),
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  };
}
