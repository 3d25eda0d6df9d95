/**
 * AirKiss, the listener's side. Magic tells how long the message is and the SSID's CRC, the prefix how long the
 * passphrase; then the order of a round is known, and bytes are taken where their place is certain, from any round. A
 * group's CRC keeps seven bits, so it checks but never decides.
 * @source PROTOCOL 6.6
 */
import { concat } from "#base/bytes.ts";
import { type AesBlocks, cbcDecrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";
import { GROUP_BYTES } from "./airkiss.ts";
import { type Bracket, createBracket } from "./bracket.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";

const PREFIX_FRAMES = 4;
const GROUP_FRAMES = 2 + GROUP_BYTES;
/** 80 bytes of sealed passphrase, the random byte, 32 of SSID. */
const PAYLOAD_MAX = 113;
const GROUPS_MAX = Math.ceil(PAYLOAD_MAX / GROUP_BYTES);
const EMPTY = 0xffff;
const SILENCE_US = 2_000_000;

/** One byte by two nibbles, believed once both were heard twice alike. */
interface NibblePair {
  high: number;
  low: number;
  highs: number;
  lows: number;
}

function noPair(): NibblePair {
  return { high: -1, low: -1, highs: 0, lows: 0 };
}

function hear(pair: NibblePair, which: "high" | "low", nibble: number): void {
  const count = which === "high" ? "highs" : "lows";
  if (pair[which] === nibble) pair[count]++;
  else {
    pair[which] = nibble;
    pair[count] = 1;
  }
}

function isHeard(pair: NibblePair): boolean {
  return pair.highs >= 2 && pair.lows >= 2;
}

function byteOf(pair: NibblePair): number {
  return (pair.high << 4) | pair.low;
}

/**
 * @param aesKey Where given, the passphrase must open under it.
 * @returns A decoder that holds about 1.2 KB.
 */
export function airKissDecoder(aes?: AesBlocks, aesKey?: Uint8Array): LengthDecoder {
  const bytes = new Uint16Array(PAYLOAD_MAX).fill(EMPTY);
  const checks = new Uint16Array(GROUPS_MAX).fill(EMPTY);
  let magicLength = noPair();
  let magicCheck = noPair();
  let prefixLength = noPair();
  let prefixCheck = noPair();
  /** Lengths of the message and of its passphrase once believed, 0 and -1 before. */
  let payloadBytes = 0;
  let passphraseBytes = -1;
  let ssidCheck = 0;
  let slack = 0;
  let lastUs = 0;
  let last = -1;
  let guideRun = 0;
  let score = 0;

  const bracket: Bracket = createBracket((place, value) => {
    if (place < PREFIX_FRAMES) return;
    const group = Math.floor((place - PREFIX_FRAMES) / GROUP_FRAMES);
    const inGroup = (place - PREFIX_FRAMES) % GROUP_FRAMES;
    if (inGroup === 0 && value < 256) note(checks, group, value & 127);
    if (inGroup >= 2 && value >= 256) note(bytes, GROUP_BYTES * group + inGroup - 2, value & 255);
  });

  function forgetPayload() {
    bytes.fill(EMPTY);
    checks.fill(EMPTY);
    bracket.lose();
  }

  function forget() {
    forgetPayload();
    magicLength = noPair();
    magicCheck = noPair();
    prefixLength = noPair();
    prefixCheck = noPair();
    payloadBytes = 0;
    passphraseBytes = -1;
    score = 0;
  }

  function note(cells: Uint16Array, at: number, value: number) {
    if (at >= cells.length) return;
    if (cells[at] !== EMPTY && cells[at] !== value) forgetPayload();
    cells[at] = value;
    score++;
  }

  const roundFrames = () => PREFIX_FRAMES + 2 * Math.ceil(payloadBytes / GROUP_BYTES) + payloadBytes;

  function takeMagic(length: number, steps: number) {
    const part = length >> 4;
    // The first nibble shares its lengths with the guide: only right before the second can it be told apart.
    if (part === 1) {
      hear(magicLength, "low", length & 15);
      if (steps === 1 && last >= 1 && last <= 8) hear(magicLength, "high", last === 8 ? 0 : last);
    } else if (part === 2) hear(magicCheck, "high", length & 15);
    else if (part === 3) hear(magicCheck, "low", length & 15);
    bracket.lose();
    if (!isHeard(magicLength) || !isHeard(magicCheck)) return;
    const n = byteOf(magicLength);
    if (n < 2 || n > PAYLOAD_MAX || (n === payloadBytes && ssidCheck === byteOf(magicCheck))) return;
    forgetPayload();
    payloadBytes = n;
    ssidCheck = byteOf(magicCheck);
    score += LOCK_SCORE;
  }

  function takePrefix(length: number, steps: number) {
    const part = (length >> 4) - 4;
    hear(part < 2 ? prefixLength : prefixCheck, part % 2 === 0 ? "high" : "low", length & 15);
    if (payloadBytes > 0) bracket.anchor(steps, part, roundFrames());
    if (!isHeard(prefixLength) || !isHeard(prefixCheck)) return;
    const l = byteOf(prefixLength);
    if (crc8([l]) !== byteOf(prefixCheck) || l === passphraseBytes) return;
    if (passphraseBytes >= 0) forgetPayload();
    passphraseBytes = l;
  }

  /** A group's CRC or number. A number is an anchor where it stands as counted, or right behind a CRC. */
  function takeMark(length: number, steps: number) {
    if (payloadBytes === 0) return;
    const group = length & 127;
    const place = PREFIX_FRAMES + GROUP_FRAMES * group + 1;
    const isNumber = group < Math.ceil(payloadBytes / GROUP_BYTES);
    const isBehindCheck = steps === 1 && last >= 128 && last < 256 && bracket.predict(steps) < 0;
    if (isNumber && (bracket.predict(steps) === place || isBehindCheck)) {
      bracket.anchor(steps, place, roundFrames());
      return;
    }
    bracket.frame(steps, length);
  }

  /** A frame that can't stand where counting puts it: someone else's frames were lost in between. */
  function isMisplaced(length: number, steps: number): boolean {
    const place = bracket.predict(steps);
    if (place < 0) return false;
    if (place < PREFIX_FRAMES) return length >= 128;
    const inGroup = (place - PREFIX_FRAMES) % GROUP_FRAMES;
    if (inGroup === 1) return length !== (128 | Math.floor((place - PREFIX_FRAMES) / GROUP_FRAMES));
    return inGroup === 0 ? length >= 256 : length < 256;
  }

  function complete(us: number): Found | undefined {
    if (payloadBytes === 0 || passphraseBytes < 0 || passphraseBytes + 2 > payloadBytes) return undefined;
    for (let i = 0; i < payloadBytes; i++) if (bytes[i] === EMPTY) return undefined;
    const payload = Uint8Array.from(bytes.subarray(0, payloadBytes));
    for (let at = 0; at < payloadBytes; at += GROUP_BYTES) {
      const group = at / GROUP_BYTES;
      if (checks[group] === EMPTY) return undefined;
      if ((crc8(payload.subarray(at, at + GROUP_BYTES), crc8([group])) & 127) !== checks[group]) {
        bytes.fill(EMPTY, at, at + GROUP_BYTES);
        checks[group] = EMPTY;
        return undefined;
      }
    }
    const ssid = payload.slice(passphraseBytes + 1);
    let passphrase: Uint8Array | undefined = payload.slice(0, passphraseBytes);
    if (aes !== undefined && aesKey !== undefined) passphrase = cbcDecrypt(aes, aesKey, aesKey, passphrase);
    if (ssid.length > 32 || crc8(ssid) !== ssidCheck || passphrase === undefined || passphrase.length > 64) {
      forget();
      return undefined;
    }
    const reserved = new Uint8Array(0);
    const token = payload[passphraseBytes] as number;
    return { protocol: "airkiss", ssid, passphrase: concat(passphrase), reserved, us, token };
  }

  function takeGuide(length: number, steps: number) {
    guideRun = steps === 1 && length === (last % 4) + 1 ? guideRun + 1 : 0;
    if (guideRun >= 3) score += 3;
    bracket.lose();
  }

  function push(length: number, step: number, us: number, da: Uint8Array): Found | undefined {
    if (da.some((byte) => byte !== 0xff)) return undefined;
    if (lastUs !== 0 && us - lastUs > SILENCE_US) forget();
    lastUs = us;
    if (length < 1 || length > 511) {
      if (step === 0) bracket.lose();
      else slack += step - 1;
      return undefined;
    }
    const steps = step === 0 ? 0 : step + slack;
    slack = 0;
    if (length >= 64 && isMisplaced(length, steps)) bracket.lose();
    if (length < 16) takeGuide(length, steps);
    else if (length < 64) takeMagic(length, steps);
    else if (length < 128) takePrefix(length, steps);
    else if (length < 256) takeMark(length, steps);
    else if (payloadBytes > 0) bracket.frame(steps, length);
    last = length;
    return length >= 64 ? complete(us) : undefined;
  }

  return { push, score: () => Math.min(score, 8 * LOCK_SCORE) };
}
