/** What `air decode` gets from a real room: losses, copies on the way up, repeats, other stations, another network. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { createLoss } from "#boards/sim/host/air/loss.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { messageFor } from "#phone/message.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Cipher, Frame } from "#wire/air/frame.ts";
import { decodeFrames } from "./decode-frames.ts";

const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const PHONE = Uint8Array.of(2, 0, 0, 0, 0, 1);
const AIR_KEY = new Uint8Array(32).fill(5);

function overheard(
  protocol: Parameters<typeof messageFor>[0],
  cipher: Cipher,
  ssid: Uint8Array,
  seed: number,
): Frame[] {
  const air = { key: AIR_KEY, lastCounter: 0, nowS: 1_800_000_000 };
  const passphrase = utf8("pässwörd 1");
  const message = messageFor(protocol, { ssid, passphrase, bssid: BSSID, air }, nodePrimitives);
  if (!message.ok) throw new Error(message.fault);
  const { schedule } = message.value;
  const random = createRandomSource(seed);
  const world = { bssid: BSSID, channel: 6, cipher, firstBeaconUs: 50_000, hearsToDs: true, retryRate: 0.3, busy: 2 };
  const room = createAir(world, random);
  const misses = createLoss({ rate: 0.3 }, random);
  const frames: Frame[] = [];
  const hear = (frame: Frame) => void (misses() || frames.push(frame));
  for (const { atMs, length } of schedule.packets) {
    if (atMs > 40_000) break;
    room.advance(atMs * 1000, hear);
    const da = schedule.to === "gateway" ? BSSID : BROADCAST;
    room.send(atMs * 1000, { sa: PHONE, da, byteLength: length });
  }
  return frames;
}

test.each(["air", "esptouch-v2", "esptouch-v1", "airkiss", "ti-smartconfig"] as const)(
  "%s is understood under every cipher, SSIDs of 1 and 32 bytes alike",
  (protocol) => {
    for (const [i, cipher] of (["open", "wep", "ccmp", "tkip", "mixed", "gcmp"] as const).entries()) {
      const ssid = i % 2 === 0 ? utf8("x") : utf8("客厅无线网络 and some more");
      const found = decodeFrames(
        overheard(protocol, cipher, ssid, 10 + i),
        protocol === "air" ? AIR_KEY : undefined,
        nodePrimitives,
      );
      expect({ cipher, ...found }).toMatchObject({ cipher, protocol, ssid, passphrase: utf8("pässwörd 1") });
    }
  },
);

test("random traffic says nothing, in any protocol", () => {
  const random = createRandomSource(4);
  const frames = Array.from(
    { length: 12_000 },
    (_, i): Frame => ({
      us: 5000 * i,
      channel: 6,
      bssid: BSSID,
      sa: PHONE,
      da: BROADCAST,
      seq: i % 4096,
      bodyBytes: 36 + random.below(1400),
      retry: false,
      ds: "from",
    }),
  );
  expect(decodeFrames(frames, AIR_KEY, nodePrimitives)).toBeUndefined();
});
