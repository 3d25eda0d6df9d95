/** What onboarding remembers over power loss, and under which names. */
import { concat } from "#base/bytes.ts";

/** Network credentials that were proved: SSID and passphrase, each behind its length. */
export const WIFI = "wifi";
/** Counter of the last Air message accepted: 5 bytes, little-endian. Cleared by holding the button alone. */
export const AIR_COUNTER = "air-counter";
/** The card's air key, 32 bytes, given by the station. */
export const AIR_KEY = "air-key";

export interface Wifi {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
}

export function encodeWifi({ ssid, passphrase }: Wifi): Uint8Array {
  return concat(Uint8Array.of(ssid.length), ssid, Uint8Array.of(passphrase.length), passphrase);
}

export function decodeWifi(bytes: Uint8Array | undefined): Wifi | undefined {
  const ssidBytes = bytes?.[0];
  if (bytes === undefined || ssidBytes === undefined) return undefined;
  const passphraseBytes = bytes[1 + ssidBytes];
  if (passphraseBytes === undefined || bytes.length !== 2 + ssidBytes + passphraseBytes) return undefined;
  return { ssid: bytes.slice(1, 1 + ssidBytes), passphrase: bytes.slice(2 + ssidBytes) };
}

/** A counter of at most 40 bits. */
export function encodeCounter(counter: number): Uint8Array {
  return Uint8Array.from({ length: 5 }, (_, i) => Math.floor(counter / 256 ** i) % 256);
}

export function decodeCounter(bytes: Uint8Array | undefined): number {
  return (bytes ?? new Uint8Array(0)).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
}
