/** The answers of an SNTP server (RFC 4330), as truthful as a test wants them. */
import { viewOf } from "#base/bytes.ts";
import { SNTP_PORT } from "#codec/sntp.ts";
import type { PortEvent } from "#device/port.ts";
import type { VirtualBoard } from "./virtual-port.ts";

const MESSAGE_BYTES = 48;
/** From 1900, where NTP begins to count, to 1970. */
const EPOCH_S = 2_208_988_800;
const VERSION_4_SERVER = 0x24;

/**
 * Answers a request.
 * @param says What the server takes for the present, Unix seconds; or the four letters by which it sends clients away.
 */
export function sntpAnswer(request: Uint8Array, says: number | string): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const view = viewOf(bytes);
  bytes[0] = VERSION_4_SERVER;
  bytes[1] = typeof says === "string" ? 0 : 2;
  if (typeof says === "string") bytes.set(new TextEncoder().encode(says).subarray(0, 4), 12);
  bytes.set(request.subarray(40, 48), 24);
  const ntpS = typeof says === "number" ? says + EPOCH_S : 0;
  for (const at of [32, 40]) {
    view.setUint32(at, Math.floor(ntpS) % 2 ** 32);
    view.setUint32(at + 4, Math.floor((ntpS % 1) * 2 ** 32));
  }
  return bytes;
}

/**
 * A server on the network of a board in memory.
 * @param saysS What it takes for the present; it does not answer where that is undefined.
 */
export function timeServerAt(
  peer: string,
  saysS: (() => number | undefined) | undefined,
  answer: (event: PortEvent) => void,
): VirtualBoard["sentDatagram"] {
  return (_host, _port, request, from = 0) => {
    const unixS = saysS?.();
    if (unixS === undefined) return;
    answer({ kind: "udp-data", port: from, peer, peerPort: SNTP_PORT, bytes: sntpAnswer(request, unixS) });
  };
}
