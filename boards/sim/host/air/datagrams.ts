/**
 * The one place where real datagrams are received. It passes on where one came from, to which port, and how long it
 * was; its bytes stop here, as encryption stops them on a real network.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export interface DatagramHeader {
  readonly port: number;
  readonly fromAddress: string;
  readonly fromPort: number;
  readonly byteLength: number;
}

/** Listens on each port of one address. Throws when none can be had. */
export async function openDatagrams(
  address: string,
  ports: readonly number[],
  take: (header: DatagramHeader) => void,
): Promise<{ close(): void }> {
  const sockets: Socket[] = [];
  for (const port of ports) {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.on("message", (bytes, peer) =>
      take({ port, fromAddress: peer.address, fromPort: peer.port, byteLength: bytes.length }),
    );
    socket.bind(port, address);
    await once(socket, "listening");
    sockets.push(socket);
  }
  return {
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}
