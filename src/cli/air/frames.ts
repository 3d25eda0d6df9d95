/** Reads captured 802.11 frames from a file, for `latchkey air decode`. */
import { fromHex, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { openAir } from "#trust/air-seal.ts";
import { readText } from "#trust/host/files.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AirCredentials, LengthDecoder } from "#wire/air/air-credentials.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import type { Frame } from "#wire/air/frame.ts";
import { airListener } from "#wire/air/listener.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";

/** Without a scan nothing tells the cipher: CCMP, open, WEP, TKIP, GCMP, in the order of how common they are. */
const OVERHEADS: readonly number[] = [52, 36, 44, 56, 60];

export class FramesError extends Error {}

function frameOf(line: string, number: number): Frame {
  const bad = (what: string): never => {
    throw new FramesError(`line ${number}: ${what}`);
  };
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return bad("not JSON");
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return bad("not a JSON object");
  const address = (key: string): Uint8Array => {
    const value = raw[key];
    const bytes = typeof value === "string" ? fromHex(value.replaceAll(":", "")) : undefined;
    return bytes?.length === 6 ? bytes : bad(`${key}: six bytes in hexadecimal`);
  };
  const whole = (key: string, max: number): number => {
    const value = raw[key];
    if (!Number.isInteger(value) || !((value as number) >= 0 && (value as number) <= max)) {
      return bad(`${key}: a whole number, 0 to ${max}`);
    }
    return value as number;
  };
  if (raw.ds !== "from" && raw.ds !== "to") return bad('ds: "from" or "to"');
  return {
    us: whole("us", Number.MAX_SAFE_INTEGER),
    channel: raw.channel === undefined ? 1 : whole("channel", 255),
    bssid: address("bssid"),
    sa: address("sa"),
    da: address("da"),
    seq: whole("seq", 4095),
    bodyBytes: whole("bodyBytes", 65535),
    retry: raw.retry === true,
    ds: raw.ds,
    ...(raw.tid === undefined ? {} : { tid: whole("tid", 15) }),
  };
}

/**
 * Reads JSON lines, in the order of their moments: a capture of several radios may have been written in another. Keys that
 * nobody asked for are passed over. Throws FramesError with the line's number and what is wrong with it.
 */
export function readFrames(path: string): Frame[] {
  return readText(path)
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [frameOf(line, i + 1)]))
    .sort((a, b) => a.us - b.us);
}

/** What frames say, or why what they say can't be understood; neither where nothing is found. */
interface Overheard {
  readonly found?: AirCredentials;
  readonly fault?: Fault;
}

/**
 * Listens to frames with every protocol at once.
 * @param key 16 bytes: an AES key of ESP-TOUCH v2, AirKiss or TI; 32 bytes: an air key.
 */
export function overhear(frames: readonly Frame[], key: Uint8Array | undefined, crypto: Primitives): Overheard {
  const aesKey = key?.length === 16 ? key : undefined;
  const airKey = key?.length === 32 ? key : undefined;
  const decoders = (): LengthDecoder[] => [
    ...(airKey === undefined
      ? []
      : [
          airDecoder((message) => {
            const opened = openAir(message, airKey, crypto);
            return opened.ok ? opened.value : undefined;
          }),
        ]),
    esptouchV2Decoder(crypto, aesKey),
    esptouchV1Decoder(),
    airKissDecoder(crypto, aesKey),
    tiDecoder(crypto, aesKey),
    tuyaDecoder(crypto),
  ];
  const listener = airListener({
    decoders: () => OVERHEADS.flatMap((overheadBytes) => decoders().map((decoder) => ({ overheadBytes, decoder }))),
  });
  for (const frame of frames) {
    const found = listener.push(frame);
    if (found !== undefined) return { found };
  }
  const fault = listener.fault();
  return fault === undefined ? {} : { fault };
}

export function foundAsJson(found: AirCredentials | undefined): object {
  if (found === undefined) return {};
  const { protocol, ssid, passphrase, reserved, us } = found;
  return { protocol, ssid: toHex(ssid), passphrase: toHex(passphrase), reserved: toHex(reserved), us };
}
