/**
 * AirKiss, the listener's side. Magic tells how long the message is and the SSID's CRC, the prefix how long the
 * passphrase; then the order of a round is known, and bytes are taken where their place is certain, from any round.
 * @source PROTOCOL 6.6
 */
import { concat } from "#base/bytes.ts";
import { type AesBlocks, cbcDecrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";
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

/** 80 bytes of sealed passphrase, the random byte, 32 of SSID. */
const PAYLOAD_MAX = 113;
const SILENCE_US = 2_000_000;

/** Bytes that come by two nibbles each, believed once both were heard twice alike: of magic, then of the prefix. */
const [MAGIC_LENGTH, MAGIC_CHECK, PREFIX_LENGTH, PREFIX_CHECK, HEARD] = [0, 1, 2, 3, 4] as const;
const HIGH = 0;
const LOW = 1;

/** Nibbles of the four bytes, high and low, then how often each was heard alike. */
type Nibbles = Uint8Array;

function hear(nibbles: Nibbles, byte: number, half: number, nibble: number): void {
  const at = 2 * byte + half;
  const count = 2 * HEARD + at;
  nibbles[count] = nibbles[at] === nibble ? Math.min(2, (nibbles[count] as number) + 1) : 1;
  nibbles[at] = nibble;
}

/** The byte, or -1 while it is not believed. */
function heardByte(nibbles: Nibbles, byte: number): number {
  const count = 2 * (HEARD + byte);
  if (nibbles[count] !== 2 || nibbles[count + 1] !== 2) return -1;
  return ((nibbles[2 * byte] as number) << 4) | (nibbles[2 * byte + 1] as number);
}

interface AirKiss {
  readonly aes: AesBlocks | undefined;
  readonly aesKey: Uint8Array | undefined;
  readonly groups: Groups;
  readonly nibbles: Nibbles;
  /** Length of the passphrase's field once believed, -1 before. */
  passphraseBytes: number;
  ssidCheck: number;
  slack: number;
  lastUs: number;
  last: number;
  guideRun: number;
  score: number;
}

/**
 * @param aesKey Where given, the passphrase must open under it.
 * @returns A decoder that holds about 2 KB once it heard data.
 */
export function airKissDecoder(aes?: AesBlocks, aesKey?: Uint8Array): LengthDecoder {
  const airKiss: AirKiss = {
    aes,
    aesKey,
    groups: newGroups(PAYLOAD_MAX, false),
    nibbles: new Uint8Array(4 * HEARD),
    passphraseBytes: -1,
    ssidCheck: 0,
    slack: 0,
    lastUs: 0,
    last: -1,
    guideRun: 0,
    score: 0,
  };
  return {
    push: (length, step, us, da) => pushAirKiss(airKiss, length, step, us, da),
    score: () => airKiss.score + airKiss.groups.gained,
    lacks: () => lackedBytes(airKiss.groups),
  };
}

function forgetAirKiss(airKiss: AirKiss) {
  expectPayload(airKiss.groups, 0);
  airKiss.nibbles.fill(0);
  airKiss.passphraseBytes = -1;
  airKiss.score = 0;
  airKiss.groups.gained = 0;
}

function takeMagic(airKiss: AirKiss, length: number, steps: number) {
  const { groups, nibbles, last } = airKiss;
  const part = length >> 4;
  // The first nibble shares its lengths with the guide: only right before the second can it be told apart.
  if (part === 1) {
    hear(nibbles, MAGIC_LENGTH, LOW, length & 15);
    if (steps === 1 && last >= 1 && last <= 8) hear(nibbles, MAGIC_LENGTH, HIGH, last === 8 ? 0 : last);
  } else if (part === 2) hear(nibbles, MAGIC_CHECK, HIGH, length & 15);
  else if (part === 3) hear(nibbles, MAGIC_CHECK, LOW, length & 15);
  loseGroups(groups);
  const n = heardByte(nibbles, MAGIC_LENGTH);
  const check = heardByte(nibbles, MAGIC_CHECK);
  const isKnown = n === groups.payloadBytes && airKiss.ssidCheck === check;
  if (check < 0 || n < 2 || n > PAYLOAD_MAX || isKnown) return;
  expectPayload(groups, n);
  airKiss.ssidCheck = check;
  airKiss.score += LOCK_SCORE;
}

function takePrefix(airKiss: AirKiss, length: number, steps: number) {
  const { groups, nibbles } = airKiss;
  const part = (length >> 4) - 4;
  hear(nibbles, part < 2 ? PREFIX_LENGTH : PREFIX_CHECK, part % 2 === 0 ? HIGH : LOW, length & 15);
  takeLead(groups, steps, part);
  const l = heardByte(nibbles, PREFIX_LENGTH);
  if (l < 0 || crc8([l]) !== heardByte(nibbles, PREFIX_CHECK) || l === airKiss.passphraseBytes) return;
  if (airKiss.passphraseBytes >= 0) expectPayload(groups, groups.payloadBytes);
  airKiss.passphraseBytes = l;
}

function completeAirKiss(airKiss: AirKiss, us: number): AirCredentials | undefined {
  const { groups, aes, aesKey, passphraseBytes } = airKiss;
  if (passphraseBytes < 0 || passphraseBytes + 2 > groups.payloadBytes) return undefined;
  const payload = payloadOf(groups);
  if (payload === undefined) return undefined;
  const ssid = payload.slice(passphraseBytes + 1);
  let passphrase: Uint8Array | undefined = payload.slice(0, passphraseBytes);
  if (aes !== undefined && aesKey !== undefined) passphrase = cbcDecrypt(aes, aesKey, aesKey, passphrase);
  if (ssid.length > 32 || crc8(ssid) !== airKiss.ssidCheck || passphrase === undefined || passphrase.length > 64) {
    forgetAirKiss(airKiss);
    return undefined;
  }
  const reserved = new Uint8Array(0);
  const token = payload[passphraseBytes] as number;
  return { protocol: "airkiss", ssid, passphrase: concat(passphrase), reserved, us, token };
}

function takeGuide(airKiss: AirKiss, length: number, steps: number) {
  airKiss.guideRun = steps === 1 && length === (airKiss.last % 4) + 1 ? airKiss.guideRun + 1 : 0;
  if (airKiss.guideRun >= 3) airKiss.score += 3;
  loseGroups(airKiss.groups);
}

function pushAirKiss(
  airKiss: AirKiss,
  length: number,
  step: number,
  us: number,
  da: Uint8Array,
): AirCredentials | undefined {
  if (da.some((byte) => byte !== 0xff)) return undefined;
  if (airKiss.lastUs !== 0 && us - airKiss.lastUs > SILENCE_US) forgetAirKiss(airKiss);
  airKiss.lastUs = us;
  if (length < 1 || length > 511) {
    if (step === 0) loseGroups(airKiss.groups);
    else airKiss.slack += step - 1;
    return undefined;
  }
  const steps = step === 0 ? 0 : step + airKiss.slack;
  airKiss.slack = 0;
  if (length < 16) takeGuide(airKiss, length, steps);
  else if (length < 64) takeMagic(airKiss, length, steps);
  else if (length < 128) takePrefix(airKiss, length, steps);
  else takeGrouped(airKiss.groups, steps, length);
  airKiss.last = length;
  return length >= 64 ? completeAirKiss(airKiss, us) : undefined;
}
