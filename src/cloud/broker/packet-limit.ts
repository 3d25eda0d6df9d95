/**
 * Ends a connection that announces an MQTT packet longer than it may send, before the packet is collected in memory. The
 * broker's own parser would wait for up to 256 MB.
 * @source MQTT 3.1.1, section 2.2.3 (remaining length)
 */
import type { Socket } from "node:net";

export interface PacketLimit {
  /** From now on packets may be this long: body and fixed header. */
  allow(bytesMax: number): void;
}

const LENGTH_BYTES_MAX = 4;

/** Watches what arrives on a socket. It must be called before the broker reads from it. */
export function limitPackets(socket: Socket, firstBytesMax: number): PacketLimit {
  let bytesMax = firstBytesMax;
  /** Bytes of the current packet's body that are still to come. */
  let bodyLeft = 0;
  /** Bytes of the current length field so far; undefined while the type byte is awaited. */
  let lengthBytes: number | undefined;
  let length = 0;
  const isTooLong = (chunk: Buffer): boolean => {
    for (let at = 0; at < chunk.length; ) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at);
        bodyLeft -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] as number;
      if (lengthBytes === undefined) {
        lengthBytes = 0;
        length = 0;
        continue;
      }
      length += (byte & 0x7f) * 2 ** (7 * lengthBytes++);
      if (length > bytesMax || (byte >= 0x80 && lengthBytes === LENGTH_BYTES_MAX)) return true;
      if (byte >= 0x80) continue;
      bodyLeft = length;
      lengthBytes = undefined;
    }
    return false;
  };
  // The broker reads when the socket is readable; each chunk that it takes is shown here first.
  socket.on("data", (chunk: Buffer) => {
    if (isTooLong(chunk)) socket.destroy();
  });
  return {
    allow(allowed) {
      bytesMax = allowed;
    },
  };
}
