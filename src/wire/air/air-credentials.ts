/** Credentials from the air, from the portal's form or from the console, with the acknowledgement that the sender's phone expects. */
import { concat } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { MDNS_GROUP, MDNS_PORT } from "#wire/sessions/discovery.ts";
import { tiAnnouncement } from "./ti-announcement.ts";

export type AirProtocol =
  | "air"
  | "esptouch-v1"
  | "esptouch-v2"
  | "airkiss"
  | "ti-smartconfig"
  | "tuya-ez"
  | "softap"
  | "improv";

/** Credentials that passed every whole-message check of their protocol. */
export interface AirCredentials {
  readonly protocol: AirProtocol;
  readonly ssid: Uint8Array;
  readonly passphrase: Uint8Array;
  /** What the protocol carries beside them: ESP-TOUCH v2's and Air's extra bytes, Tuya's token, TI's device name. */
  readonly reserved: Uint8Array;
  /** The radio's clock when it was sure. */
  readonly us: number;
  /** The byte that the acknowledgement repeats: v1's total, v2's port mark, AirKiss's random byte. */
  readonly token: number;
  /** Where the phone says it is (ESP-TOUCH v1). */
  readonly phone?: string;
  /** Air only: counter and tag of the sealed message, which the hello repeats; Unix seconds it hints at. */
  readonly sealed?: { readonly counter: number; readonly tag: Uint8Array; readonly timeHintS: number };
}

/** A datagram to repeat after joining, so that the sender's phone stops. None of them proves anything. */
export interface Acknowledgement {
  readonly port: number;
  readonly bytes: Uint8Array;
  /** Besides broadcast, an address to send to. */
  readonly phone?: string;
  /** In place of broadcast, a multicast group: an announcement, which is not repeated as often (RFC 6762 section 8.3). */
  readonly group?: string;
}

/**
 * The unauthenticated acknowledgement that the protocol's phones wait for, to be sent 30 times, 100 ms apart, or (to a
 * group) announced.
 * @param mac  The unit's station address.
 * @param ipv4 The address it got.
 * @returns None for Air (its hello is the answer) and Tuya (answers by its cloud).
 */
export function acknowledgementOf(found: AirCredentials, mac: Uint8Array, ipv4: string): Acknowledgement | undefined {
  switch (found.protocol) {
    case "esptouch-v1": {
      const bytes = concat(Uint8Array.of(found.token), mac, Uint8Array.from(ipv4.split("."), Number));
      return { port: 18266, bytes, ...(found.phone === undefined ? {} : { phone: found.phone }) };
    }
    case "esptouch-v2":
      return { port: 18266 + 10000 * found.token, bytes: concat(Uint8Array.of(found.token), mac) };
    case "airkiss":
      return { port: 10000, bytes: concat(Uint8Array.of(found.token), mac) };
    case "ti-smartconfig":
      return { port: MDNS_PORT, group: MDNS_GROUP, bytes: tiAnnouncement(found.reserved) };
    default:
      return undefined;
  }
}

/** A streaming decoder of one sender's lengths in one protocol. */
export interface LengthDecoder {
  /**
   * Takes the next frame of this sender.
   * @param length UDP payload bytes.
   * @param step   At most how many frames further on in this sender's order it is: 1 is the very next one. 0 when
   *               nothing is known, after a pause or at the start.
   * @param da     Destination address, 6 bytes.
   * @returns What was found when this frame completed it.
   */
  push(length: number, step: number, us: number, da: Uint8Array): AirCredentials | undefined;
  /** How much speaks for this protocol: 0 nothing, from LOCK_SCORE on a listener should stay on the channel. */
  score(): number;
  /**
   * How many pieces its message still needs, LACKS_ALL while that is not known. It falls as the message comes nearer and rises
   * when what was collected is dropped.
   */
  lacks(): number;
  /** Why what this sender says can never be understood, where that is certain. */
  fault?(): Fault | undefined;
}

export const LOCK_SCORE = 8;
/** More than any message has pieces. */
export const LACKS_ALL = 9_999;
