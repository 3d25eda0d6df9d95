/**
 * Tuya EZ, the sender's side, by broadcast lengths and by multicast addresses.
 * @source PROTOCOL 6.7; a public sender's behaviour
 */
import { concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type AesBlocks, ecbEncrypt } from "#codec/aes-modes.ts";
import { crc8, crc32 } from "#codec/crc.ts";

export const TUYA_BROADCAST_PORT = 30011;
export const TUYA_MULTICAST_PORT = 30012;
export const TUYA_HEAD: readonly number[] = [1, 3, 6, 10];
/** Public: it keeps nothing secret. */
export const TUYA_KEY = utf8("a3c6794oiu876t54");
/** First sequence of each field on multicast. */
export const TUYA_AT = { passphrase: 0, token: 32, ssid: 64, head: 120 } as const;
export const TUYA_MULTICAST_HEAD = utf8("TYST01");
/** Region (2), token (8), secret (4). */
export const TUYA_TOKEN_BYTES = 14;

interface TuyaInput {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** Region, token and secret, 14 bytes. */
  readonly token: Uint8Array;
}

/** Two bytes for one sequence number: the group 226.sequence.second.first. */
export type TuyaPair = readonly [sequence: number, second: number, first: number];

/** The multicast group that says a pair. */
export function tuyaGroup([sequence, second, first]: TuyaPair): string {
  return `226.${sequence}.${second}.${first}`;
}

export interface TuyaPackets {
  readonly broadcastBody: readonly number[];
  readonly multicastHead: readonly TuyaPair[];
  readonly multicastBody: readonly TuyaPair[];
}

function pairs(at: number, bytes: Uint8Array): TuyaPair[] {
  return Array.from({ length: Math.ceil(bytes.length / 2) }, (_, i) => [
    at + i,
    bytes[2 * i + 1] ?? 0,
    bytes[2 * i] as number,
  ]);
}

/** Length twice, CRC-32 of the plaintext, then the bytes as sent. */
function field(at: number, plaintext: Uint8Array, sent: Uint8Array): TuyaPair[] {
  const check = new Uint8Array(4);
  viewOf(check).setUint32(0, crc32(plaintext), true);
  return pairs(at, concat(Uint8Array.of(plaintext.length, plaintext.length), check, sent));
}

function broadcastBody({ ssid, passphrase, token }: TuyaInput): number[] {
  const counted = (bytes: Uint8Array) => concat(Uint8Array.of(bytes.length), bytes);
  const payload = concat(counted(passphrase), counted(token), ssid);
  const n = payload.length;
  const check = crc8([n]);
  const lengths = [16 + (n >> 4), 32 + (n & 15), 48 + (check >> 4), 64 + (check & 15)];
  let lastBytes = 0;
  for (let at = 0; at < n; at += 4) {
    const real = payload.subarray(at, at + 4);
    const four = new Uint8Array(4);
    four.set(real);
    const number = at / 4;
    lengths.push(128 | (crc8(four, crc8([number])) & 127), 128 | number, ...Array.from(real, (byte) => 256 + byte));
    lastBytes = real.length;
  }
  return [...lengths, ...Array.from({ length: lastBytes }, () => 256)];
}

/**
 * Sealed, a passphrase above 48 bytes takes more groups than stand before the token's, as with the public sender: by groups such
 * a message can't be read, by lengths it can.
 * @returns The packets, or AIR_FIELD for an SSID of 0 or above 32 bytes, a passphrase above 64, a token not of 14.
 */
export function encodeTuya(input: TuyaInput, aes: AesBlocks): Result<TuyaPackets> {
  const { ssid, passphrase, token } = input;
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64) return refuse("AIR_FIELD");
  if (token.length !== TUYA_TOKEN_BYTES) return refuse("AIR_FIELD");
  const padded = new Uint8Array(Math.ceil(passphrase.length / 16) * 16);
  padded.set(passphrase);
  return ok({
    broadcastBody: broadcastBody(input),
    multicastHead: pairs(TUYA_AT.head, TUYA_MULTICAST_HEAD),
    multicastBody: [
      ...field(TUYA_AT.ssid, ssid, ssid),
      ...field(TUYA_AT.passphrase, passphrase, ecbEncrypt(aes, TUYA_KEY, padded)),
      ...field(TUYA_AT.token, token, token),
    ],
  });
}
