/**
 * Improv over serial, version 1: packets between a program that knows a network and a unit that has none.
 * @source https://www.improv-wifi.com/serial/
 */
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";

/** "IMPROV" and the version. */
const HEAD = Uint8Array.of(0x49, 0x4d, 0x50, 0x52, 0x4f, 0x56, 1);
/** Head, type and length before the data; the sum of all bytes after it. */
const BEFORE = HEAD.length + 2;
const LINE_FEED = 10;

export const IMPROV = { state: 1, error: 2, command: 3, result: 4 } as const;
export const IMPROV_STATE = { ready: 2, joining: 3, joined: 4 } as const;
export const IMPROV_ERROR = { none: 0, packet: 1, command: 2, join: 3, notAllowed: 4 } as const;
export const IMPROV_COMMAND = { join: 1, state: 2, about: 3, networks: 4 } as const;

/** One packet that came: undefined is one whose sum or version is wrong. */
type ImprovPacket = { readonly type: number; readonly data: Uint8Array } | undefined;

const sumOf = (bytes: Uint8Array) => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** A packet with the line feed that ends it for readers of lines. @param data 255 bytes at most. */
export function encodeImprov(type: number, data: Uint8Array): Uint8Array {
  const packet = concat(HEAD, Uint8Array.of(type, data.length), data);
  return concat(packet, Uint8Array.of(sumOf(packet), LINE_FEED));
}

/** The data of a result: texts, or bytes that are texts for whoever gets them. */
export function improvResult(command: number, values: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = values.map((value) => (typeof value === "string" ? utf8(value) : value));
  const body = concat(...parts.flatMap((part) => [Uint8Array.of(part.length), part]));
  return concat(Uint8Array.of(command, body.length), body);
}

/** Network name and passphrase of a command to join, or undefined where the lengths in it do not fit. */
export function improvNetwork(
  data: Uint8Array,
): { readonly ssid: Uint8Array; readonly passphrase: Uint8Array } | undefined {
  const ssidBytes = data[0] ?? 0;
  const passphraseBytes = data[1 + ssidBytes];
  if (ssidBytes < 1 || ssidBytes > 32 || passphraseBytes === undefined || passphraseBytes > 63) return undefined;
  if (data.length !== 2 + ssidBytes + passphraseBytes) return undefined;
  return { ssid: data.slice(1, 1 + ssidBytes), passphrase: data.slice(2 + ssidBytes) };
}

/** Where a head begins or could begin. */
function headAt(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    let same = 0;
    while (same < HEAD.length && at + same < bytes.length && bytes[at + same] === HEAD[same]) same++;
    if (same === HEAD.length || at + same === bytes.length) return at;
  }
  return bytes.length;
}

/** Whole packets of what has come, and what is to be kept for the next piece: one packet at most. */
export function takeImprov(bytes: Uint8Array): {
  readonly packets: readonly ImprovPacket[];
  readonly rest: Uint8Array;
} {
  const packets: ImprovPacket[] = [];
  let at = headAt(bytes, 0);
  while (at + BEFORE <= bytes.length) {
    const end = at + BEFORE + (bytes[at + BEFORE - 1] as number);
    if (end >= bytes.length) break;
    const isWhole = sumOf(bytes.subarray(at, end)) === bytes[end];
    const type = bytes[at + HEAD.length] as number;
    packets.push(isWhole ? { type, data: bytes.slice(at + BEFORE, end) } : undefined);
    at = headAt(bytes, isWhole ? end + 1 : at + 1);
  }
  return { packets, rest: bytes.slice(at) };
}
