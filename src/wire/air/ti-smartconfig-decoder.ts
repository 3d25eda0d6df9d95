/**
 * TI SmartConfig, the listener's side: the phone's own unicast frames to the gateway. Tags start a string; the frames
 * after one are counted by sequence numbers. A nibble's length also names the nibble before it and its number modulo
 * 16, so a string counts only when that whole chain holds.
 * @source PROTOCOL 6.7
 */
import { type AesBlocks, ecbDecrypt } from "#codec/aes-modes.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";
import { TI_FIELD_BYTES, TI_LENGTH, TI_NIBBLE, TI_TAGS, type TiVariant, tiOfb } from "./ti-smartconfig.ts";

const STRING_BYTES_MAX = 64;
const EMPTY = 0xffff;
const SILENCE_US = 3_000_000;

type Part = "ssid" | "key" | "free";

interface Text {
  byteLength: number;
  /** A nibble's whole value: what it says of the one before it, and itself. */
  readonly values: Uint16Array;
}

function noText(): Text {
  return { byteLength: -1, values: new Uint16Array(2 * STRING_BYTES_MAX).fill(EMPTY) };
}

function noTexts(): Record<Part, Text> {
  return { ssid: noText(), key: noText(), free: noText() };
}

/** The string, once every nibble is there and the chain holds; a chain that doesn't is dropped. */
function bytesOf(text: Text): Uint8Array | undefined {
  if (text.byteLength < 0) return undefined;
  const values = text.values.subarray(0, 2 * text.byteLength);
  if (values.includes(EMPTY)) return undefined;
  const holds = values.every((value, i) => value >> 4 === ((i === 0 ? 0 : (values[i - 1] as number) & 15) ^ (i & 15)));
  if (!holds) {
    text.values.fill(EMPTY);
    return undefined;
  }
  return Uint8Array.from({ length: text.byteLength }, (_, i) => {
    return (((values[2 * i] as number) & 15) << 4) | ((values[2 * i + 1] as number) & 15);
  });
}

/** @returns A decoder that holds about 900 bytes. */
export function tiDecoder(aes?: AesBlocks, aesKey?: Uint8Array): LengthDecoder {
  let texts = noTexts();
  let variant: TiVariant | undefined;
  let isSealed = false;
  let part: Part | undefined;
  /** Frames since the tag; -1 when lost. */
  let sinceTag = -1;
  let lastUs = 0;
  let score = 0;

  function tagOf(length: number): readonly [Part, TiVariant] | undefined {
    if (length === TI_TAGS.cc3000.start) return ["ssid", "cc3000"];
    if (length === TI_TAGS.cc3200.start) return ["ssid", "cc3200"];
    if (length === TI_TAGS.cc3000.between) return ["key", "cc3000"];
    if (length === TI_TAGS.cc3200.between || length === TI_TAGS.cc3200.betweenSealed) return ["key", "cc3200"];
    return length === TI_TAGS.cc3200.free ? ["free", "cc3200"] : undefined;
  }

  function begin(next: Part, kind: TiVariant) {
    if (variant !== kind) texts = noTexts();
    variant = kind;
    part = next;
    sinceTag = 0;
    score += 2;
  }

  /** Which packet of its string stands so many frames after the tag: 0 the length, then nibbles; -1 for a sync packet. */
  function packetAt(frames: number): number {
    if (variant === "cc3200") return frames % 2 === 0 ? frames / 2 - 1 : -1;
    return frames % 3 === 1 ? (frames - 1) / 3 : -1;
  }

  function takePacket(text: Text, packet: number, length: number) {
    if (packet === 0) {
      const byteLength = length - TI_LENGTH;
      if (byteLength < 0 || byteLength > STRING_BYTES_MAX) return;
      if (text.byteLength !== byteLength) text.values.fill(EMPTY);
      text.byteLength = byteLength;
      return;
    }
    const value = length - TI_NIBBLE;
    const number = packet - 1;
    if (value < 0 || value > 255 || number >= text.values.length) return;
    if (text.values[number] !== EMPTY && text.values[number] !== value) text.values.fill(EMPTY);
    text.values[number] = value;
    score++;
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

  function complete(us: number): Found | undefined {
    const ssid = bytesOf(texts.ssid);
    const field = bytesOf(texts.key);
    if (ssid === undefined || field === undefined || ssid.length < 1 || ssid.length > 32) return undefined;
    const passphrase = passphraseOf(field);
    const free = bytesOf(texts.free);
    if (passphrase === undefined || (texts.free.byteLength >= 0 && free === undefined)) return undefined;
    return { protocol: "ti-smartconfig", ssid, passphrase, reserved: free ?? new Uint8Array(0), us, token: 0 };
  }

  function push(length: number, step: number, us: number): Found | undefined {
    if (lastUs !== 0 && us - lastUs > SILENCE_US) {
      texts = noTexts();
      sinceTag = -1;
      score = 0;
    }
    lastUs = us;
    const tag = tagOf(length);
    if (tag !== undefined) {
      const isPassOver = tag[0] === "ssid" && tag[1] === "cc3200";
      if (length === TI_TAGS.cc3200.betweenSealed) isSealed = true;
      if (length === TI_TAGS.cc3200.between) isSealed = false;
      begin(...tag);
      return isPassOver ? complete(us) : undefined;
    }
    if (part === undefined || sinceTag < 0 || step === 0) {
      sinceTag = -1;
      return undefined;
    }
    sinceTag += step;
    const packet = packetAt(sinceTag);
    // What follows the key or the device name ends the message; a CC3200 may still send a name after its key.
    if (packet >= 0) takePacket(texts[part], packet, length);
    const isLastPart = part === "free" || (part === "key" && variant === "cc3000");
    return isLastPart && packet >= 0 ? complete(us) : undefined;
  }

  return { push, score: () => Math.min(score, 8 * LOCK_SCORE) };
}
