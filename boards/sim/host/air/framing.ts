/**
 * Models a data frame on the air, and what a receiver learns from it: the receiver knows from the header how long the
 * header is, and gets nothing of the body but its length.
 * @source IEEE 802.11-2020 clause 9.3.2.1
 */
import type { Frame } from "#wire/air/frame.ts";

const HEADER_BYTES = 24;
const QOS_CONTROL_BYTES = 2;

/** A frame as it is sent: its header's fields, and all of its bytes without FCS. */
export interface Transmission extends Omit<Frame, "bodyBytes"> {
  readonly frameBytes: number;
}

const headerBytes = (tid: number | undefined) => HEADER_BYTES + (tid === undefined ? 0 : QOS_CONTROL_BYTES);

// Written out field by field: these run for every frame of millions of simulated seconds.

export function transmissionOf(header: Omit<Frame, "bodyBytes">, bodyBytes: number): Transmission {
  const { us, channel, bssid, sa, da, seq, retry, ds, tid } = header;
  const frameBytes = headerBytes(tid) + bodyBytes;
  if (tid === undefined) return { us, channel, bssid, sa, da, seq, retry, ds, frameBytes };
  return { us, channel, bssid, sa, da, seq, retry, ds, tid, frameBytes };
}

/** What a receiver in promiscuous mode reports of it. */
export function overhear({ us, channel, bssid, sa, da, seq, retry, ds, tid, frameBytes }: Transmission): Frame {
  const bodyBytes = frameBytes - headerBytes(tid);
  if (tid === undefined) return { us, channel, bssid, sa, da, seq, retry, ds, bodyBytes };
  return { us, channel, bssid, sa, da, seq, retry, ds, tid, bodyBytes };
}
