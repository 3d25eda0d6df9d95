/**
 * A unit's report of its state (topic `state`, retained): what runs, and where it is with the release that it was
 * last offered. Said when the link comes up and at what the cloud can't see by itself; the last will is zero bytes: gone.
 * Payload: [1, sequence, epoch, null or [sequence, stage, fault, percent]], and the tag of the revocations that it has taken
 * since it started, if any.
 * @source PROTOCOL 7.3
 */
import { type Fault, faultNumber, faultOf, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";

const UNIT_STATE_BYTES_MAX = 64;

/** Where a unit is with a release; numbers are the format's. The last three are ends, `rolledBack` tries again. */
export const STAGE = {
  /** Waits for the owner's consent, or for the time to which the owner deferred the update. */
  waiting: 1,
  fetching: 2,
  verified: 3,
  trial: 4,
  /** The trial ended in silence or a power cut, or fewer than three crashes. */
  rolledBack: 5,
  /** Three crashes: these images are never fetched again. */
  rejected: 6,
  /** A check of the release failed before anything was written. */
  refused: 7,
} as const;
export type Stage = keyof typeof STAGE;

export interface UnitState {
  /** Sequence of the release that is confirmed; 0 as it left the line. */
  readonly sequence: number;
  readonly epoch: number;
  /** The release that is not (yet) confirmed; none after a confirmation. */
  readonly attempt: UnitAttempt | undefined;
  /** Tag of the delivery of revocations that it took last (deliveryTagOf); none since it started when absent. */
  readonly revoked?: number;
}

export interface UnitAttempt {
  readonly sequence: number;
  readonly stage: Stage;
  /** Why the last trial ended, or why it was refused. */
  readonly fault: Fault | undefined;
  /** Of the blocks, 0 to 100. */
  readonly percent: number;
}

const U32_MAX = 0xffffffff;

export function encodeUnitState({ sequence, epoch, attempt, revoked }: UnitState): Uint8Array {
  const fault = attempt?.fault === undefined ? 0 : faultNumber(attempt.fault);
  const inner = attempt && [attempt.sequence, STAGE[attempt.stage], fault, Math.floor(attempt.percent)];
  return encodeCbor([1, sequence, epoch, inner ?? null, ...(revoked === undefined ? [] : [revoked])]);
}

/** @returns The state, or LINK_PACKET when it is anything but what encodeUnitState gives. An unknown fault reads as none. */
export function decodeUnitState(payload: Uint8Array): Result<UnitState> {
  const item = decodeCbor(payload, { bytesMax: UNIT_STATE_BYTES_MAX, depthMax: 2 });
  const fields = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  if (fields.length !== 4 && fields.length !== 5) return refuse("LINK_PACKET");
  const [version, sequence, epoch, attempt, revoked] = fields;
  if (version !== 1 || !isCount(sequence, U32_MAX) || !isCount(epoch, U32_MAX)) return refuse("LINK_PACKET");
  if (fields.length === 5 && !isCount(revoked as Cbor, U32_MAX)) return refuse("LINK_PACKET");
  const taken = fields.length === 5 ? { revoked: revoked as number } : {};
  if (attempt === null) return ok({ sequence, epoch, attempt: undefined, ...taken });
  if (!Array.isArray(attempt) || attempt.length !== 4) return refuse("LINK_PACKET");
  const [of, stageNumber, fault, percent] = attempt as readonly Cbor[];
  const stage = (Object.keys(STAGE) as Stage[]).find((name) => STAGE[name] === stageNumber);
  if (!isCount(of, U32_MAX) || stage === undefined || !isCount(fault, 0xffff) || !isCount(percent, 100)) {
    return refuse("LINK_PACKET");
  }
  return ok({ sequence, epoch, attempt: { sequence: of, stage, fault: faultOf(fault), percent }, ...taken });
}

function isCount(item: Cbor, max: number): item is number {
  return typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= max;
}
