/**
 * Splits a connection's bytes into MQTT packets. Pieces are kept as they arrive and are copied once, when a packet is
 * complete.
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result } from "#base/faults.ts";
import { packetBytesOf } from "#codec/mqtt.ts";

export interface PacketReader {
  readonly bytesMax: number;
  pieces: Uint8Array[];
  held: number;
}

export function createPacketReader(bytesMax: number): PacketReader {
  return { bytesMax, pieces: [], held: 0 };
}

export function pushBytes(reader: PacketReader, bytes: Uint8Array): void {
  if (bytes.length > 0) reader.pieces.push(bytes);
  reader.held += bytes.length;
}

/** The next whole packet, undefined when there is none yet, or LINK_PACKET_SIZE, LINK_PACKET. */
export function nextPacket(reader: PacketReader): Result<Uint8Array | undefined> {
  const { bytesMax, held } = reader;
  if (held < 2) return ok(undefined);
  if ((reader.pieces[0] as Uint8Array).length < 5 && reader.pieces.length > 1)
    reader.pieces = [concat(...reader.pieces)];
  const { pieces } = reader;
  const size = packetBytesOf(pieces[0] as Uint8Array, bytesMax);
  if (!size.ok || size.value === undefined || size.value > held) return size.ok ? ok(undefined) : size;
  const all = pieces.length === 1 ? (pieces[0] as Uint8Array) : concat(...pieces);
  reader.pieces = all.length === size.value ? [] : [all.subarray(size.value)];
  reader.held -= size.value;
  return ok(all.subarray(0, size.value));
}
