/**
 * TI SmartConfig for CC3000 and CC3200, the sender's side. Unicast to the gateway: the unit hears the phone's own frames.
 * @source PROTOCOL 6.7; public senders' behaviour
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type AesBlocks, ecbEncrypt, ofbBlock } from "#codec/aes-modes.ts";

export const TI_PORT = 15000;
export type TiVariant = "cc3000" | "cc3200";

export const TI_TAGS = {
  cc3000: { start: 1399, between: 1459, betweenSealed: 1459, free: 0 },
  cc3200: { start: 1099, between: 1199, betweenSealed: 1200, free: 1149 },
} as const;
export const TI_LENGTH = 28;
export const TI_NIBBLE = 593;
/** Lengths that keep the receiver in step. */
const TI_SYNC: readonly number[] = [3, 23];
/** A sealed key field holds one byte of length and the passphrase, or 32 bytes of passphrase. */
export const TI_FIELD_BYTES = 32;
/** Fifteen bytes; the sixteenth numbers the half. */
const OFB_IV = [0x01, 0x03, 0x19, 0xd2, 0xb1, 0x51, 0xf2, 0x09, 0x70, 0x61, 0xc3, 0xcb, 0x30, 0x7d, 0x00];
/** Free data of one byte is what every sender has; only more of it is sent. */
const FREE_DATA_BYTES_MAX = 227;

interface TiInput {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  readonly aesKey?: Uint8Array;
  /** 0x03, length, device name. CC3200 only. */
  readonly freeData?: Uint8Array;
}

interface TiPackets {
  /** Without sync packets. */
  readonly lengths: readonly number[];
  readonly keyField: Uint8Array;
  /** One setup (CC3000), or an even and an odd pass (CC3200), with sync packets. */
  readonly onAir: readonly number[];
}

/** A string's length, then its nibbles, each with the one before it and its number modulo 16. */
function stringLengths(bytes: Uint8Array): number[] {
  const lengths = [TI_LENGTH + bytes.length];
  let previous = 0;
  for (let i = 0; i < 2 * bytes.length; i++) {
    const byte = bytes[i >> 1] as number;
    const nibble = i % 2 === 0 ? byte >> 4 : byte & 15;
    lengths.push(TI_NIBBLE + (((previous ^ (i & 15)) << 4) | nibble));
    previous = nibble;
  }
  return lengths;
}

/** OFB over two halves, each with an IV of its own; it is its own inverse. */
export function tiOfb(aes: AesBlocks, key: Uint8Array, field: Uint8Array): Uint8Array {
  const half = (n: number) =>
    ofbBlock(aes, key, Uint8Array.from([...OFB_IV, n + 1]), field.subarray(16 * n, 16 * n + 16));
  return concat(half(0), half(1));
}

/** The passphrase as a field of 32 bytes, before sealing. */
function filled(passphrase: Uint8Array): Uint8Array {
  const field = new Uint8Array(TI_FIELD_BYTES);
  if (passphrase.length === TI_FIELD_BYTES) field.set(passphrase);
  else {
    field[0] = passphrase.length;
    field.set(passphrase, 1);
  }
  return field;
}

/**
 * Encodes one TI SmartConfig message.
 * @returns The lengths, or AIR_FIELD for an SSID of 0 or above 32 bytes, a passphrase above 32, a key that is not 16
 * bytes, or free data that is too long or given for a CC3000.
 */
export function encodeTi(variant: TiVariant, input: TiInput, aes: AesBlocks): Result<TiPackets> {
  const { ssid, passphrase, aesKey, freeData } = input;
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > TI_FIELD_BYTES) return refuse("AIR_FIELD");
  if (aesKey !== undefined && aesKey.length !== 16) return refuse("AIR_FIELD");
  if (freeData !== undefined && (variant === "cc3000" || freeData.length > FREE_DATA_BYTES_MAX)) {
    return refuse("AIR_FIELD");
  }
  const tags = TI_TAGS[variant];
  let keyField = passphrase;
  if (aesKey !== undefined) {
    const field = filled(passphrase);
    keyField = variant === "cc3000" ? ecbEncrypt(aes, aesKey, field) : tiOfb(aes, aesKey, field);
  }
  const between = aesKey === undefined ? tags.between : tags.betweenSealed;
  const hasFreeData = freeData !== undefined && freeData.length > 1;
  const lengths = [
    tags.start,
    ...stringLengths(ssid),
    between,
    ...stringLengths(keyField),
    ...(hasFreeData ? [tags.free, ...stringLengths(freeData)] : []),
  ];
  const isTag = (length: number) => length === tags.start || length === tags.between;
  const onAir =
    variant === "cc3000"
      ? lengths.flatMap((length) => (isTag(length) ? [length] : [length, ...TI_SYNC]))
      : TI_SYNC.flatMap((sync) => lengths.flatMap((length) => [sync, length]));
  return ok({ lengths, keyField, onAir });
}
