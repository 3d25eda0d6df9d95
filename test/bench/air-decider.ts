/**
 * The deciding side of the air benchmark: one unit a run (air-unit.ts), which gets what a unit gets (its own keys, its
 * scan, frame headers) and says what it decided to join. The credentials that were sent stay with its parent, which judges.
 */
import type { Frame } from "#wire/air/frame.ts";
import { createUnit, type Unit, type UnitOptions } from "./air-unit.ts";

/** Numbers a frame: microseconds, station, sequence number, body bytes. */
export const FRAME_NUMBERS = 4;

/** What frames have in common that they name by number: all of a header but its moment and its sequence number. */
export type Station = Omit<Frame, "us" | "seq" | "bodyBytes">;

export type ToDecider =
  | {
      readonly kind: "open";
      readonly run: number;
      readonly options: UnitOptions;
      readonly stations: readonly Station[];
    }
  /** More senders showed up. */
  | { readonly kind: "stations"; readonly run: number; readonly stations: readonly Station[] }
  | { readonly kind: "frames"; readonly run: number; readonly numbers: Float64Array }
  | { readonly kind: "close"; readonly run: number };

export interface FromDecider {
  readonly run: number;
  readonly found?: {
    readonly protocol: string;
    readonly ssid: Uint8Array;
    readonly passphrase: Uint8Array;
    readonly reserved: Uint8Array;
    readonly us: number;
  };
}

/** Answers each batch of frames once. */
export function createDecider(answer: (message: FromDecider) => void): (message: ToDecider) => void {
  const runs = new Map<number, { unit: Unit; stations: readonly Station[] }>();
  return (message) => {
    const { run } = message;
    if (message.kind === "open") {
      runs.set(run, { unit: createUnit(message.options), stations: message.stations });
      return;
    }
    if (message.kind === "close") {
      runs.delete(run);
      return;
    }
    const each = runs.get(run) as { unit: Unit; stations: readonly Station[] };
    if (message.kind === "stations") {
      each.stations = message.stations;
      return;
    }
    const { unit, stations } = each;
    const { numbers } = message;
    for (let at = 0; at < numbers.length; at += FRAME_NUMBERS) {
      const [us = 0, station = 0, seq = 0, bodyBytes = 0] = numbers.subarray(at, at + FRAME_NUMBERS);
      const frame: Frame = { ...(stations[station] as Station), us, seq, bodyBytes };
      unit.advance(us);
      unit.show(frame);
      const found = unit.joined();
      if (found === undefined) continue;
      const { protocol, ssid, passphrase, reserved } = found;
      answer({ run, found: { protocol, ssid, passphrase, reserved, us: found.us } });
      return;
    }
    answer({ run });
  };
}
