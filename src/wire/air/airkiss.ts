/**
 * AirKiss, the sender's side: credentials to packet lengths.
 * @source PROTOCOL 6.6; the vendor's published format
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type AesBlocks, cbcEncrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";
import { GROUP_BYTES } from "./groups.ts";

export const AIRKISS_PORT = 10000;
export const GUIDE: readonly number[] = [1, 2, 3, 4];

interface AirKissInput {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** The byte that the unit broadcasts in answer. */
  readonly random: number;
  readonly aesKey?: Uint8Array;
}

export interface AirKissUnits {
  readonly magic: readonly number[];
  readonly prefix: readonly number[];
  readonly groups: readonly number[];
  readonly passphraseField: Uint8Array;
}

/** Four lengths that carry two bytes by nibbles from a base on. */
const nibbles = (base: number, a: number, b: number): number[] => [
  base + (a >> 4),
  base + 16 + (a & 15),
  base + 32 + (b >> 4),
  base + 48 + (b & 15),
];

/** CRC and number of a group, then its bytes. */
function groupLengths(number: number, bytes: Uint8Array): number[] {
  return [128 | crc8(bytes, crc8([number])), 128 | number, ...Array.from(bytes, (byte) => 256 + byte)];
}

/**
 * Encodes one unit of each phase; senders repeat guide 50 times, magic 20 times, then prefix and groups 15 times.
 * @param aes Needed where a key is given; the IV is the key, and the SSID stays clear.
 * @returns The lengths, or AIR_FIELD for an SSID of 0 or above 32 bytes, a passphrase above 64, a key that is not 16
 * bytes, or a random value that is no byte.
 */
export function encodeAirKiss(
  { ssid, passphrase, random, aesKey }: AirKissInput,
  aes: AesBlocks,
): Result<AirKissUnits> {
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64) return refuse("AIR_FIELD");
  if (aesKey !== undefined && aesKey.length !== 16) return refuse("AIR_FIELD");
  if (!(Number.isInteger(random) && random >= 0 && random <= 255)) return refuse("AIR_FIELD");
  const passphraseField = aesKey === undefined ? passphrase : cbcEncrypt(aes, aesKey, aesKey, passphrase);
  const payload = concat(passphraseField, Uint8Array.of(random), ssid);
  const magic = nibbles(0, payload.length, crc8(ssid));
  // A first length of 0 would be an empty datagram.
  if (magic[0] === 0) magic[0] = 8;
  const prefix = nibbles(64, passphraseField.length, crc8([passphraseField.length]));
  const groups: number[] = [];
  for (let at = 0; at < payload.length; at += GROUP_BYTES) {
    groups.push(...groupLengths(at / GROUP_BYTES, payload.subarray(at, at + GROUP_BYTES)));
  }
  return ok({ magic, prefix, groups, passphraseField });
}
