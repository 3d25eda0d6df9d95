/**
 * TI SmartConfig, the listener's side: the phone's own frames on their way to the gateway. Tags are anchors; the
 * lengths behind them tell the order of a whole pass, and a nibble counts only where its place is certain (bracket.ts).
 * Its length also names the nibble before it and its number modulo 16, so a string counts only when that whole chain
 * holds: the format has no other check.
 * @source PROTOCOL 6.7
 */
import { type AesBlocks, ecbDecrypt } from "#codec/aes-modes.ts";
import { anchorFrame, holdFrame, losePlace, newBracket, predictPlace, skipFrame } from "./bracket.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";
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

/** @returns A decoder that holds about 1.2 KB. */
export function tiDecoder(aes?: AesBlocks, aesKey?: Uint8Array): LengthDecoder {
  /** Nibbles' whole values: what each says of the one before it, and itself. */
  const values = new Uint16Array(NIBBLES_AT[3]).fill(EMPTY);
  /** Bytes of each string, -1 before its length was heard. */
  const sizes = new Int8Array(3).fill(-1);
  let variant: TiVariant | undefined;
  let isSealed = false;
  let hasFree = false;
  /** True once a whole pass was counted: nothing stands in it that was not heard of. */
  let isPassKnown = false;
  /** True while every frame since the start tag came without a gap. */
  let isUnbroken = false;
  /** The string after the last tag, and frames since; -1 when lost. */
  let part: 0 | 1 | 2 = SSID;
  let sinceTag = -1;
  let slack = 0;
  let lastUs = 0;
  let score = 0;

  const bracket = newBracket((place, length) => {
    for (const which of [SSID, KEY, FREE] as const) {
      const number = packetOf(place - tagPlace(which)) - 1;
      if (number < 0 || number >= 2 * sizeOf(which) || tagPlace(which) < 0) continue;
      const value = length - TI_NIBBLE;
      if (value < 0 || value > 255) return;
      const at = NIBBLES_AT[which] + number;
      // Another message began: nothing of the old one may stay.
      if (values[at] !== EMPTY && values[at] !== value) values.fill(EMPTY);
      values[at] = value;
      score++;
    }
  });

  function sizeOf(which: number): number {
    return sizes[which] as number;
  }

  /** Where on a pass a string's tag stands; -1 while a string before it has no length. */
  function tagPlace(which: number): number {
    let place = 0;
    for (let i = 0; i < which; i++) {
      const byteLength = sizeOf(i);
      if (byteLength < 0) return -1;
      // A CC3200's sender puts a sync packet before each packet, a CC3000's two behind all but the tags.
      place += variant === "cc3000" ? 1 + 3 * (1 + 2 * byteLength) : 2 * (2 + 2 * byteLength);
    }
    return place;
  }

  /** Which packet of its string stands so many frames after a tag: 0 the length, then nibbles; -1 for a sync packet. */
  function packetOf(frames: number): number {
    if (variant === "cc3200") return frames > 0 && frames % 2 === 0 ? frames / 2 - 1 : -1;
    return frames > 0 && frames % 3 === 1 ? (frames - 1) / 3 : -1;
  }

  /** Frames of a whole pass. */
  function ring(): number {
    const end = tagPlace(hasFree ? FREE + 1 : FREE);
    return end < 0 ? UNKNOWN_RING : end;
  }

  function forgetTexts() {
    values.fill(EMPTY);
    sizes.fill(-1);
    hasFree = false;
    isPassKnown = false;
    losePlace(bracket);
  }

  function tagOf(length: number): readonly [0 | 1 | 2, TiVariant] | undefined {
    if (length === TI_TAGS.cc3000.start) return [SSID, "cc3000"];
    if (length === TI_TAGS.cc3200.start) return [SSID, "cc3200"];
    if (length === TI_TAGS.cc3000.between) return [KEY, "cc3000"];
    if (length === TI_TAGS.cc3200.between || length === TI_TAGS.cc3200.betweenSealed) return [KEY, "cc3200"];
    return length === TI_TAGS.cc3200.free ? [FREE, "cc3200"] : undefined;
  }

  function takeTag(which: 0 | 1 | 2, kind: TiVariant, length: number, steps: number) {
    const sealed = length === TI_TAGS.cc3200.betweenSealed;
    if (variant !== kind || (which === KEY && sealed !== isSealed && sizeOf(KEY) >= 0)) forgetTexts();
    variant = kind;
    if (which === KEY) isSealed = sealed;
    if (which === FREE && !hasFree) {
      hasFree = true;
      isPassKnown = false;
    }
    const place = tagPlace(which);
    if (place < 0) losePlace(bracket);
    else {
      if (which === SSID && ring() !== UNKNOWN_RING && predictPlace(bracket, steps) === 0) isPassKnown = true;
      anchorFrame(bracket, steps, place, ring());
    }
    part = which;
    sinceTag = 0;
    if (which === SSID) isUnbroken = true;
    score += 2;
  }

  function takeLength(byteLength: number, steps: number) {
    const isOwn = sinceTag > 0 && sinceTag <= NEAR_STEPS && byteLength <= BYTES_MAX[part];
    if (isOwn && sizeOf(part) !== byteLength) {
      if (sizeOf(part) >= 0) forgetTexts();
      sizes[part] = byteLength;
      isPassKnown = false;
      // The tag and this packet stand, whatever the round was taken for before.
      losePlace(bracket);
      const place = tagPlace(part);
      if (place >= 0 && sinceTag === (variant === "cc3000" ? 1 : 2)) {
        anchorFrame(bracket, 0, place, ring());
        for (let i = 0; i < sinceTag; i++) skipFrame(bracket, 1);
      }
      return;
    }
    skipFrame(bracket, steps);
  }

  function passphraseOf(field: Uint8Array): Uint8Array | undefined {
    // A CC3000 says nowhere whether its field is sealed: with a key, 32 bytes are.
    const mustOpen = variant === "cc3200" ? isSealed : aesKey !== undefined && field.length === TI_FIELD_BYTES;
    if (!mustOpen) return field;
    if (aes === undefined || aesKey === undefined || field.length !== TI_FIELD_BYTES) return undefined;
    const opened = variant === "cc3000" ? ecbDecrypt(aes, aesKey, field) : tiOfb(aes, aesKey, field);
    const byteLength = opened[0] as number;
    const isCounted = byteLength < TI_FIELD_BYTES && opened.subarray(1 + byteLength).every((byte) => byte === 0);
    return isCounted ? opened.slice(1, 1 + byteLength) : opened;
  }

  function stringOf(which: 0 | 1 | 2): Uint8Array | undefined {
    const from = NIBBLES_AT[which];
    return sizeOf(which) < 0 ? undefined : bytesOf(values.subarray(from, from + 2 * sizeOf(which)));
  }

  function complete(us: number): Found | undefined {
    // Only a whole pass shows that no device name is missing and that the lengths are right. A CC3000's sender has no
    // names: heard without any gap since its start, its message stands by itself.
    if (!isPassKnown && !(variant === "cc3000" && isUnbroken)) return undefined;
    const ssid = stringOf(SSID);
    const field = ssid && stringOf(KEY);
    if (ssid === undefined || field === undefined || ssid.length < 1 || ssid.length > 32) return undefined;
    const free = hasFree ? stringOf(FREE) : new Uint8Array(0);
    const passphrase = free === undefined ? undefined : passphraseOf(field);
    if (free === undefined || passphrase === undefined) return undefined;
    return { protocol: "ti-smartconfig", ssid, passphrase, reserved: free, us, token: 0 };
  }

  function push(length: number, step: number, us: number): Found | undefined {
    if (lastUs !== 0 && us - lastUs > SILENCE_US) {
      forgetTexts();
      sinceTag = -1;
      score = 0;
    }
    lastUs = us;
    const tag = tagOf(length);
    const value = length - TI_NIBBLE;
    const isSync = length >= 1 && length <= SYNC_MAX;
    const isLength = length >= TI_LENGTH && length <= TI_LENGTH + BYTES_MAX[FREE];
    if (tag === undefined && !isSync && !isLength && (value < 0 || value > 255)) {
      // Another datagram of the same phone: it used up a sequence number, but no place on the pass.
      isUnbroken = false;
      if (step === 0) losePlace(bracket);
      else slack += step - 1;
      return undefined;
    }
    const steps = step === 0 ? 0 : step + slack;
    slack = 0;
    if (steps !== 1) isUnbroken = false;
    if (sinceTag >= 0) sinceTag = steps === 0 ? -1 : sinceTag + steps;
    // A sync packet where none can stand, or the other way round: frames of something else were counted.
    const predicted = predictPlace(bracket, steps);
    if (predicted >= 0 && isSync === isPacketPlace(predicted)) losePlace(bracket);
    if (tag !== undefined) takeTag(...tag, length, steps);
    else if (isLength) takeLength(length - TI_LENGTH, steps);
    else if (isSync) skipFrame(bracket, steps);
    else holdFrame(bracket, steps, length);
    return isSync ? undefined : complete(us);
  }

  function isPacketPlace(place: number): boolean {
    if (variant === "cc3200") return place % 2 === 0;
    for (const which of [KEY, SSID]) {
      const tag = tagPlace(which);
      if (tag >= 0 && place >= tag) return place === tag || packetOf(place - tag) >= 0;
    }
    return true;
  }

  return { push, score: () => Math.min(score, 8 * LOCK_SCORE) };
}
