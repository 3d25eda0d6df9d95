/**
 * Splits a connection's bytes into MQTT packets. Complete packets are views of what arrived; only the beginning of one is copied, into
 * one buffer, so that a server which sends byte by byte takes no more memory than another.
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result } from "#base/faults.ts";
import { createGathered, type Gathered, gather, gatheredBytes, reserve } from "#base/gathered.ts";
import { packetBytesOf } from "#codec/mqtt.ts";

export interface PacketReader {
  readonly bytesMax: number;
  /** The beginning of a packet whose rest has not come. */
  begun: Gathered;
  /** What came and was not looked at yet. */
  fresh: Uint8Array;
}

/** As many bytes as a board hands over at once (its receive window), and as many that were not worked off before. */
const FRESH_BYTES_MAX = 2 * 11_680;
/** Type and the longest length field. */
const HEAD_BYTES_MAX = 5;
const NOTHING = new Uint8Array(0);

export function createPacketReader(bytesMax: number): PacketReader {
  return { bytesMax, begun: createGathered(), fresh: NOTHING };
}

/** Takes what came. @returns False when there is more than a server can mean: it sends faster than the unit works. */
export function pushBytes(reader: PacketReader, bytes: Uint8Array): boolean {
  if (reader.fresh.length === 0) {
    reader.fresh = bytes;
    return true;
  }
  if (reader.fresh.length + bytes.length > FRESH_BYTES_MAX) return false;
  reader.fresh = concat(reader.fresh, bytes);
  return true;
}

/** Whether there is something that nextPacket has not looked at. */
export function isBehind({ fresh }: PacketReader): boolean {
  return fresh.length > 0;
}

/** Moves bytes of what came to the beginning that is kept, until that has so many. */
function keep(reader: PacketReader, bytes: number): void {
  const { begun, fresh, bytesMax } = reader;
  const count = Math.max(0, Math.min(bytes - begun.length, fresh.length));
  gather(begun, fresh.subarray(0, count), Math.max(bytesMax, HEAD_BYTES_MAX));
  reader.fresh = count === fresh.length ? NOTHING : fresh.subarray(count);
}

/** The next whole packet, undefined when there is none yet, or LINK_PACKET_SIZE, LINK_PACKET. */
export function nextPacket(reader: PacketReader): Result<Uint8Array | undefined> {
  const { begun, bytesMax } = reader;
  for (let head = 2; begun.length > 0 && head <= HEAD_BYTES_MAX; head++) {
    keep(reader, head);
    const size = packetBytesOf(gatheredBytes(begun), bytesMax);
    if (!size.ok) return size;
    if (size.value === undefined) continue;
    reserve(begun, size.value);
    keep(reader, size.value);
    if (begun.length < size.value) return ok(undefined);
    reader.begun = createGathered();
    return ok(gatheredBytes(begun));
  }
  const { fresh } = reader;
  const size = fresh.length === 0 || begun.length > 0 ? ok(undefined) : packetBytesOf(fresh, bytesMax);
  if (!size.ok) return size;
  if (size.value === undefined || size.value > fresh.length) {
    keep(reader, begun.length + fresh.length);
    return ok(undefined);
  }
  reader.fresh = size.value === fresh.length ? NOTHING : fresh.subarray(size.value);
  return ok(fresh.subarray(0, size.value));
}
