/**
 * ESP-TOUCH v1, the sender's side: credentials to packet lengths.
 * @source PROTOCOL 6.5; the published Android sender's behaviour
 */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { crc8 } from "#codec/crc.ts";

export const GUIDE: readonly number[] = [515, 514, 513, 512];
/** Lengths that carry data start here; those that carry an index, 256 later. */
export const DATA_MIN = 40;
/** Total, two CRCs, two lengths and the phone's address stand before passphrase and SSID. */
export const HEAD_BYTES = 9;
const BSSID_BYTES = 6;

interface EsptouchV1Input {
  readonly ssid: Uint8Array;
  readonly bssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** The phone's IPv4 address, 4 bytes: where the acknowledgement goes besides broadcast. */
  readonly phone: Uint8Array;
}

interface EsptouchV1Round {
  /** Three lengths for each code, in send order. */
  readonly dataLengths: readonly number[];
  /** The codes: index and byte. */
  readonly codes: readonly (readonly [index: number, byte: number])[];
  readonly ackFirstByte: number;
}

/** Three lengths that carry one byte under its index. */
function codeLengths(index: number, byte: number): number[] {
  const crc = crc8([byte, index]);
  return [
    DATA_MIN + ((crc >> 4) << 4) + (byte >> 4),
    DATA_MIN + 256 + index,
    DATA_MIN + ((crc & 15) << 4) + (byte & 15),
  ];
}

/**
 * The indices in the order in which they are sent: BSSID bytes (from `total` on) stand at list places 5, 9, 13 and so
 * on, or at the end where the list is shorter.
 */
export function esptouchV1Order(total: number): number[] {
  const order = Array.from({ length: total }, (_, i) => i);
  for (let i = 0; i < BSSID_BYTES; i++) order.splice(5 + 4 * i, 0, total + i);
  return order;
}

/**
 * Encodes the data of ESP-TOUCH v1; the guide is the same for all.
 * @returns The lengths, or AIR_FIELD for an SSID of 0 or above 32 bytes, a passphrase above 64, or an address that is
 * not of its length.
 */
export function encodeEsptouchV1({ ssid, bssid, passphrase, phone }: EsptouchV1Input): Result<EsptouchV1Round> {
  if (ssid.length < 1 || ssid.length > 32 || passphrase.length > 64) return refuse("AIR_FIELD");
  if (bssid.length !== BSSID_BYTES || phone.length !== 4) return refuse("AIR_FIELD");
  const total = HEAD_BYTES + passphrase.length + ssid.length;
  const data = concat(
    Uint8Array.of(total, passphrase.length, crc8(ssid), crc8(bssid), 0),
    phone,
    passphrase,
    ssid,
    bssid,
  );
  data[4] = data.subarray(0, total).reduce((xor, byte) => xor ^ byte, 0);
  const codes = esptouchV1Order(total).map((index) => [index, data[index] as number] as const);
  return ok({
    dataLengths: codes.flatMap(([index, byte]) => codeLengths(index, byte)),
    codes,
    ackFirstByte: total & 255,
  });
}
