/**
 * The older onboarding protocols, one name each: a bundle holds those that its product switched on, because its entry
 * imports no other (src/factory/bundle/bundle.ts). Air is not among them: every unit has it.
 */
import type { Primitives } from "#trust/primitives.ts";
import type { AirProtocol, LengthDecoder } from "#wire/air/air-credentials.ts";
import { airKissDecoder } from "#wire/air/airkiss-decoder.ts";
import { esptouchV1Decoder } from "#wire/air/esptouch-v1-decoder.ts";
import { esptouchV2Decoder } from "#wire/air/esptouch-v2-decoder.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import { tiDecoder } from "#wire/air/ti-smartconfig-decoder.ts";
import { tuyaDecoder } from "#wire/air/tuya-ez-decoder.ts";

export interface LegacyProtocol {
  readonly name: AirProtocol;
  /**
   * @param aesKey  The product's key where the protocol takes one.
   * @param network The access point whose frames these are, when the scan has it.
   */
  decoder(crypto: Primitives, aesKey: Uint8Array | undefined, network: AccessPoint | undefined): LengthDecoder;
}

export const esptouchV1: LegacyProtocol = { name: "esptouch-v1", decoder: () => esptouchV1Decoder() };
export const esptouchV2: LegacyProtocol = { name: "esptouch-v2", decoder: esptouchV2Decoder };
export const airkiss: LegacyProtocol = { name: "airkiss", decoder: airKissDecoder };
export const tiSmartconfig: LegacyProtocol = { name: "ti-smartconfig", decoder: tiDecoder };
export const tuyaEz: LegacyProtocol = { name: "tuya-ez", decoder: tuyaDecoder };
