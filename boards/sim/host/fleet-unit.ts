/**
 * A unit as the cloud sees it, for fleets of thousands: the real codecs, signatures, block checks and order of steps of
 * an update, without an engine, flash or app behind them. It keeps over a power cut what a real unit keeps.
 */
import { equal, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import type { Primitives } from "#trust/primitives.ts";
import { checkCurrent, openRelease, verifyTimestamp } from "#trust/releases/verify-release.ts";
import { deliveryTagOf, readDelivery } from "#wire/grants/revocation.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { encodeUnitState, type Stage, type UnitState } from "#wire/link/unit-state.ts";
import {
  BLOCK_BYTES,
  type BlockRequest,
  blockCount,
  decodeBlockResponse,
  encodeBlockRequest,
  LEAF_BYTES,
  LEAVES_INDEX,
  leafOf,
  rootOf,
  TRANSFER_NAME_BYTES,
  tagOf,
  WINDOW_MAX,
} from "#wire/releases/blocks.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { type Release, releaseIdOf, type Transfer } from "#wire/releases/release.ts";
import { TIMESTAMP_NONCE_BYTES } from "#wire/releases/timestamp.ts";

/** How a unit takes a release once it runs it. */
export type Fate = "works" | "crashes" | "falls-silent";

export interface FleetUnitOptions {
  readonly crypto: Pick<Primitives, "ed25519VerifyRaw" | "sha256">;
  readonly product: string;
  readonly hardware: number;
  readonly keyset: Keyset;
  /** A nonce for freshness; seeded where runs must repeat. */
  random(byteLength: number): Uint8Array;
  fateOf(sequence: number): Fate;
  /** Opens a signed release; a fleet may remember the answer, since all its units are given the same bytes. */
  readonly open?: typeof openRelease;
}

export interface Message {
  readonly name: string;
  readonly payload: Uint8Array;
}

export interface FleetUnit {
  /** The link came up: what it says first. */
  connected(): readonly Message[];
  /** Something came down its topic; `restart` means that it goes off the link and comes up again on its own. */
  heard(name: string, payload: Uint8Array): { readonly says: readonly Message[]; readonly restart: boolean };
  /** What it asks again when nothing came for a while. */
  again(): readonly Message[];
  /** Forgets what isn't in flash. */
  lostPower(): void;
  readonly truth: Truth;
}

/** What an observer beside the unit knows. */
export interface Truth {
  readonly sequence: number;
  readonly stage: Stage | undefined;
  /** Blocks that it was given and found good, in all. */
  readonly blocks: number;
}

interface Job {
  readonly release: Release;
  readonly signed: Uint8Array;
  readonly transfer: Transfer;
  readonly have: Uint8Array;
  leaves: Uint8Array | undefined;
  nonce: Uint8Array | undefined;
  stage: Stage;
  fault: Fault | undefined;
  first: number;
}

const NOTHING = { says: [], restart: false } as const;

export function createFleetUnit(options: FleetUnitOptions): FleetUnit {
  const { crypto, keyset } = options;
  const open = options.open ?? openRelease;
  let sequence = 0;
  let job: Job | undefined;
  let blocks = 0;
  let crashes = 0;
  let revoked: number | undefined;
  const rejected = new Set<number>();

  const state = (): Message => {
    const had = job === undefined ? 0 : job.have.reduce((sum, bit) => sum + bit, 0);
    const attempt =
      job === undefined
        ? undefined
        : {
            sequence: job.release.sequence,
            stage: job.stage,
            fault: job.fault,
            percent: (100 * had) / job.have.length,
          };
    const said: UnitState = { sequence, epoch: 0, attempt, ...(revoked !== undefined && { revoked }) };
    return { name: UP.state, payload: encodeUnitState(said) };
  };
  const ask = (of: Job): Message => {
    of.nonce = options.random(TIMESTAMP_NONCE_BYTES);
    return { name: UP.ask, payload: of.nonce };
  };
  const want = (of: Job): Message => {
    const request: BlockRequest =
      of.leaves === undefined
        ? { transfer: of.transfer.root, first: LEAVES_INDEX, bitmap: 1 }
        : { transfer: of.transfer.root, first: of.first, bitmap: bitmapOf(of) };
    return { name: UP.want, payload: encodeBlockRequest(request) };
  };
  const bitmapOf = (of: Job): number => {
    let bitmap = 0;
    for (let bit = 0; bit < WINDOW_MAX && of.first + bit < of.have.length; bit++) {
      if (of.have[of.first + bit] === 0) bitmap |= 1 << bit;
    }
    return bitmap >>> 0;
  };
  /** The trial: what its fate is decides what the unit says when it is back. */
  const tryIt = (of: Job): void => {
    const fate = options.fateOf(of.release.sequence);
    if (fate === "works") {
      sequence = of.release.sequence;
      crashes = 0;
      job = undefined;
    } else if (fate === "crashes") {
      crashes++;
      of.fault = "TRIAL_CRASH";
      of.stage = crashes >= 3 ? "rejected" : "rolledBack";
      if (crashes >= 3) rejected.add(of.release.sequence);
    } else of.stage = "trial";
  };

  const offered = (signed: Uint8Array): readonly Message[] => {
    if (signed.length === 0) {
      // Taken back: what was not begun with is dropped; a trial goes on to its own end.
      if (job === undefined || job.stage === "trial" || job.stage === "rejected") return [];
      job = undefined;
      return [state()];
    }
    if (job !== undefined && equal(job.signed, signed)) return [];
    const release = open(crypto, signed, keyset);
    if (!release.ok || release.value.sequence <= sequence || rejected.has(release.value.sequence)) return [];
    const transfer = release.value.components[0]?.transfers.at(-1) as Transfer;
    const have = new Uint8Array(blockCount(transfer.streamBytes));
    const fits = release.value.product === options.product && release.value.hardware.includes(options.hardware);
    job = {
      ...{ release: release.value, signed, transfer, have, leaves: undefined, nonce: undefined, first: 0 },
      ...(fits ? { stage: "waiting", fault: undefined } : { stage: "refused", fault: "RELEASE_PRODUCT" }),
    };
    crashes = 0;
    return fits ? [ask(job)] : [state()];
  };

  const fresh = (signed: Uint8Array): FleetStep => {
    if (job?.nonce === undefined) return NOTHING;
    const timestamp = verifyTimestamp(crypto, signed, keyset, { product: options.product, nonce: job.nonce });
    if (!timestamp.ok) return NOTHING;
    job.nonce = undefined;
    const current = checkCurrent(timestamp.value, job.release, releaseIdOf(crypto.sha256, job.signed));
    if (!current.ok) {
      job = undefined;
      return { says: [state()], restart: false };
    }
    if (job.have.every((bit) => bit === 1)) {
      job.stage = "trial";
      const says = [state()];
      tryIt(job);
      return { says, restart: true };
    }
    job.stage = "fetching";
    job.fault = undefined;
    return { says: [want(job)], restart: false };
  };

  const block = (payload: Uint8Array): readonly Message[] => {
    const response = decodeBlockResponse(payload);
    if (job === undefined || !response.ok || response.value.tag !== tagOf(job.transfer.root)) return [];
    if (response.value.kind === "refused") return [];
    const { bytes } = response.value;
    if (response.value.kind === "leaves") {
      const isGood = equal(rootOf(crypto.sha256, bytes).subarray(0, TRANSFER_NAME_BYTES), job.transfer.root);
      if (job.leaves !== undefined || !isGood || bytes.length !== job.have.length * LEAF_BYTES) return [];
      job.leaves = Uint8Array.from(bytes);
      return [want(job)];
    }
    const { index } = response.value;
    const expected = job.leaves?.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES);
    if (expected === undefined || job.have[index] !== 0 || bytes.length > BLOCK_BYTES) return [];
    if (!equal(leafOf(crypto.sha256, bytes), expected)) return [];
    blocks++;
    job.have[index] = 1;
    if (job.have.every((bit) => bit === 1)) {
      job.stage = "verified";
      return [ask(job)];
    }
    if (bitmapOf(job) !== 0) return [];
    while (bitmapOf(job) === 0) job.first += WINDOW_MAX;
    return [want(job)];
  };

  return {
    connected() {
      if (job === undefined || job.stage === "rejected" || job.stage === "refused" || job.stage === "trial")
        return [state()];
      return [state(), ask(job)];
    },
    heard(name, payload) {
      if (name === DOWN.release) return { says: offered(payload), restart: false };
      if (name === DOWN.fresh) return fresh(payload);
      if (name === DOWN.block) return { says: block(payload), restart: false };
      if (name === DOWN.revocation && readDelivery(payload).ok) {
        revoked = deliveryTagOf(crypto.sha256, payload);
        return { says: [state()], restart: false };
      }
      return NOTHING;
    },
    again() {
      if (job === undefined) return [];
      if (job.nonce !== undefined) return [ask(job)];
      return job.stage === "fetching" ? [want(job)] : [];
    },
    lostPower() {
      if (job === undefined) return;
      // The hash list and the nonce live in RAM; written blocks are found again, since the journal marks them.
      job.nonce = undefined;
      job.leaves = undefined;
    },
    get truth() {
      return { sequence, stage: job?.stage, blocks };
    },
  };
}

interface FleetStep {
  readonly says: readonly Message[];
  readonly restart: boolean;
}

/** Remembers which signed releases were good, for fleets whose units are all given the same bytes. */
export function rememberingOpen(): typeof openRelease {
  const known = new Map<string, ReturnType<typeof openRelease>>();
  return (crypto, signed, keyset) => {
    const name = toHex(crypto.sha256(signed));
    const answer = known.get(name) ?? openRelease(crypto, signed, keyset);
    known.set(name, answer);
    return answer;
  };
}
