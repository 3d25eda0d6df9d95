/** The networks that a unit is onboarded to: how hostapd opens each, and how the phone's wpa_supplicant joins it. */

import type { Cipher } from "#wire/air/frame.ts";

export interface Network {
  readonly name: string;
  /** As a scan has it. */
  readonly scanned: { readonly cipher: Cipher; readonly channel: number };
  readonly ssid: Uint8Array;
  /** What the owner types; empty for an open network. */
  readonly passphrase: string;
  /** Lines of hostapd.conf: band and channel first, then what is special. */
  readonly hostapd: readonly string[];
  /** Lines of the phone's network in wpa_supplicant.conf. */
  readonly phone: readonly string[];
  /** The access point relays nothing from station to station, so the unit's hello can't reach the phone either. */
  readonly isIsolated?: boolean;
  /** A third station sleeps, so the access point keeps broadcast frames for the next DTIM beacon. */
  readonly hasSleeper?: boolean;
  /** A second access point of the same name and passphrase, on channel 11. */
  readonly hasTwin?: boolean;
}

const SSID = "Lamplight";
const PASSPHRASE = "a story told";
const BAND_24 = ["hw_mode=g", "channel=6", "ieee80211n=1", "wmm_enabled=1"];
const BAND_5 = ["hw_mode=a", "channel=36", "ieee80211n=1", "wmm_enabled=1"];

const isKey = (passphrase: string) => /^[0-9a-f]{64}$/i.test(passphrase);
const quoted = (passphrase: string) => (isKey(passphrase) ? passphrase : `"${passphrase}"`);

interface Choice extends Partial<Omit<Network, "name" | "hostapd" | "phone" | "ssid" | "scanned">> {
  readonly ssid?: string | Uint8Array;
  readonly band?: readonly string[];
  readonly keys?: string;
  readonly cipher?: string;
  readonly hostapd?: readonly string[];
  readonly phone?: readonly string[];
}

/** A network with WPA2 and CCMP but for what is said. */
function network(name: string, choice: Choice = {}): Network {
  const { ssid = SSID, passphrase = PASSPHRASE, band = BAND_24, keys = "WPA-PSK", cipher = "CCMP" } = choice;
  const { hostapd = [], phone = [], ...more } = choice;
  const secret = isKey(passphrase) ? `wpa_psk=${passphrase}` : `wpa_passphrase=${passphrase}`;
  const isOpen = passphrase === "";
  const isMixed = hostapd.some((line) => line.includes("TKIP"));
  const scannedCipher = isOpen ? "open" : isMixed ? "mixed" : cipher === "GCMP" ? "gcmp" : "ccmp";
  return {
    ...{ name, passphrase, ...more },
    scanned: { cipher: scannedCipher, channel: band === BAND_5 ? 36 : 6 },
    ssid: typeof ssid === "string" ? Buffer.from(ssid) : ssid,
    hostapd: [
      ...band,
      ...(isOpen ? [] : ["wpa=2", `wpa_key_mgmt=${keys}`, `rsn_pairwise=${cipher}`, secret]),
      ...hostapd,
    ],
    phone: [...(isOpen ? ["key_mgmt=NONE"] : [`psk=${quoted(passphrase)}`, `key_mgmt=${keys}`]), ...phone],
  };
}

const PROTECTED = ["ieee80211w=2"];

export const NETWORKS: readonly Network[] = [
  network("wpa2"),
  network("tkip-mixed", { hostapd: ["wpa=3", "wpa_pairwise=TKIP"] }),
  network("ap-isolate", { hostapd: ["ap_isolate=1"], isIsolated: true }),
  network("wpa3-sae", { keys: "SAE", hostapd: PROTECTED, phone: PROTECTED }),
  network("transition", {
    keys: "WPA-PSK SAE",
    hostapd: ["ieee80211w=1", "sae_require_mfp=1"],
    phone: ["ieee80211w=1"],
  }),
  network("gcmp", { cipher: "GCMP", phone: ["pairwise=GCMP", "group=GCMP"] }),
  network("open", { passphrase: "" }),
  network("hidden", { hostapd: ["ignore_broadcast_ssid=1"] }),
  network("ssid-32-bytes", { ssid: "The quick brown fox, thirty-two!" }),
  network("ssid-binary", { ssid: Uint8Array.from([32, 0, 255, 9, 34, 92, 10, 0xc3, 0xa4, 127, 32]) }),
  network("key-63", { passphrase: `${"abcdefghijklmnopqrstuvwxyz 0123456789".repeat(2).slice(0, 62)}~` }),
  network("key-64-hex", { passphrase: "00112233445566778899aabbccddeeff0123456789ABCDEFfedcba9876543210" }),
  network("sleeper", { hostapd: ["dtim_period=2"], hasSleeper: true }),
  network("twin", { hasTwin: true }),
  network("5-ghz", { band: BAND_5 }),
];

export function networkNamed(name: string): Network {
  const found = NETWORKS.find((each) => each.name === name);
  if (found === undefined)
    throw new Error(`no network is called ${name}; one of ${NETWORKS.map((n) => n.name).join(", ")}`);
  return found;
}
