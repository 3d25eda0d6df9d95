/**
 * An 802.11 data frame as a monitoring radio sees it: the header and the length, never the body.
 * @source IEEE 802.11-2020 clause 9.3.2; PROTOCOL 6.2
 */

/** One overheard data frame. Addresses are 6 bytes. The length of its header (QoS, HT control) is already taken off. */
export interface Frame {
  /** Microseconds on the radio's own clock. */
  readonly us: number;
  readonly channel: number;
  readonly bssid: Uint8Array;
  readonly sa: Uint8Array;
  readonly da: Uint8Array;
  /** Sequence number of the transmitter, 0 to 4095. */
  readonly seq: number;
  /** Traffic identifier of a QoS frame, 0 to 15: to one receiver, each counts for itself. None where not QoS, or not known. */
  readonly tid?: number;
  /** Bytes after the MAC header, without FCS. */
  readonly bodyBytes: number;
  readonly retry: boolean;
  /** Direction: from the access point, or to it. */
  readonly ds: "from" | "to";
}

/** `mixed`: TKIP for groups, CCMP for stations that have it. `gcmp`: GCMP, and CCMP with 256 bits, which adds as much. */
export type Cipher = "open" | "wep" | "ccmp" | "tkip" | "mixed" | "gcmp";

/** A network that a scan found. */
export interface AccessPoint {
  readonly ssid: Uint8Array;
  readonly bssid: Uint8Array;
  readonly channel: number;
  readonly rssiDbm: number;
  readonly cipher: Cipher;
}

/** LLC/SNAP, IPv4 and UDP headers stand before every payload. */
const HEADER_BYTES = 36;

/**
 * Bytes by which a frame's body is longer than the UDP payload in it: headers, and what the cipher adds.
 * A mixed network relays broadcast under TKIP, while stations send under CCMP.
 */
export function overheadBytes(cipher: Cipher, ds: "from" | "to"): number {
  switch (cipher) {
    case "open":
      return HEADER_BYTES;
    case "wep":
      return HEADER_BYTES + 8;
    case "ccmp":
      return HEADER_BYTES + 16;
    case "tkip":
      return HEADER_BYTES + 20;
    case "gcmp":
      return HEADER_BYTES + 24;
    case "mixed":
      return HEADER_BYTES + (ds === "from" ? 20 : 16);
  }
}
