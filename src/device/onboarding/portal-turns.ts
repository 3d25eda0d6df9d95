/** Opens and closes the unit's own access point for onboarding; portal.ts answers requests there. */
import { toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Effect } from "#device/machine.ts";
import type { Wifi } from "#device/store/codecs.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AirCredentials } from "#wire/air/air-credentials.ts";

/** With SoftAP switched on: so long the unit listens, then so long its own access point is open, in turn. */
export const LISTEN_BEFORE_PORTAL_MS = 60_000;
export const PORTAL_MS = 180_000;
/** The page that says what happens next leaves before the access point closes. */
export const ANSWER_LEAVES_MS = 1_000;

export const CLOSE_ACCESS_POINT: Effect = { kind: "radio-access-point", ssid: new Uint8Array(0) };

/** What the access point is called: the first of the device ID's digits, which stand on the label. */
export function setupName(seed: Uint8Array | undefined, crypto: Primitives): Uint8Array {
  if (seed === undefined) return utf8("Setup");
  return utf8(`Setup ${toHex(deviceIdOf(crypto, crypto.ed25519PublicKey(seed)).subarray(0, 3)).toUpperCase()}`);
}

/** What a person typed or a program gave, in the shape of what is heard on the air. */
export function typedIn({ ssid, passphrase }: Wifi, protocol: "softap" | "improv" = "softap"): AirCredentials {
  return { protocol, ssid, passphrase, reserved: new Uint8Array(0), us: 0, token: 0 };
}
