/** What onboarding remembers over power loss, and what the factory told it; the names are wire/flash/stored-names.ts's. */
import { concat } from "#base/bytes.ts";
import { decodeCbor } from "#codec/cbor.ts";
import type { Stored } from "#device/machine.ts";
import type { AirProtocol } from "#wire/air/found.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";

export interface Wifi {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
}

export function encodeWifi({ ssid, passphrase }: Wifi): Uint8Array {
  return concat(Uint8Array.of(ssid.length), ssid, Uint8Array.of(passphrase.length), passphrase);
}

function decodeWifi(bytes: Uint8Array | undefined): Wifi | undefined {
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

/** What this product listens for. */
export interface Allowed {
  readonly protocols: readonly AirProtocol[];
  readonly isSoftApOn: boolean;
  readonly airKey?: Uint8Array;
  readonly aesKey?: Uint8Array;
}

const LEGACY: readonly AirProtocol[] = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"];

/** Air whenever the unit has an air key; older protocols and SoftAP only where the factory switched them on. */
export function allowedBy(stored: Stored): Allowed {
  const airKey = stored.get(PROVISIONED.airKey);
  const told = stored.get(PROVISIONED.onboarding);
  const decoded = told === undefined ? undefined : decodeCbor(told);
  const [names, isSoftApOn, aesKey] = decoded?.ok && Array.isArray(decoded.value) ? decoded.value : [];
  const legacy = LEGACY.filter((protocol) => Array.isArray(names) && names.includes(protocol));
  return {
    protocols: airKey?.length === 32 ? ["air", ...legacy] : legacy,
    isSoftApOn: isSoftApOn === true,
    ...(airKey?.length === 32 ? { airKey } : {}),
    ...(aesKey instanceof Uint8Array && aesKey.length === 16 ? { aesKey } : {}),
  };
}

/** The network that worked before, if any. */
export function rememberedWifi(stored: Stored | undefined): Wifi | undefined {
  return decodeWifi(stored?.get(OWN.wifi));
}

/** Which protocols count now: a unit that has a network takes a new one from its card-holder alone. */
export function listenedFor(stored: Stored, hasNetwork: boolean): Allowed {
  const allowed = allowedBy(stored);
  return hasNetwork ? { ...allowed, protocols: allowed.protocols.filter((protocol) => protocol === "air") } : allowed;
}
