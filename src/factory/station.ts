/** The interface of a station, where a unit is plugged in to the line. The host side of each board supplies one. */
import type { FactoryAnswer, FactoryRequest } from "#wire/lines/factory-line.ts";

export interface Station {
  /** Erases the unit's flash and writes images at their addresses; reads back. */
  flash(images: readonly { readonly address: number; readonly bytes: Uint8Array }[]): Promise<void>;
  /** Turns the unit on, or off as a power cut does. */
  power(on: boolean): Promise<void>;
  /** Asks over the console. Rejects when no answer comes in time; the message says what to look at. */
  ask(request: FactoryRequest): Promise<FactoryAnswer>;
  /**
   * How the device key lies in the unit's flash, in the words of the unit's last start, as "sealed by this chip". Undefined where it said
   * nothing of it, as units whose chip can't seal one; absent at a place whose boards are all such.
   */
  deviceKey?(): string | undefined;
  /** Resolves when the unit is heard to listen for a phone; rejects when it isn't. Absent at a place without a radio. */
  listening?(): Promise<void>;
}
