/**
 * The deciding side of the air benchmark: gets what a unit gets (its own keys, its scan, frame headers) and says
 * what it decided. The credentials that were sent stay with its parent, which judges.
 */
import type { Frame } from "#wire/air/frame.ts";
import { createReceiver, type ReceiverOptions } from "./air-receiver.ts";

/** Numbers a frame: microseconds, station, sequence number, body bytes. */
export const FRAME_NUMBERS = 4;

/** What frames have in common that they name by number: all of a header but its moment and its sequence number. */
export type Station = Omit<Frame, "us" | "seq" | "bodyBytes">;

export type ToDecider =
  | {
      readonly kind: "open";
      readonly run: number;
      readonly options: ReceiverOptions;
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
  const runs = new Map<number, { receive: ReturnType<typeof createReceiver>; stations: readonly Station[] }>();
  return (message) => {
    const { run } = message;
    if (message.kind === "open") {
      runs.set(run, { receive: createReceiver(message.options), stations: message.stations });
      return;
    }
    if (message.kind === "close") {
      runs.delete(run);
      return;
    }
    const each = runs.get(run) as { receive: ReturnType<typeof createReceiver>; stations: readonly Station[] };
    if (message.kind === "stations") {
      each.stations = message.stations;
      return;
    }
    const { receive, stations } = each;
    const { numbers } = message;
    for (let at = 0; at < numbers.length; at += FRAME_NUMBERS) {
      const [us = 0, station = 0, seq = 0, bodyBytes = 0] = numbers.subarray(at, at + FRAME_NUMBERS);
      const frame: Frame = { ...(stations[station] as Station), us, seq, bodyBytes };
      const found = receive(frame);
      if (found === undefined) continue;
      const { protocol, ssid, passphrase, reserved } = found;
      answer({ run, found: { protocol, ssid, passphrase, reserved, us: found.us } });
      return;
    }
    answer({ run });
  };
}
