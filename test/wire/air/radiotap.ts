/**
 * Frames from a capture: the pcap format with radiotap headers (link type 127), as tcpdump writes it on a monitor interface. Only data
 * frames between a station and its access point; a body's length is the one on the air, however little of it was kept.
 * @source www.radiotap.org; IEEE 802.11-2020 clause 9.3.2
 */
import { viewOf } from "#base/bytes.ts";
import type { Frame } from "#wire/air/frame.ts";

const LITTLE_ENDIAN = 0xa1b2c3d4;
const RADIOTAP = 127;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAC_HEADER_BYTES = 24;
/** Radiotap fields in the order of their bits: size and alignment. Those behind the channel are not read. */
const FIELDS = [
  { bit: 0, bytes: 8, name: "tsft" },
  { bit: 1, bytes: 1, name: "flags" },
  { bit: 2, bytes: 1, name: "rate" },
  { bit: 3, bytes: 4, align: 2, name: "channel" },
] as const;
const FCS = 0x10;

interface Radiotap {
  readonly byteLength: number;
  readonly flags: number;
  readonly mhz: number;
}

function readRadiotap(packet: Uint8Array): Radiotap {
  const view = viewOf(packet);
  const present = view.getUint32(4, true);
  let at = 8;
  for (let more = present; more >>> 31 === 1; at += 4) more = view.getUint32(at, true);
  let flags = 0;
  let mhz = 0;
  for (const { bit, bytes, name, ...field } of FIELDS) {
    if (((present >>> bit) & 1) === 0) continue;
    const align = "align" in field ? field.align : bytes;
    at = Math.ceil(at / align) * align;
    if (name === "flags") flags = view.getUint8(at);
    if (name === "channel") mhz = view.getUint16(at, true);
    at += bytes;
  }
  return { byteLength: view.getUint16(2, true), flags, mhz };
}

/** 0 for what the capturing radio sent itself, which has no channel. */
function channelOf(mhz: number): number {
  if (mhz === 0) return 0;
  if (mhz === 2484) return 14;
  return mhz < 3000 ? (mhz - 2407) / 5 : (mhz - 5000) / 5;
}

function readFrame(packet: Uint8Array, onAirBytes: number, us: number): Frame | undefined {
  const tap = readRadiotap(packet);
  const mac = packet.subarray(tap.byteLength);
  const [control = 0, flags = 0] = mac;
  const ds = flags & 3;
  if ((control & 0x4c) !== 0x08 || (ds !== 1 && ds !== 2)) return undefined;
  const isQos = (control & 0x80) !== 0;
  const headerBytes = MAC_HEADER_BYTES + (isQos ? 2 + ((flags & 0x80) === 0 ? 0 : 4) : 0);
  const bodyBytes = onAirBytes - tap.byteLength - headerBytes - ((tap.flags & FCS) === 0 ? 0 : 4);
  if (bodyBytes <= 0) return undefined;
  const address = (n: number) => mac.slice(4 + 6 * n, 10 + 6 * n);
  const isUp = ds === 1;
  return {
    ...{ us, channel: channelOf(tap.mhz), bodyBytes, retry: (flags & 8) !== 0, ds: isUp ? "to" : "from" },
    ...{ bssid: address(isUp ? 0 : 1), sa: address(isUp ? 1 : 2), da: address(isUp ? 2 : 0) },
    seq: viewOf(mac).getUint16(22, true) >> 4,
    ...(isQos ? { tid: (mac[MAC_HEADER_BYTES] as number) & 15 } : {}),
  };
}

/** A packet as far as it was kept, and its length on the air. */
interface Packet {
  readonly packet: Uint8Array;
  readonly onAirBytes: number;
  readonly us: number;
}

/** @throws Error when the file is of another kind. */
export function packetsOf(file: Uint8Array): readonly Packet[] {
  const view = viewOf(file);
  if (view.getUint32(0, true) !== LITTLE_ENDIAN || view.getUint32(20, true) !== RADIOTAP) {
    throw new Error("not a little-endian pcap file of radiotap frames");
  }
  const packets: Packet[] = [];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const [seconds = 0, microseconds = 0, kept = 0, onAirBytes = 0] = [0, 4, 8, 12].map((n) =>
      view.getUint32(at + n, true),
    );
    at += RECORD_HEADER_BYTES;
    if (at + kept > file.length) break;
    packets.push({ packet: file.subarray(at, at + kept), onAirBytes, us: 1e6 * seconds + microseconds });
    at += kept;
  }
  return packets;
}

/** The data frames of a capture. @throws Error when the file is of another kind. */
export const readCapture = (file: Uint8Array): readonly Frame[] =>
  packetsOf(file).flatMap(({ packet, onAirBytes, us }) => readFrame(packet, onAirBytes, us) ?? []);
