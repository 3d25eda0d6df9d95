/**
 * Tuya EZ, the listener's side, for both of its carriers. On multicast every frame names its place and each field has a
 * CRC-32; on broadcast bytes are taken where their place is certain (groups.ts).
 * @source PROTOCOL 6.7
 */
import { viewOf } from "#base/bytes.ts";
import { type AesBlocks, ecbDecrypt } from "#codec/aes-modes.ts";
import { crc8, crc32 } from "#codec/crc.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";
import { expectPayload, loseGroups, newGroups, payloadOf, takeGrouped, takeLead } from "./groups.ts";
import { TUYA_AT, TUYA_KEY, TUYA_MULTICAST_HEAD, TUYA_TOKEN_BYTES } from "./tuya-ez.ts";

const PAYLOAD_MAX = 1 + 64 + 1 + TUYA_TOKEN_BYTES + 32;
const SILENCE_US = 3_000_000;

/** @param aes Opens the passphrase that multicast carries under its public key. @returns About 700 bytes of decoder. */
export function tuyaDecoder(aes: AesBlocks): LengthDecoder {
  const pairs = new Int32Array(128).fill(-1);
  const groups = newGroups(PAYLOAD_MAX, true);
  /** Header nibbles: length high and low, check high and low; -1 until heard. */
  let header = [-1, -1, -1, -1];
  let slack = 0;
  let lastUs = 0;
  let score = 0;

  function forget() {
    pairs.fill(-1);
    expectPayload(groups, 0);
    header = [-1, -1, -1, -1];
    score = 0;
    groups.gained = 0;
  }

  function bytesAt(at: number, byteLength: number): Uint8Array | undefined {
    const bytes = new Uint8Array(2 * Math.ceil(byteLength / 2));
    for (let i = 0; 2 * i < byteLength; i++) {
      const pair = pairs[at + i] ?? -1;
      if (pair < 0) return undefined;
      bytes[2 * i] = pair >> 8;
      bytes[2 * i + 1] = pair & 255;
    }
    return bytes.subarray(0, byteLength);
  }

  function field(at: number, open: (sent: Uint8Array) => Uint8Array, grown: (byteLength: number) => number) {
    const lengths = bytesAt(at, 2);
    if (lengths === undefined || lengths[0] !== lengths[1] || (lengths[0] as number) > 64) return undefined;
    const byteLength = lengths[0] as number;
    const check = bytesAt(at + 1, 4);
    const sent = bytesAt(at + 3, grown(byteLength));
    if (check === undefined || sent === undefined) return undefined;
    const plaintext = open(sent).slice(0, byteLength);
    return crc32(plaintext) === viewOf(check).getUint32(0, true) ? plaintext : undefined;
  }

  function completeMulticast(us: number): Found | undefined {
    if (!TUYA_MULTICAST_HEAD.every((byte, i) => bytesAt(TUYA_AT.head, 6)?.[i] === byte)) return undefined;
    const same = (bytes: Uint8Array) => bytes;
    const ssid = field(TUYA_AT.ssid, same, (n) => n);
    const token = field(TUYA_AT.token, same, (n) => n);
    const passphrase = field(
      TUYA_AT.passphrase,
      (sent) => ecbDecrypt(aes, TUYA_KEY, sent),
      (n) => 16 * Math.ceil(n / 16),
    );
    if (ssid === undefined || token === undefined || passphrase === undefined || ssid.length < 1) return undefined;
    return { protocol: "tuya-ez", ssid, passphrase, reserved: token, us, token: 0 };
  }

  function takeHeader(length: number, steps: number) {
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
    score += LOCK_SCORE / 2;
    expectPayload(groups, n);
  }

  function completeBroadcast(us: number): Found | undefined {
    const bytes = payloadOf(groups);
    if (bytes === undefined) return undefined;
    const passphraseBytes = bytes[0] as number;
    const tokenAt = 1 + passphraseBytes;
    const ssidAt = tokenAt + 1 + TUYA_TOKEN_BYTES;
    if (bytes[tokenAt] !== TUYA_TOKEN_BYTES || ssidAt >= bytes.length || bytes.length - ssidAt > 32) return undefined;
    const [passphrase, reserved] = [bytes.slice(1, tokenAt), bytes.slice(tokenAt + 1, ssidAt)];
    return { protocol: "tuya-ez", ssid: bytes.slice(ssidAt), passphrase, reserved, us, token: 0 };
  }

  function push(length: number, step: number, us: number, da: Uint8Array): Found | undefined {
    if (lastUs !== 0 && us - lastUs > SILENCE_US) forget();
    lastUs = us;
    if (da[0] === 0x01 && da[1] === 0x00 && da[2] === 0x5e) {
      const sequence = da[3] as number;
      // It used up a sequence number, but no place among the lengths.
      if (step === 0) loseGroups(groups);
      else slack += step - 1;
      const pair = ((da[5] as number) << 8) | (da[4] as number);
      if (sequence > 127) return undefined;
      if (pairs[sequence] !== -1 && pairs[sequence] !== pair) pairs.fill(-1);
      pairs[sequence] = pair;
      if (sequence >= TUYA_AT.head && sequence < TUYA_AT.head + 3) score++;
      return completeMulticast(us);
    }
    const isHeader = length >= 16 && length < 80;
    if (!isHeader && (length < 128 || length >= 512)) {
      if (step === 0) loseGroups(groups);
      else slack += step - 1;
      return undefined;
    }
    const steps = step === 0 ? 0 : step + slack;
    slack = 0;
    if (isHeader) {
      takeHeader(length, steps);
      return undefined;
    }
    takeGrouped(groups, steps, length);
    return completeBroadcast(us);
  }

  return { push, score: () => Math.min(score + groups.gained, 8 * LOCK_SCORE) };
}
