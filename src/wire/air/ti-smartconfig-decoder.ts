/**
 * TI SmartConfig, the listener's side: the phone's own frames on their way to the gateway. Tags are anchors; the
 * lengths behind them tell the order of a whole pass, and a nibble counts only where its place is certain (bracket.ts).
 * Its length also names the nibble before it and its number modulo 16, so a string counts only when that whole chain
 * holds: the format has no other check.
 * @source PROTOCOL 6.7
 */
import { type AesBlocks, ecbDecrypt } from "#codec/aes-modes.ts";
import type { AirCredentials, LengthDecoder } from "./air-credentials.ts";
import { anchorFrame, type Bracket, holdFrame, losePlace, newBracket, predictPlace, skipFrame } from "./bracket.ts";
import { TI_FIELD_BYTES, TI_LENGTH, TI_NIBBLE, TI_TAGS, type TiVariant, tiOfb } from "./ti-smartconfig.ts";

/** Of SSID, key field and free data: more is no string of theirs. */
const BYTES_MAX = [32, TI_FIELD_BYTES, 64] as const;
const EMPTY = 0xffff;
const SILENCE_US = 3_000_000;
/** Lengths that keep the receiver in step, whatever they are: 3, and 23 less a group's number. */
const SYNC_MAX = TI_LENGTH - 1;
/** So soon after a tag a length can only be that of its own string: no string is shorter. */
const NEAR_STEPS = 4;
/** Longer than any pass: while lengths are missing, nothing is counted across its end. */
const UNKNOWN_RING = 1 << 16;

/** SSID, key field, free data (CC3200 only, and not every sender's). */
const [SSID, KEY, FREE] = [0, 1, 2] as const;

/** Where a string's nibbles stand among those of all three. */
const NIBBLES_AT = [0, 64, 128, 256] as const;

/** The string, once every nibble is there and the chain holds; a chain that doesn't is dropped. */
function bytesOf(values: Uint16Array): Uint8Array | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === EMPTY) return undefined;
    if (value >> 4 === ((i === 0 ? 0 : (values[i - 1] as number) & 15) ^ (i & 15))) continue;
    values.fill(EMPTY);
    return undefined;
  }
  return Uint8Array.from({ length: values.length / 2 }, (_, i) => {
    return (((values[2 * i] as number) & 15) << 4) | ((values[2 * i + 1] as number) & 15);
  });
}

type Part = 0 | 1 | 2;

interface Ti {
  readonly aes: AesBlocks | undefined;
  readonly aesKey: Uint8Array | undefined;
  readonly bracket: Bracket;
  /** Nibbles' whole values: what each says of the one before it, and itself; none before the first. */
  values: Uint16Array;
  /** Bytes of each string, -1 before its length was heard. */
  readonly sizes: Int8Array;
  variant: TiVariant | undefined;
  isSealed: boolean;
  hasFree: boolean;
  /** True once a whole pass was counted: nothing stands in it that was not heard of. */
  isPassKnown: boolean;
  /** True while every frame since the start tag came without a gap. */
  isUnbroken: boolean;
  /** The string after the last tag, and frames since; -1 when lost. */
  part: Part;
  sinceTag: number;
  /** True while the last frame could be one of a pass. */
  isInPass: boolean;
  slack: number;
  lastUs: number;
  score: number;
}

/** @returns A decoder that holds about 2 KB once it heard nibbles. */
export function tiDecoder(aes?: AesBlocks, aesKey?: Uint8Array): LengthDecoder {
  const ti: Ti = {
    aes,
    aesKey,
    bracket: newBracket((place, length) => putNibble(ti, place, length)),
    values: new Uint16Array(0),
    sizes: new Int8Array(3).fill(-1),
    variant: undefined,
    isSealed: false,
    hasFree: false,
    isPassKnown: false,
    isUnbroken: false,
    part: SSID,
    sinceTag: -1,
    isInPass: false,
    slack: 0,
    lastUs: 0,
    score: 0,
  };
  return {
    push: (length, step, us) => pushTi(ti, length, step, us),
    score: () => ti.score,
    lacks: () => lacksOf(ti),
  };
}

/** Nibbles that are not there; as many as the longest string has, where its length is not known. */
function lacksOf(ti: Ti): number {
  let lacks = 0;
  for (const which of ti.hasFree ? [SSID, KEY, FREE] : [SSID, KEY]) {
    const size = sizeOf(ti, which);
    if (size < 0) lacks += NIBBLES_AT[3];
    for (let i = 0; i < 2 * size; i++) {
      if ((ti.values[(NIBBLES_AT[which] as number) + i] ?? EMPTY) === EMPTY) lacks++;
    }
  }
  return lacks;
}

function putNibble(ti: Ti, place: number, length: number) {
  for (const which of [SSID, KEY, FREE] as const) {
    const number = packetOf(ti, place - tagPlace(ti, which)) - 1;
    if (number < 0 || number >= 2 * sizeOf(ti, which) || tagPlace(ti, which) < 0) continue;
    const value = length - TI_NIBBLE;
    if (value < 0 || value > 255) return;
    const at = NIBBLES_AT[which] + number;
    const before = ti.values[at] ?? EMPTY;
    // Another message began: nothing of the old one may stay.
    if (ti.values.length === 0 || (before !== EMPTY && before !== value)) {
      ti.values = new Uint16Array(NIBBLES_AT[3]).fill(EMPTY);
    }
    ti.values[at] = value;
    ti.score++;
  }
}

function sizeOf({ sizes }: Ti, which: number): number {
  return sizes[which] as number;
}

/** Where on a pass a string's tag stands; -1 while a string before it has no length. */
function tagPlace(ti: Ti, which: number): number {
  let place = 0;
  for (let i = 0; i < which; i++) {
    const byteLength = sizeOf(ti, i);
    if (byteLength < 0) return -1;
    // A CC3200's sender puts a sync packet before each packet, a CC3000's two behind all but the tags.
    place += ti.variant === "cc3000" ? 1 + 3 * (1 + 2 * byteLength) : 2 * (2 + 2 * byteLength);
  }
  return place;
}

/** Which packet of its string stands so many frames after a tag: 0 the length, then nibbles; -1 for a sync packet. */
function packetOf({ variant }: Ti, frames: number): number {
  if (variant === "cc3200") return frames > 0 && frames % 2 === 0 ? frames / 2 - 1 : -1;
  return frames > 0 && frames % 3 === 1 ? (frames - 1) / 3 : -1;
}

/** Frames of a whole pass. */
function passFrames(ti: Ti): number {
  const end = tagPlace(ti, ti.hasFree ? FREE + 1 : FREE);
  return end < 0 ? UNKNOWN_RING : end;
}

function forgetTexts(ti: Ti) {
  ti.values = new Uint16Array(0);
  ti.sizes.fill(-1);
  ti.hasFree = false;
  ti.isPassKnown = false;
  losePlace(ti.bracket);
}

function tagOf(length: number): readonly [Part, TiVariant] | undefined {
  if (length === TI_TAGS.cc3000.start) return [SSID, "cc3000"];
  if (length === TI_TAGS.cc3200.start) return [SSID, "cc3200"];
  if (length === TI_TAGS.cc3000.between) return [KEY, "cc3000"];
  if (length === TI_TAGS.cc3200.between || length === TI_TAGS.cc3200.betweenSealed) return [KEY, "cc3200"];
  return length === TI_TAGS.cc3200.free ? [FREE, "cc3200"] : undefined;
}

function takeTag(ti: Ti, which: Part, kind: TiVariant, length: number, steps: number) {
  const sealed = length === TI_TAGS.cc3200.betweenSealed;
  if (ti.variant !== kind || (which === KEY && sealed !== ti.isSealed && sizeOf(ti, KEY) >= 0)) forgetTexts(ti);
  ti.variant = kind;
  if (which === KEY) ti.isSealed = sealed;
  if (which === FREE && !ti.hasFree) {
    ti.hasFree = true;
    ti.isPassKnown = false;
  }
  const { bracket } = ti;
  const place = tagPlace(ti, which);
  const ring = passFrames(ti);
  if (place < 0) losePlace(bracket);
  else {
    if (which === SSID && ring !== UNKNOWN_RING && predictPlace(bracket, steps) === 0) ti.isPassKnown = true;
    anchorFrame(bracket, steps, place, ring);
  }
  ti.part = which;
  ti.sinceTag = 0;
  if (which === SSID) ti.isUnbroken = true;
  ti.score += 2;
}

function takeLength(ti: Ti, byteLength: number, steps: number) {
  const { bracket, part, sinceTag } = ti;
  const isOwn = sinceTag > 0 && sinceTag <= NEAR_STEPS && byteLength <= BYTES_MAX[part];
  if (!isOwn || sizeOf(ti, part) === byteLength) {
    skipFrame(bracket, steps);
    return;
  }
  if (sizeOf(ti, part) >= 0) forgetTexts(ti);
  ti.sizes[part] = byteLength;
  ti.isPassKnown = false;
  // The tag and this packet stand, whatever the round was taken for before.
  losePlace(bracket);
  const place = tagPlace(ti, part);
  if (place < 0 || sinceTag !== (ti.variant === "cc3000" ? 1 : 2)) return;
  anchorFrame(bracket, 0, place, passFrames(ti));
  for (let i = 0; i < sinceTag; i++) skipFrame(bracket, 1);
}

function passphraseOf({ aes, aesKey, variant, isSealed }: Ti, field: Uint8Array): Uint8Array | undefined {
  // A CC3000 says nowhere whether its field is sealed: with a key, 32 bytes are.
  const mustOpen = variant === "cc3200" ? isSealed : aesKey !== undefined && field.length === TI_FIELD_BYTES;
  if (!mustOpen) return field;
  if (aes === undefined || aesKey === undefined || field.length !== TI_FIELD_BYTES) return undefined;
  const opened = variant === "cc3000" ? ecbDecrypt(aes, aesKey, field) : tiOfb(aes, aesKey, field);
  const byteLength = opened[0] as number;
  const isCounted = byteLength < TI_FIELD_BYTES && opened.subarray(1 + byteLength).every((byte) => byte === 0);
  return isCounted ? opened.slice(1, 1 + byteLength) : opened;
}

function stringOf(ti: Ti, which: Part): Uint8Array | undefined {
  const byteLength = sizeOf(ti, which);
  if (byteLength <= 0) return byteLength < 0 ? undefined : new Uint8Array(0);
  if (ti.values.length === 0) return undefined;
  const from = NIBBLES_AT[which];
  return bytesOf(ti.values.subarray(from, from + 2 * byteLength));
}

function completeTi(ti: Ti, us: number): AirCredentials | undefined {
  // Only a whole pass shows that no device name is missing and that the lengths are right. A CC3000's sender has no
  // names: heard without any gap since its start, its message stands by itself.
  if (!ti.isPassKnown && !(ti.variant === "cc3000" && ti.isUnbroken)) return undefined;
  const ssid = stringOf(ti, SSID);
  const field = ssid && stringOf(ti, KEY);
  if (ssid === undefined || field === undefined || ssid.length < 1 || ssid.length > 32) return undefined;
  const free = ti.hasFree ? stringOf(ti, FREE) : new Uint8Array(0);
  const passphrase = free === undefined ? undefined : passphraseOf(ti, field);
  if (free === undefined || passphrase === undefined) return undefined;
  return { protocol: "ti-smartconfig", ssid, passphrase, reserved: free, us, token: 0 };
}

function pushTi(ti: Ti, length: number, step: number, us: number): AirCredentials | undefined {
  const { bracket } = ti;
  if (ti.lastUs !== 0 && us - ti.lastUs > SILENCE_US) {
    forgetTexts(ti);
    ti.sinceTag = -1;
    ti.score = 0;
  }
  ti.lastUs = us;
  const tag = tagOf(length);
  const value = length - TI_NIBBLE;
  const isSync = length >= 1 && length <= SYNC_MAX;
  const isLength = length >= TI_LENGTH && length <= TI_LENGTH + BYTES_MAX[FREE];
  if (tag === undefined && !isSync && !isLength && (value < 0 || value > 255)) {
    // Another datagram of the same phone: it used up a sequence number, but no place on the pass.
    ti.isUnbroken = false;
    ti.isInPass = false;
    if (step === 0) losePlace(bracket);
    else ti.slack += step - 1;
    return undefined;
  }
  const steps = step === 0 ? 0 : step + ti.slack;
  ti.slack = 0;
  if (steps !== 1) ti.isUnbroken = false;
  // Between two tags, a second apart, the sync packets alone show a sender to whoever passes by on this channel.
  if (isSync && steps === 1 && ti.isInPass) ti.score++;
  ti.isInPass = true;
  if (ti.sinceTag >= 0) ti.sinceTag = steps === 0 ? -1 : ti.sinceTag + steps;
  // A sync packet where none can stand, or the other way round: frames of something else were counted.
  const predicted = predictPlace(bracket, steps);
  if (predicted >= 0 && isSync === isPacketPlace(ti, predicted)) losePlace(bracket);
  if (tag !== undefined) takeTag(ti, tag[0], tag[1], length, steps);
  else if (isLength) takeLength(ti, length - TI_LENGTH, steps);
  else if (isSync) skipFrame(bracket, steps);
  else holdFrame(bracket, steps, length);
  return isSync ? undefined : completeTi(ti, us);
}

function isPacketPlace(ti: Ti, place: number): boolean {
  if (ti.variant === "cc3200") return place % 2 === 0;
  for (const which of [KEY, SSID]) {
    const tag = tagPlace(ti, which);
    if (tag >= 0 && place >= tag) return place === tag || packetOf(ti, place - tag) >= 0;
  }
  return true;
}
