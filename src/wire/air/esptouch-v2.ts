/**
 * ESP-TOUCH v2, the sender's side: credentials to packet lengths.
 * @source PROTOCOL 6.4; the published Android sender's behaviour
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type AesBlocks, cbcEncrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";

export const ESPTOUCH_PORT = 7001;
export const SYNC = 1048;
export const SIZE = 1072;
export const MARKER = 128;
/** Markers end where the data of the second column begins. */
export const SEQUENCES_MAX = 65;
/** The official receiver never completes with more. */
export const SEQUENCES_MAX_OFFICIAL = 31;

export interface EsptouchV2Input {
  readonly ssid: Uint8Array;
  readonly bssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** Up to 127 bytes of the application's own. */
  readonly reserved: Uint8Array;
  /** 0 none, 1 AES with a zero IV, 2 AES with a random IV. */
  readonly security: 0 | 1 | 2;
  readonly aesKey?: Uint8Array;
  /** 0 to 3: which of four ports the acknowledgement goes to. */
  readonly portMark: number;
  readonly ipv6: boolean;
}

/** What the sender draws: 0 to 126 a padding byte; 20 bytes of IV for security 2. */
interface EsptouchV2Randomness {
  readonly passphrasePadding: Uint8Array;
  readonly reservedPadding: Uint8Array;
  readonly ssidPadding: Uint8Array;
  readonly iv: Uint8Array;
}

interface EsptouchV2Round {
  readonly head: Uint8Array;
  readonly sequences: number;
  /** One round; the sender repeats it. */
  readonly lengths: readonly number[];
  readonly ackPort: number;
}

/** One run of bytes that is cut into blocks of its own. */
interface Field {
  readonly bytes: Uint8Array;
  /** Data bytes a block: 5 (any byte) or 6 (all at most 127). */
  readonly blockBytes: 5 | 6;
}

const isAscii = (bytes: Uint8Array) => bytes.every((byte) => byte <= 127);

/** Bytes that fill the last block. */
export function paddingBytes(byteLength: number, blockBytes: number): number {
  return (blockBytes - (byteLength % blockBytes)) % blockBytes;
}

/** Eight lengths that carry six bytes, one bit column each. */
function columns(six: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, k) => {
    let bits = 0;
    for (const byte of six) bits = (bits << 1) | ((byte >> k) & 1);
    return (k << 7) + 64 + bits;
  });
}

function blockLengths(block: Uint8Array): number[] {
  if (block.length === 5) return columns(concat(block, Uint8Array.of(crc8(block))));
  return [...columns(block).slice(0, 7), (7 << 7) + 64 + (crc8(block) & 63)];
}

/** How the fields of a message follow one another, given the bytes and whether they go encrypted. */
function fieldsOf(input: EsptouchV2Input, randomness: EsptouchV2Randomness, aes: AesBlocks): Field[] | undefined {
  const { ssid, passphrase, reserved, security, aesKey } = input;
  const fields: Field[] = [];
  const add = (bytes: Uint8Array, padding: Uint8Array, blockBytes: 5 | 6) => {
    if (padding.length !== paddingBytes(bytes.length, blockBytes)) return false;
    if (bytes.length > 0) fields.push({ bytes: concat(bytes, padding), blockBytes });
    return true;
  };
  const { passphrasePadding, reservedPadding, ssidPadding, iv } = randomness;
  const both = concat(passphrase, reserved);
  if (security !== 0 && aesKey !== undefined && both.length > 0) {
    const sealed = cbcEncrypt(aes, aesKey, security === 2 ? iv.subarray(0, 16) : new Uint8Array(16), both);
    if (!add(sealed, passphrasePadding, 5)) return undefined;
    if (security === 2 && !add(iv, new Uint8Array(0), 5)) return undefined;
  } else if (isAscii(both)) {
    if (!add(both, passphrasePadding, 6)) return undefined;
  } else {
    if (!add(passphrase, passphrasePadding, isAscii(passphrase) ? 6 : 5)) return undefined;
    if (!add(reserved, reservedPadding, isAscii(reserved) ? 6 : 5)) return undefined;
  }
  return add(ssid, ssidPadding, isAscii(ssid) ? 6 : 5) ? fields : undefined;
}

/**
 * Encodes one round of ESP-TOUCH v2.
 * @param randomness Exactly as many bytes as the message needs: see {@link esptouchV2RandomBytes}.
 * @returns The lengths, or AIR_FIELD for a field too long, a missing key, an SSID of 0 bytes or a port mark above 3;
 * AIR_RANDOMNESS for padding or IV of another length than needed, or a padding byte above 126; AIR_SEQUENCES for more
 * blocks than there are markers.
 */
export function encodeEsptouchV2(
  input: EsptouchV2Input,
  randomness: EsptouchV2Randomness,
  aes: AesBlocks,
): Result<EsptouchV2Round> {
  const { ssid, bssid, passphrase, reserved, security, aesKey, portMark } = input;
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64 || reserved.length > 127) {
    return refuse("AIR_FIELD");
  }
  if (bssid.length !== 6 || !(portMark >= 0 && portMark <= 3)) return refuse("AIR_FIELD");
  if (security !== 0 && aesKey?.length !== 16) return refuse("AIR_FIELD");
  const isSealed = security !== 0 && passphrase.length + reserved.length > 0;
  if (randomness.iv.length !== (isSealed && security === 2 ? 20 : 0)) return refuse("AIR_RANDOMNESS");
  for (const padding of [randomness.passphrasePadding, randomness.reservedPadding, randomness.ssidPadding]) {
    if (padding.some((byte) => byte > 126)) return refuse("AIR_RANDOMNESS");
  }
  const fields = fieldsOf(input, randomness, aes);
  if (fields === undefined) return refuse("AIR_RANDOMNESS");

  const counted = (bytes: Uint8Array) => bytes.length | (isAscii(bytes) ? 0 : 0x80);
  const flags = (input.ipv6 ? 0 : 1) | ((isSealed ? security : 0) << 1) | (portMark << 3);
  const lead = Uint8Array.of(counted(ssid), counted(passphrase), counted(reserved), crc8(bssid), flags);
  const head = concat(lead, Uint8Array.of(crc8(lead)));

  const groups: number[] = [];
  let sequences = 1;
  for (const { bytes, blockBytes } of fields) {
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const marker = MARKER + sequences++ - 1;
      groups.push(marker, marker, marker, ...blockLengths(bytes.subarray(at, at + blockBytes)));
    }
  }
  if (sequences > SEQUENCES_MAX) return refuse("AIR_SEQUENCES");
  const size = SIZE + sequences - 1;
  const lengths = [SYNC, size, SYNC, size, ...columns(head), ...groups];
  return ok({ head, sequences, lengths, ackPort: 18266 + 10000 * portMark });
}

/** How many random bytes {@link encodeEsptouchV2} wants for a message, field by field. */
export function esptouchV2RandomBytes(
  input: EsptouchV2Input,
): Readonly<Record<"passphrase" | "reserved" | "ssid" | "iv", number>> {
  const { ssid, passphrase, reserved, security } = input;
  const bothBytes = passphrase.length + reserved.length;
  const ssidBytes = paddingBytes(ssid.length, isAscii(ssid) ? 6 : 5);
  if (security !== 0 && bothBytes > 0) {
    const sealedBytes = bothBytes + 16 - (bothBytes % 16);
    return { passphrase: paddingBytes(sealedBytes, 5), reserved: 0, ssid: ssidBytes, iv: security === 2 ? 20 : 0 };
  }
  if (isAscii(passphrase) && isAscii(reserved)) {
    return { passphrase: paddingBytes(bothBytes, 6), reserved: 0, ssid: ssidBytes, iv: 0 };
  }
  return {
    passphrase: paddingBytes(passphrase.length, isAscii(passphrase) ? 6 : 5),
    reserved: paddingBytes(reserved.length, isAscii(reserved) ? 6 : 5),
    ssid: ssidBytes,
    iv: 0,
  };
}
