/** The receiving side of an onboarding over the simulated air: a listener and its hopping, as the unit's machine has them. */
import { equal } from "#base/bytes.ts";
import { openAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import { type Found, LOCK_SCORE } from "#wire/air/found.ts";
import type { AccessPoint, Frame } from "#wire/air/frame.ts";
import { airListener } from "#wire/air/listener.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";

const DWELL_US = 150_000;

export interface ReceiverOptions {
  readonly airKey: Uint8Array;
  readonly aesKey: Uint8Array;
  /** True where the product's app seals AirKiss and TI under that key too: those say nowhere whether they are sealed. */
  readonly isKeyed: boolean;
  /** The sender is on the first of so many channels; the receiver starts on any of them. */
  readonly channels: number;
  readonly firstChannel: number;
  /** What its scan found, as every unit has one: networks' names and addresses. */
  readonly networks: readonly Pick<AccessPoint, "ssid" | "bssid">[];
}

/** @returns A function that takes frames on the air and gives credentials once it is sure. */
export function createReceiver({
  airKey,
  aesKey,
  isKeyed,
  channels,
  firstChannel,
  networks,
}: ReceiverOptions): (frame: Frame) => Found | undefined {
  const network = (bssid: Uint8Array) => networks.find((each) => equal(each.bssid, bssid));
  const sealedKey = isKeyed ? aesKey : undefined;
  const decoders = (bssid: Uint8Array) => [
    {
      overheadBytes: 52,
      decoder: airDecoder((message) => {
        const opened = openAir(message, airKey, nodePrimitives);
        return opened.ok ? opened.value : undefined;
      }),
    },
    { overheadBytes: 52, decoder: esptouchV1Decoder() },
    { overheadBytes: 52, decoder: esptouchV2Decoder(nodePrimitives, aesKey, network(bssid)) },
    { overheadBytes: 52, decoder: airKissDecoder(nodePrimitives, sealedKey) },
    { overheadBytes: 52, decoder: tiDecoder(nodePrimitives, sealedKey) },
    { overheadBytes: 52, decoder: tuyaDecoder(nodePrimitives) },
  ];
  const listener = airListener({ decoders });
  let channel = firstChannel;
  let hopUs = DWELL_US;
  return (frame) => {
    while (frame.us >= hopUs) {
      hopUs += DWELL_US;
      if (listener.score() < LOCK_SCORE) channel = (channel + 1) % channels;
    }
    return channel === 0 ? listener.push(frame) : undefined;
  };
}
