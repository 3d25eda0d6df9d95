/**
 * Selects the decoders that a unit runs on a sender's frames, by the protocols that its product enables and by its
 * keys.
 */
import { equal } from "#base/bytes.ts";
import { openAir } from "#trust/air-seal.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AirProtocol, LengthDecoder } from "#wire/air/air-credentials.ts";
import { airDecoder } from "#wire/air/air-decoder.ts";
import { type AccessPoint, overheadBytes } from "#wire/air/frame.ts";
import type { ListenerOptions } from "#wire/air/listener.ts";
import type { LegacyProtocol } from "./legacy-protocols.ts";
import type { Allowed } from "./memory.ts";

/** What a frame's body may be longer by when its access point is not in the scan: CCMP first, as nearly all are. */
const USUAL_OVERHEADS: readonly number[] = [52, 36];

function decoderOf(
  protocol: AirProtocol,
  legacy: readonly LegacyProtocol[],
  { aesKey, airKey }: Allowed,
  network: AccessPoint | undefined,
  crypto: Primitives,
): LengthDecoder | undefined {
  if (protocol !== "air") return legacy.find(({ name }) => name === protocol)?.decoder(crypto, aesKey, network);
  if (airKey === undefined) return undefined;
  return airDecoder((message) => {
    const opened = openAir(message, airKey, crypto);
    return opened.ok ? opened.value : undefined;
  });
}

/** @param legacy The older protocols that this bundle holds. */
export function decodersFor(
  what: Allowed,
  legacy: readonly LegacyProtocol[],
  accessPoints: readonly AccessPoint[],
  crypto: Primitives,
): ListenerOptions["decoders"] {
  return (bssid, ds) => {
    const network = accessPoints.find((each) => equal(each.bssid, bssid));
    const overheads = network === undefined ? USUAL_OVERHEADS : [overheadBytes(network.cipher, ds)];
    return overheads.flatMap((bytes) =>
      what.protocols.flatMap((protocol) => {
        const decoder = decoderOf(protocol, legacy, what, network, crypto);
        return decoder === undefined ? [] : [{ overheadBytes: bytes, decoder }];
      }),
    );
  };
}
