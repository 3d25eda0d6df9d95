/** Cuts a connection's bytes into MQTT packets. Pieces are kept as they came and copied once, when a packet is whole. */
import { concat } from "#base/bytes.ts";
import { ok, type Result } from "#base/faults.ts";
import { packetBytesOf } from "#codec/mqtt.ts";

export interface PacketReader {
  push(bytes: Uint8Array): void;
  /** The next whole packet, undefined when there is none yet, or LINK_PACKET_SIZE, LINK_PACKET. */
  next(): Result<Uint8Array | undefined>;
}

export function createPacketReader(bytesMax: number): PacketReader {
  let pieces: Uint8Array[] = [];
  let held = 0;
  return {
    push(bytes) {
      if (bytes.length > 0) pieces.push(bytes);
      held += bytes.length;
    },
    next() {
      if (held < 2) return ok(undefined);
      if ((pieces[0] as Uint8Array).length < 5 && pieces.length > 1) pieces = [concat(...pieces)];
      const size = packetBytesOf(pieces[0] as Uint8Array, bytesMax);
      if (!size.ok || size.value === undefined || size.value > held) return size.ok ? ok(undefined) : size;
      const all = pieces.length === 1 ? (pieces[0] as Uint8Array) : concat(...pieces);
      pieces = all.length === size.value ? [] : [all.subarray(size.value)];
      held -= size.value;
      return ok(all.subarray(0, size.value));
    },
  };
}
