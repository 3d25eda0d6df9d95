/** Other senders' output is decodable: the rules, not the cases. */
import { expect, test } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { foundAsJson } from "#cli/air/frames.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Frame } from "#wire/air/frame.ts";
import { decodeFrames } from "../../cli/air/decode-frames.ts";
import {
  air,
  airKiss,
  type Draw,
  drawsOf,
  esptouchV1,
  esptouchV2,
  type Sent,
  ti,
  tuya,
  type Wanted,
} from "./other-senders.ts";

const AES_KEY = Buffer.from("Sixteen byte key");
const AIR_KEY = Buffer.alloc(32, 7);
const RUNS = 24;
const bytesOf = (hex: string) => fromHex(hex) as Uint8Array;
const below = (draw: Draw, limit: number) => Math.floor(draw() * limit);

/** What a listener gets of it: some cipher, some sequence number to begin with, a share of frames lost. */
function heard(sent: readonly Sent[], draw: Draw, loss: number): Frame[] {
  const overhead = [36, 44, 52, 56][below(draw, 4)] as number;
  const first = below(draw, 4096);
  const isUp = sent[0]?.da === "a0b1c2d3e4f5";
  return sent.flatMap(({ atMs, length, da }, i) => {
    if (draw() < loss) return [];
    const addresses = { bssid: bytesOf("a0b1c2d3e4f5"), sa: bytesOf("02aabbccddee"), da: bytesOf(da) };
    const body = { seq: (first + i) % 4096, bodyBytes: length + overhead, retry: false };
    return [{ us: 1000 * atMs + 1, channel: 6, ...addresses, ...body, ds: isUp ? "to" : "from" } as const];
  });
}

interface Case {
  readonly protocol: string;
  readonly sizes: { readonly ssid: number; readonly passphrase: number; readonly reserved?: number };
  /** Bytes of any value, or printable ones. */
  readonly isBinary?: boolean;
  readonly key?: Buffer;
  send(wanted: Wanted, draw: Draw): Sent[];
}

const free = (bytes: Buffer) => (bytes.length === 0 ? bytes : Buffer.concat([Buffer.from([3, bytes.length]), bytes]));
const CASES: readonly (readonly [string, Case])[] = [
  ["ESP-TOUCH v1", { protocol: "esptouch-v1", sizes: { ssid: 32, passphrase: 64 }, isBinary: true, send: esptouchV1 }],
  [
    "ESP-TOUCH v2, ASCII",
    { protocol: "esptouch-v2", sizes: { ssid: 32, passphrase: 64, reserved: 64 }, send: (w, d) => esptouchV2(w, d) },
  ],
  [
    "ESP-TOUCH v2, any bytes",
    {
      protocol: "esptouch-v2",
      sizes: { ssid: 32, passphrase: 64, reserved: 64 },
      isBinary: true,
      send: (w, d) => esptouchV2(w, d),
    },
  ],
  [
    "ESP-TOUCH v2, sealed",
    {
      protocol: "esptouch-v2",
      sizes: { ssid: 32, passphrase: 64, reserved: 60 },
      isBinary: true,
      key: AES_KEY,
      send: (w, d) => esptouchV2(w, d, AES_KEY),
    },
  ],
  [
    "AirKiss",
    { protocol: "airkiss", sizes: { ssid: 32, passphrase: 64 }, isBinary: true, send: (w, d) => airKiss(w, d) },
  ],
  [
    "AirKiss, sealed",
    {
      protocol: "airkiss",
      sizes: { ssid: 32, passphrase: 64 },
      isBinary: true,
      key: AES_KEY,
      send: (w, d) => airKiss(w, d, AES_KEY),
    },
  ],
  [
    "TI CC3000",
    {
      protocol: "ti-smartconfig",
      sizes: { ssid: 32, passphrase: 32 },
      isBinary: true,
      send: (w, d) => ti("cc3000", w, d),
    },
  ],
  [
    "TI CC3000, sealed",
    {
      protocol: "ti-smartconfig",
      sizes: { ssid: 32, passphrase: 31 },
      key: AES_KEY,
      send: (w, d) => ti("cc3000", w, d, AES_KEY),
    },
  ],
  [
    "TI CC3200",
    {
      protocol: "ti-smartconfig",
      sizes: { ssid: 32, passphrase: 32, reserved: 20 },
      isBinary: true,
      send: (w, d) => ti("cc3200", w, d),
    },
  ],
  [
    "TI CC3200, sealed",
    {
      protocol: "ti-smartconfig",
      sizes: { ssid: 32, passphrase: 32, reserved: 20 },
      key: AES_KEY,
      send: (w, d) => ti("cc3200", w, d, AES_KEY),
    },
  ],
  [
    "Tuya EZ, lengths",
    { protocol: "tuya-ez", sizes: { ssid: 32, passphrase: 64, reserved: 14 }, send: (w, d) => tuya(w, d, "lengths") },
  ],
  [
    "Tuya EZ, addresses",
    { protocol: "tuya-ez", sizes: { ssid: 32, passphrase: 48, reserved: 14 }, send: (w, d) => tuya(w, d, "addresses") },
  ],
  [
    "Tuya EZ, both",
    { protocol: "tuya-ez", sizes: { ssid: 32, passphrase: 48, reserved: 14 }, send: (w, d) => tuya(w, d, "both") },
  ],
  [
    "Air",
    {
      protocol: "air",
      sizes: { ssid: 32, passphrase: 64, reserved: 32 },
      isBinary: true,
      key: AIR_KEY,
      send: (w, d) => air(w, d, AIR_KEY, 1_800_000_000),
    },
  ],
];

test.each(CASES)("%s", (name, { protocol, sizes, isBinary = false, key, send }) => {
  for (let run = 0; run < RUNS; run++) {
    const draw = drawsOf(`${name} ${run}`);
    const some = (byteLength: number) =>
      Buffer.from(Array.from({ length: byteLength }, () => (isBinary ? below(draw, 256) : 33 + below(draw, 94))));
    // By addresses a sealed passphrase has 48 bytes of room before the token; the ends of what is allowed come often.
    const sizeOf = (most: number, least: number) =>
      [least, most, least + below(draw, most - least + 1)][below(draw, 3)] as number;
    const isTuya = protocol === "tuya-ez";
    const reserved = some(isTuya ? 14 : sizeOf(sizes.reserved ?? 0, 0));
    const wanted: Wanted = {
      ssid: some(sizeOf(sizes.ssid, 1)),
      passphrase: some(sizeOf(sizes.passphrase, 0)),
      reserved: protocol === "ti-smartconfig" ? free(reserved) : reserved,
    };
    const frames = heard(send(wanted, draw), draw, run % 3 === 0 ? 0 : 0.1);
    const found = decodeFrames(frames, key && new Uint8Array(key), nodePrimitives);
    expect({ run, ...foundAsJson(found) }).toMatchObject({
      run,
      protocol,
      ssid: wanted.ssid.toString("hex"),
      passphrase: wanted.passphrase.toString("hex"),
      reserved: wanted.reserved.toString("hex"),
    });
  }
});
