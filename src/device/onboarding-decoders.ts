/** Which decoders a unit runs on a sender's frames: the protocols its product switched on, and its keys. */
import { equal } from "#base/bytes.ts";
import { openAir } from "#trust/air-seal.ts";
import type { Primitives } from "#trust/primitives.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import type { AirProtocol, LengthDecoder } from "#wire/air/found.ts";
import { type AccessPoint, overheadBytes } from "#wire/air/frame.ts";
import type { ListenerOptions } from "#wire/air/listener.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";
import type { Allowed } from "./onboarding-memory.ts";

/** What a frame's body may be longer by when its access point is not in the scan: CCMP first, as nearly all are. */
const USUAL_OVERHEADS: readonly number[] = [52, 36];

function decoderOf(
  protocol: AirProtocol,
  { aesKey, airKey }: Allowed,
  network: AccessPoint | undefined,
  crypto: Primitives,
): LengthDecoder | undefined {
  switch (protocol) {
    case "air":
      if (airKey === undefined) return undefined;
      return airDecoder((message) => {
        const opened = openAir(message, airKey, crypto);
        return opened.ok ? opened.value : undefined;
      });
    case "esptouch-v2":
      return esptouchV2Decoder(crypto, aesKey, network);
    case "esptouch-v1":
      return esptouchV1Decoder();
    case "airkiss":
      return airKissDecoder(crypto, aesKey);
    case "ti-smartconfig":
      return tiDecoder(crypto, aesKey);
    case "tuya-ez":
      return tuyaDecoder(crypto);
    case "softap":
      return undefined;
  }
}

export function decodersFor(
  what: Allowed,
  accessPoints: readonly AccessPoint[],
  crypto: Primitives,
): ListenerOptions["decoders"] {
  return (bssid, ds) => {
    const network = accessPoints.find((each) => equal(each.bssid, bssid));
    const overheads = network === undefined ? USUAL_OVERHEADS : [overheadBytes(network.cipher, ds)];
    return overheads.flatMap((bytes) =>
      what.protocols.flatMap((protocol) => {
        const decoder = decoderOf(protocol, what, network, crypto);
        return decoder === undefined ? [] : [{ overheadBytes: bytes, decoder }];
      }),
    );
  };
}
