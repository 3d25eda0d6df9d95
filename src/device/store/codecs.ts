/**
 * The codecs of stored values, between bytes in flash and typed values. A decoder answers undefined for bytes that
 * are not exactly of its form; what the unit then assumes stands in entries.ts.
 */
import { concat } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { readZone, type Zone } from "#codec/posix-tz.ts";
import { type RevocationList, readRevocations } from "#trust/grants/revocations.ts";
import { type Link, readGrant } from "#wire/grants/grant.ts";
import { type CloudAddress, type CloudTls, readCloudAddress, readCloudTls } from "#wire/link/cloud-address.ts";
import { isPlace } from "#wire/sessions/session.ts";

/** Latitude and longitude in degrees times 100,000. */
export type Place = readonly [latitudeE5: number, longitudeE5: number];

export interface Wifi {
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
}

/** Where a cloud is, with the bytes that say so: the unit also tells them its callers. */
export type StoredCloud = CloudAddress & { readonly bytes: Uint8Array };
export type StoredTls = CloudTls & { readonly bytes: Uint8Array };

/** What the factory switched on for onboarding. */
interface OnboardingChoice {
  /** Names of older protocols. */
  readonly legacy: readonly Cbor[];
  readonly isSoftApOn: boolean;
  /** The AES-128 key that the maker's own phone app shares with its units. */
  readonly aesKey: Uint8Array | undefined;
}

/** How often one link was used (gate/usage.ts); `recent` of these uses may still count against a rate. */
export interface StoredUse {
  readonly link: Uint8Array;
  readonly isDeep: boolean;
  readonly uses: number;
  readonly recent: number;
}

/** A time that has passed, according to one signer of links. */
export interface StoredSignerTime {
  readonly key: Uint8Array;
  readonly floorS: number;
}

/** A time zone: its rule as the owner told it, and what that means. */
export interface StoredZone {
  readonly rule: string;
  readonly zone: Zone;
}

/** A release that is being installed. */
interface StoredUpdate {
  readonly signed: Uint8Array;
  readonly isCarried: boolean;
}

/** A resale whose writes may not be complete. */
export interface StoredResale {
  readonly grant: Uint8Array;
  readonly airKey: Uint8Array;
  readonly revocations: Uint8Array;
  readonly resoldAtS: number;
}

const AIR_COUNTER_BYTES = 5;

function itemsOf(bytes: Uint8Array): readonly Cbor[] | undefined {
  const item = decodeCbor(bytes);
  return item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : undefined;
}

export function decodeText(bytes: Uint8Array): string | undefined {
  return fromUtf8(bytes);
}

/** For values that are bytes already. */
export function asBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}

export function decodeKey(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length === 32 ? bytes : undefined;
}

/** For an entry whose presence says it all. */
export function decodePresence(_bytes: Uint8Array): true {
  return true;
}

/** For an entry that means something only with no bytes in it. */
export function decodeEmpty({ length }: Uint8Array): true | undefined {
  return length === 0 ? true : undefined;
}

export function encodeEmpty(_is: true): Uint8Array {
  return new Uint8Array(0);
}

export function decodeU16(bytes: Uint8Array): number | undefined {
  return bytes.length === 2 ? (bytes[0] as number) | ((bytes[1] as number) << 8) : undefined;
}

export function decodeSecond(bytes: Uint8Array): number | undefined {
  const item = decodeCbor(bytes);
  return item.ok && typeof item.value === "number" ? item.value : undefined;
}

export function encodeSecond(second: number): Uint8Array {
  return encodeCbor(second);
}

export function encodeNames(names: readonly string[]): Uint8Array {
  return encodeCbor(names);
}

export function decodeNames(bytes: Uint8Array): readonly string[] | undefined {
  const names = itemsOf(bytes);
  return names?.every((name) => typeof name === "string") === true ? (names as readonly string[]) : undefined;
}

export function decodeGrant(bytes: Uint8Array): Link | undefined {
  const link = readGrant(bytes);
  return link.ok ? link.value : undefined;
}

/** Public keys of issuers by their kid, 1 to 255. */
export function decodeIssuers(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const item = decodeCbor(bytes);
  if (!item.ok || !(item.value instanceof Map)) return undefined;
  for (const [kid, key] of item.value) {
    if (typeof kid !== "number" || kid < 1 || kid > 255) return undefined;
    if (!(key instanceof Uint8Array) || key.length !== 32) return undefined;
  }
  return item.value as ReadonlyMap<number, Uint8Array>;
}

export function encodeRoots(roots: readonly Uint8Array[]): Uint8Array {
  return encodeCbor(roots);
}

export function decodeRoots(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const roots = itemsOf(bytes);
  const isEachKey = roots?.every((root) => root instanceof Uint8Array && root.length === 32) === true;
  return isEachKey ? (roots as readonly Uint8Array[]) : undefined;
}

export function decodeCloud(bytes: Uint8Array): StoredCloud | undefined {
  const address = readCloudAddress(bytes);
  return address && { ...address, bytes };
}

export function decodeCloudTls(bytes: Uint8Array): StoredTls | undefined {
  const tls = readCloudTls(bytes);
  return tls && { ...tls, bytes };
}

/** TLS of no bytes stands for a cloud in the clear. */
export function encodeCloudMoved({ address, tls }: { address: Uint8Array; tls: Uint8Array }): Uint8Array {
  return encodeCbor([address, tls]);
}

export function decodeCloudMoved(
  bytes: Uint8Array,
): { readonly address: StoredCloud; readonly tls: StoredTls | undefined } | undefined {
  const [addressBytes, tlsBytes] = itemsOf(bytes) ?? [];
  if (!(addressBytes instanceof Uint8Array) || !(tlsBytes instanceof Uint8Array)) return undefined;
  const address = decodeCloud(addressBytes);
  const tls = decodeCloudTls(tlsBytes);
  return address !== undefined && (tls !== undefined || tlsBytes.length === 0) ? { address, tls } : undefined;
}

export function decodeOnboarding(bytes: Uint8Array): OnboardingChoice | undefined {
  const items = itemsOf(bytes);
  if (items === undefined) return undefined;
  const [legacy, isSoftApOn, key] = items;
  const aesKey = key instanceof Uint8Array && key.length === 16 ? key : undefined;
  if (!Array.isArray(legacy) || aesKey !== key) return undefined;
  return { legacy: legacy as readonly Cbor[], isSoftApOn: isSoftApOn === true, aesKey };
}

export function encodeWifi({ ssid, passphrase }: Wifi): Uint8Array {
  return concat(Uint8Array.of(ssid.length), ssid, Uint8Array.of(passphrase.length), passphrase);
}

export function decodeWifi(bytes: Uint8Array): Wifi | undefined {
  const ssidBytes = bytes[0];
  if (ssidBytes === undefined) return undefined;
  const passphraseBytes = bytes[1 + ssidBytes];
  if (passphraseBytes === undefined || bytes.length !== 2 + ssidBytes + passphraseBytes) return undefined;
  return { ssid: bytes.slice(1, 1 + ssidBytes), passphrase: bytes.slice(2 + ssidBytes) };
}

/** A counter of at most 40 bits, little-endian. */
export function encodeCounter(counter: number): Uint8Array {
  return Uint8Array.from({ length: AIR_COUNTER_BYTES }, (_, i) => Math.floor(counter / 256 ** i) % 256);
}

export function decodeCounter(bytes: Uint8Array): number | undefined {
  if (bytes.length !== AIR_COUNTER_BYTES) return undefined;
  return bytes.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
}

export function decodeRevocations(bytes: Uint8Array): RevocationList | undefined {
  const revocations = readRevocations(bytes);
  return revocations.ok ? revocations.value : undefined;
}

export function encodeUsage(usage: readonly StoredUse[]): Uint8Array {
  return encodeCbor(usage.map(({ link, isDeep, uses, recent }) => [link, uses, recent, isDeep]));
}

export function decodeUsage(bytes: Uint8Array): readonly StoredUse[] | undefined {
  const usage: StoredUse[] = [];
  const items = itemsOf(bytes);
  for (const each of items ?? []) {
    const [link, uses, recent, isDeep] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    if (!(link instanceof Uint8Array) || typeof uses !== "number" || typeof recent !== "number") return undefined;
    if (typeof isDeep !== "boolean") return undefined;
    usage.push({ link, isDeep, uses, recent });
  }
  return items && usage;
}

export function encodeUpdate({ signed, isCarried }: StoredUpdate): Uint8Array {
  return encodeCbor([signed, isCarried]);
}

export function decodeUpdate(bytes: Uint8Array): StoredUpdate | undefined {
  const [signed, isCarried] = itemsOf(bytes) ?? [];
  return signed instanceof Uint8Array && typeof isCarried === "boolean" ? { signed, isCarried } : undefined;
}

export function encodeResale({ grant, airKey, revocations, resoldAtS }: StoredResale): Uint8Array {
  return encodeCbor([grant, airKey, revocations, resoldAtS]);
}

export function decodeResale(bytes: Uint8Array): StoredResale | undefined {
  const [grant, airKey, revocations, resoldAtS] = itemsOf(bytes) ?? [];
  if (!(grant instanceof Uint8Array) || !(airKey instanceof Uint8Array)) return undefined;
  if (!(revocations instanceof Uint8Array) || typeof resoldAtS !== "number") return undefined;
  return { grant, airKey, revocations, resoldAtS };
}

export function encodeSignerTimes(signers: readonly StoredSignerTime[]): Uint8Array {
  return encodeCbor(signers.map(({ key, floorS }) => [key, floorS]));
}

export function decodeSignerTimes(bytes: Uint8Array): readonly StoredSignerTime[] | undefined {
  const signers: StoredSignerTime[] = [];
  const items = itemsOf(bytes);
  for (const each of items ?? []) {
    const [key, floorS] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    if (!(key instanceof Uint8Array) || typeof floorS !== "number") return undefined;
    signers.push({ key, floorS });
  }
  return items && signers;
}

export function encodeZone({ rule }: StoredZone): Uint8Array {
  return utf8(rule);
}

export function decodeZone(bytes: Uint8Array): StoredZone | undefined {
  const rule = fromUtf8(bytes);
  const zone = rule === undefined ? undefined : readZone(rule);
  return rule !== undefined && zone?.ok ? { rule, zone: zone.value } : undefined;
}

/** Values of the app's by name. */
export function encodeAppMap(values: ReadonlyMap<string, Cbor>): Uint8Array {
  return encodeCbor(values);
}

export function decodeAppMap(bytes: Uint8Array): ReadonlyMap<string, Cbor> | undefined {
  const item = decodeCbor(bytes);
  return item.ok && item.value instanceof Map ? (item.value as ReadonlyMap<string, Cbor>) : undefined;
}

export function encodePlace(place: Place): Uint8Array {
  return encodeCbor(place);
}

export function decodePlace(bytes: Uint8Array): Place | undefined {
  const item = decodeCbor(bytes);
  return item.ok && isPlace(item.value) ? (item.value as unknown as Place) : undefined;
}

export function encodeAppStarts(starts: readonly [bad: number, fault: number]): Uint8Array {
  return encodeCbor(starts);
}

export function decodeAppStarts(bytes: Uint8Array): readonly [bad: number, fault: number] | undefined {
  const item = decodeCbor(bytes);
  const [bad, fault] = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  return Number.isInteger(bad) && Number.isInteger(fault) ? [bad as number, fault as number] : undefined;
}
