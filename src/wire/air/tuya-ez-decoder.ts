/**
 * Tuya EZ, the listener's side, for both of its carriers. On multicast every frame names its place and each field has a
 * CRC-32; on broadcast bytes are taken where their place is certain (groups.ts).
 * @source PROTOCOL 6.7
 */
import { equal, viewOf } from "#base/bytes.ts";
import { type AesBlocks, ecbDecrypt } from "#codec/aes-modes.ts";
import { crc8, crc32 } from "#codec/crc.ts";
import { type AirCredentials, type LengthDecoder, LOCK_SCORE } from "./air-credentials.ts";
import {
  expectPayload,
  type Groups,
  lackedBytes,
  loseGroups,
  newGroups,
  payloadOf,
  takeGrouped,
  takeLead,
} from "./groups.ts";
import { TUYA_AT, TUYA_KEY, TUYA_MULTICAST_HEAD, TUYA_TOKEN_BYTES } from "./tuya-ez.ts";

const PAYLOAD_MAX = 1 + 64 + 1 + TUYA_TOKEN_BYTES + 32;
const SILENCE_US = 3_000_000;
/** Sequence numbers of multicast, each with two bytes; no message has them all. */
const PAIRS = 128;

interface Tuya {
  readonly aes: AesBlocks;
  /** Two bytes for each sequence number, -1 until heard; none before the first. */
  pairs: Int32Array;
  readonly groups: Groups;
  /** Header nibbles: length high and low, check high and low; -1 until heard. */
  header: number[];
  slack: number;
  lastUs: number;
  score: number;
}

/** @param aes Opens the passphrase that multicast carries under its public key. @returns About 2 KB once it heard data. */
export function tuyaDecoder(aes: AesBlocks): LengthDecoder {
  const tuya: Tuya = {
    aes,
    pairs: new Int32Array(0),
    groups: newGroups(PAYLOAD_MAX, true),
    header: [-1, -1, -1, -1],
    slack: 0,
    lastUs: 0,
    score: 0,
  };
  return {
    push: (length, step, us, da) => pushTuya(tuya, length, step, us, da),
    score: () => tuya.score + tuya.groups.gained,
    lacks: () =>
      Math.min(lackedBytes(tuya.groups), PAIRS - tuya.pairs.reduce((had, pair) => had + Number(pair >= 0), 0)),
  };
}

function forgetTuya(tuya: Tuya) {
  tuya.pairs = new Int32Array(0);
  expectPayload(tuya.groups, 0);
  tuya.header = [-1, -1, -1, -1];
  tuya.score = 0;
  tuya.groups.gained = 0;
}

function pairedBytes({ pairs }: Tuya, at: number, byteLength: number): Uint8Array | undefined {
  const bytes = new Uint8Array(2 * Math.ceil(byteLength / 2));
  for (let i = 0; 2 * i < byteLength; i++) {
    const pair = pairs[at + i] ?? -1;
    if (pair < 0) return undefined;
    bytes[2 * i] = pair >> 8;
    bytes[2 * i + 1] = pair & 255;
  }
  return bytes.subarray(0, byteLength);
}

/** A field whose CRC-32 holds. The passphrase goes by whole blocks under the public key. */
function fieldOf(tuya: Tuya, at: number): Uint8Array | undefined {
  const lengths = pairedBytes(tuya, at, 2);
  if (lengths === undefined || lengths[0] !== lengths[1] || (lengths[0] as number) > 64) return undefined;
  const byteLength = lengths[0] as number;
  const isSealed = at === TUYA_AT.passphrase;
  const check = pairedBytes(tuya, at + 1, 4);
  const sent = pairedBytes(tuya, at + 3, isSealed ? 16 * Math.ceil(byteLength / 16) : byteLength);
  if (check === undefined || sent === undefined) return undefined;
  const plaintext = (isSealed ? ecbDecrypt(tuya.aes, TUYA_KEY, sent) : sent).slice(0, byteLength);
  return crc32(plaintext) === viewOf(check).getUint32(0, true) ? plaintext : undefined;
}

function completeMulticast(tuya: Tuya, us: number): AirCredentials | undefined {
  const head = pairedBytes(tuya, TUYA_AT.head, TUYA_MULTICAST_HEAD.length);
  if (head === undefined || !equal(head, TUYA_MULTICAST_HEAD)) return undefined;
  const ssid = fieldOf(tuya, TUYA_AT.ssid);
  const token = fieldOf(tuya, TUYA_AT.token);
  const passphrase = fieldOf(tuya, TUYA_AT.passphrase);
  if (ssid === undefined || token === undefined || passphrase === undefined || ssid.length < 1) return undefined;
  return { protocol: "tuya-ez", ssid, passphrase, reserved: token, us, token: 0 };
}

function takeHeader(tuya: Tuya, length: number, steps: number) {
  const { header, groups } = tuya;
  const which = (length >> 4) - 1;
  if (header[which] !== (length & 15)) {
    header[which] = length & 15;
    expectPayload(groups, 0);
  }
  takeLead(groups, steps, which);
  const [high = -1, low = -1, checkHigh = -1, checkLow = -1] = header;
  if (Math.min(high, low, checkHigh, checkLow) < 0 || groups.payloadBytes > 0) return;
  const n = (high << 4) | low;
  if (crc8([n]) !== ((checkHigh << 4) | checkLow) || n > PAYLOAD_MAX) return;
  tuya.score += LOCK_SCORE / 2;
  expectPayload(groups, n);
}

function completeBroadcast({ groups }: Tuya, us: number): AirCredentials | undefined {
  const bytes = payloadOf(groups);
  if (bytes === undefined) return undefined;
  const passphraseBytes = bytes[0] as number;
  const tokenAt = 1 + passphraseBytes;
  const ssidAt = tokenAt + 1 + TUYA_TOKEN_BYTES;
  if (bytes[tokenAt] !== TUYA_TOKEN_BYTES || ssidAt >= bytes.length || bytes.length - ssidAt > 32) return undefined;
  const [passphrase, reserved] = [bytes.slice(1, tokenAt), bytes.slice(tokenAt + 1, ssidAt)];
  return { protocol: "tuya-ez", ssid: bytes.slice(ssidAt), passphrase, reserved, us, token: 0 };
}

/** A group's address: it used up a sequence number, but no place among the lengths. */
function takeAddress(tuya: Tuya, step: number, us: number, da: Uint8Array): AirCredentials | undefined {
  const sequence = da[3] as number;
  if (step === 0) loseGroups(tuya.groups);
  else tuya.slack += step - 1;
  const pair = ((da[5] as number) << 8) | (da[4] as number);
  if (sequence >= PAIRS) return undefined;
  const before = tuya.pairs[sequence] ?? -1;
  if (tuya.pairs.length === 0 || (before !== -1 && before !== pair)) tuya.pairs = new Int32Array(PAIRS).fill(-1);
  tuya.pairs[sequence] = pair;
  if (sequence >= TUYA_AT.head && sequence < TUYA_AT.head + 3) tuya.score++;
  return completeMulticast(tuya, us);
}

function pushTuya(tuya: Tuya, length: number, step: number, us: number, da: Uint8Array): AirCredentials | undefined {
  if (tuya.lastUs !== 0 && us - tuya.lastUs > SILENCE_US) forgetTuya(tuya);
  tuya.lastUs = us;
  if (da[0] === 0x01 && da[1] === 0x00 && da[2] === 0x5e) return takeAddress(tuya, step, us, da);
  const isHeader = length >= 16 && length < 80;
  if (!isHeader && (length < 128 || length >= 512)) {
    if (step === 0) loseGroups(tuya.groups);
    else tuya.slack += step - 1;
    return undefined;
  }
  const steps = step === 0 ? 0 : step + tuya.slack;
  tuya.slack = 0;
  if (isHeader) {
    takeHeader(tuya, length, steps);
    return undefined;
  }
  takeGrouped(tuya.groups, steps, length);
  return completeBroadcast(tuya, us);
}
