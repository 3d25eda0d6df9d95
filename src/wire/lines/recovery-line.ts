/**
 * The messages between a station and a unit in recovery over the console, in the frames of line-frame.ts: the unit's
 * boot stage asks for the hash list and the blocks of a signed release's images, and checks each before it writes it.
 * @source PROTOCOL 9.8
 */
import { concat, viewOf } from "#base/bytes.ts";
import { type Fault, faultOf, ok, type Result, refuse } from "#base/faults.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { encodeLineFrame, type LineFrame } from "./line-frame.ts";

const OFFER = 0x11;
const PART = 0x12;
const WAITING = 0x91;
const WANT = 0x92;
const REFUSED = 0x93;
const DONE = 0x94;

/** Bytes of a block that go into one frame at most. */
export const PART_BYTES = 256;

/** What a unit in recovery says. */
export type RecoveryWord =
  /** Twice a second while it has nothing to do. */
  | { readonly kind: "waiting"; readonly epoch: number; readonly product: string }
  /** Index 0xffff asks for the hash list (LEAVES_INDEX of blocks.ts). */
  | { readonly kind: "want"; readonly component: number; readonly index: number }
  | { readonly kind: "refused"; readonly fault: Fault | undefined }
  /** All is written; the unit starts anew. */
  | { readonly kind: "done" };

export const encodeRecoveryOffer = (signed: Uint8Array): Uint8Array => encodeLineFrame(OFFER, signed);

/** The frames that carry a block, or the hash list, in order. */
export function encodeRecoveryParts(component: number, index: number, bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    const head = new Uint8Array(5);
    head[0] = component;
    viewOf(head).setUint16(1, index, true);
    viewOf(head).setUint16(3, at, true);
    frames.push(encodeLineFrame(PART, concat(head, bytes.subarray(at, at + PART_BYTES))));
  }
  return concat(...frames);
}

/** @returns The word, or RECOVERY_LINE for a type that no unit sends or a length that doesn't fit. */
export function decodeRecoveryWord({ type, payload }: LineFrame): Result<RecoveryWord> {
  const bad = refuse("RECOVERY_LINE");
  const view = viewOf(payload);
  switch (type) {
    case WAITING: {
      const product = payload.length < 4 ? undefined : fromUtf8(payload.subarray(4));
      return product === undefined ? bad : ok({ kind: "waiting", epoch: view.getUint32(0, true), product });
    }
    case WANT:
      if (payload.length !== 3) return bad;
      return ok({ kind: "want", component: payload[0] as number, index: view.getUint16(1, true) });
    case REFUSED:
      return payload.length === 2 ? ok({ kind: "refused", fault: faultOf(view.getUint16(0, true)) }) : bad;
    case DONE:
      return payload.length === 0 ? ok({ kind: "done" }) : bad;
    default:
      return bad;
  }
}
