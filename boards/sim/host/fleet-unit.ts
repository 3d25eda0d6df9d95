/**
 * A unit as the cloud sees it, for fleets of thousands: the real codecs, signatures, verdicts, block checks and order of
 * steps of an update, without an engine, flash, clock or app behind them. It keeps over a power cut what a real unit
 * keeps; test/sim/model-unit.test.ts holds it to the real update machine, message by message.
 */
import { equal, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { usableTransfer } from "#device/ota/base.ts";
import { createTransferFetch, giveBlock, type TransferFetch, takeResponse, wantBlocks } from "#device/ota/transfer.ts";
import type { Primitives } from "#trust/primitives.ts";
import { checkCurrent, checkRelease, openRelease, verifyTimestamp } from "#trust/releases/verify-release.ts";
import { deliveryTagOf, readDelivery } from "#wire/grants/revocation.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { encodeUnitState, type Stage, type UnitAttempt } from "#wire/link/unit-state.ts";
import { decodeBlockResponse } from "#wire/releases/blocks.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { imagesIdOf, type Release, releaseIdOf } from "#wire/releases/release.ts";
import { TIMESTAMP_NONCE_BYTES } from "#wire/releases/timestamp.ts";

/** How a unit takes a release once it runs it; one that falls silent never comes back, one that is unheard goes back. */
export type Fate = "works" | "crashes" | "unheard" | "falls-silent";

export interface FleetUnitOptions {
  readonly crypto: Pick<Primitives, "ed25519VerifyRaw" | "sha256">;
  readonly product: string;
  readonly hardware: number;
  readonly deviceId: Uint8Array;
  readonly keyset: Keyset;
  /** A nonce for freshness; seeded where runs must repeat. */
  random(byteLength: number): Uint8Array;
  fateOf(sequence: number): Fate;
  /** Opens a signed release; a fleet may remember the answer, since all its units are given the same bytes. */
  readonly open?: typeof openRelease;
  /** What it runs as it left the factory: sequence, and the roots of its images by kind. Nothing unless said otherwise. */
  readonly factory?: {
    readonly sequence: number;
    readonly epoch: number;
    readonly roots: ReadonlyMap<number, Uint8Array>;
  };
}

export interface Message {
  readonly name: string;
  readonly payload: Uint8Array;
}

export interface FleetUnit {
  /** The link came up: what it says first. */
  connected(): readonly Message[];
  /** Something came down its topic; `restart` means that it goes off the link and comes up again on its own. */
  heard(name: string, payload: Uint8Array): FleetStep;
  /** What it asks again when nothing came for a while. */
  again(): readonly Message[];
  /** Forgets what isn't in flash. */
  lostPower(): void;
  readonly truth: Truth;
}

/** What an observer beside the unit knows. */
interface Truth {
  readonly sequence: number;
  readonly stage: Stage | undefined;
  /** It fell silent in a trial, for good. */
  readonly isGone: boolean;
  /** Blocks that it was given and found good, in all. */
  readonly blocks: number;
}

/** Blocks of one component, found good so far. */
interface Part {
  fetch: TransferFetch;
  next: number;
}

interface Job {
  readonly release: Release;
  readonly signed: Uint8Array;
  readonly parts: readonly Part[];
  /** Its BEGIN is in flash. */
  isBegun: boolean;
  isHalted: boolean;
  nonce: Uint8Array | undefined;
  stage: Stage;
  fault: Fault | undefined;
  crashes: number;
}

const NOTHING = { says: [], restart: false } as const;
const CRASHES_MAX = 3;
/** No slot is too small for a model. */
const SLOT_BYTES = new Map([0, 1, 2].map((kind) => [kind, Number.POSITIVE_INFINITY]));

export function createFleetUnit(options: FleetUnitOptions): FleetUnit {
  const { crypto, keyset, product, hardware, deviceId } = options;
  const open = options.open ?? openRelease;
  let { sequence, epoch } = options.factory ?? { sequence: 0, epoch: 0 };
  let roots = options.factory?.roots ?? new Map<number, Uint8Array>();
  let job: Job | undefined;
  let verdict: UnitAttempt | undefined;
  let blocks = 0;
  let isGone = false;
  let revoked: number | undefined;
  const rejected: Uint8Array[] = [];

  const attempt = (): UnitAttempt | undefined => {
    if (job === undefined) return verdict;
    const { stage, fault, parts } = job;
    const all = parts.reduce((sum, { fetch }) => sum + fetch.blocks, 0);
    const done = parts.reduce((sum, { next }) => sum + next, 0);
    const percent = stage === "waiting" ? 0 : stage === "fetching" ? (100 * done) / all : 100;
    return { sequence: job.release.sequence, stage, fault, percent };
  };
  const state = (): Message => {
    const said = { sequence, epoch, attempt: attempt(), ...(revoked !== undefined && { revoked }) };
    return { name: UP.state, payload: encodeUnitState(said) };
  };
  const ask = (of: Job): Message => {
    of.nonce = options.random(TIMESTAMP_NONCE_BYTES);
    return { name: UP.ask, payload: of.nonce };
  };
  const partOf = ({ parts }: Job) => parts.find(({ fetch, next }) => next < fetch.blocks);
  const want = (of: Job): readonly Message[] => {
    const part = partOf(of);
    const payload = part && wantBlocks(part.fetch, part.next);
    return payload === undefined ? [] : [{ name: UP.want, payload }];
  };
  const end = (stage: "refused" | "rejected", fault: Fault, of: number): readonly Message[] => {
    verdict = { sequence: of, stage, fault, percent: 0 };
    job = undefined;
    return [state()];
  };

  const refused = (signed: Uint8Array, fault: Fault): readonly Message[] => {
    if (job !== undefined) return [];
    const opened = open(crypto, signed, keyset);
    const of = opened.ok ? opened.value.sequence : 0;
    if (fault === "RELEASE_REJECTED" && verdict?.sequence === of) return [state()];
    return end(fault === "RELEASE_REJECTED" ? "rejected" : "refused", fault, of);
  };
  const offered = (signed: Uint8Array): readonly Message[] => {
    if (job?.stage === "trial") return [];
    if (signed.length === 0) {
      if (job === undefined) return [];
      if (!job.isBegun) return end("refused", "RELEASE_WITHDRAWN", job.release.sequence);
      Object.assign(job, { isHalted: true, nonce: undefined });
      return [];
    }
    if (job !== undefined && equal(job.signed, signed)) {
      if (!job.isHalted) return [];
      job.isHalted = false;
      return [ask(job)];
    }
    const opened = open(crypto, signed, keyset);
    const facts = { product, hardware, slotBytes: SLOT_BYTES, sequence, epoch, timeFloorS: 0, rejected };
    const release = opened.ok ? checkRelease(crypto, opened.value, facts) : opened;
    if (!release.ok) return refused(signed, release.fault);
    const { components, consent } = release.value;
    const parts = components.flatMap((component): Part[] => {
      const root = roots.get(component.kind);
      const transfer = usableTransfer(component, root && { root });
      return transfer === undefined ? [] : [{ fetch: createTransferFetch(transfer), next: 0 }];
    });
    if (parts.length < components.length) return refused(signed, "RELEASE_BASE");
    verdict = undefined;
    job = {
      ...{ release: release.value, signed, parts, isBegun: false, isHalted: false, nonce: undefined },
      ...{ stage: "waiting", fault: undefined, crashes: 0 },
    };
    return consent === "auto" ? [ask(job)] : [state()];
  };

  /** The trial: its fate decides how the unit comes up again. */
  const tryIt = (of: Job): FleetStep => {
    const fate = options.fateOf(of.release.sequence);
    restarted();
    if (fate === "works" || fate === "falls-silent") {
      Object.assign(of, { stage: "trial", fault: undefined });
      isGone = fate === "falls-silent";
    } else {
      const fault = fate === "crashes" ? "TRIAL_CRASH" : "TRIAL_SILENCE";
      of.crashes += fate === "crashes" ? 1 : 0;
      Object.assign(of, { stage: "rolledBack", fault });
      if (of.crashes >= CRASHES_MAX) {
        rejected.push(imagesIdOf(crypto.sha256, of.release));
        end("rejected", fault, of.release.sequence);
      }
    }
    return { says: [], restart: true };
  };
  const confirmed = ({ release }: Job): readonly Message[] => {
    sequence = release.sequence;
    epoch = Math.max(epoch, release.epoch);
    roots = new Map([...roots, ...release.components.map(({ kind, imageRoot }) => [kind, imageRoot] as const)]);
    job = undefined;
    return [state()];
  };

  const fresh = (signed: Uint8Array): FleetStep => {
    if (job?.nonce === undefined) return NOTHING;
    const timestamp = verifyTimestamp(crypto, signed, keyset, { product, nonce: job.nonce, deviceId });
    if (!timestamp.ok) return NOTHING;
    job.nonce = undefined;
    if (job.stage === "trial") return { says: confirmed(job), restart: false };
    const current = checkCurrent(timestamp.value, job.release, releaseIdOf(crypto.sha256, job.signed));
    if (!current.ok) {
      if (!job.isBegun || current.fault === "RELEASE_EXPIRED") {
        return { says: end("refused", current.fault, job.release.sequence), restart: false };
      }
      job.isHalted = true;
      return NOTHING;
    }
    job.isBegun = true;
    const part = partOf(job);
    if (part === undefined) return tryIt(job);
    part.fetch = createTransferFetch(part.fetch.transfer);
    Object.assign(job, { stage: "fetching", fault: undefined });
    return { says: want(job), restart: false };
  };

  const block = (payload: Uint8Array): readonly Message[] => {
    const response = decodeBlockResponse(payload);
    const part = job && partOf(job);
    if (job === undefined || part === undefined || !response.ok || job.isHalted) return [];
    if (response.value.kind === "refused") {
      job.isHalted = response.value.afterS === 0;
      part.fetch.asked.clear();
      return [];
    }
    if (!takeResponse(crypto.sha256, part.fetch, response.value).ok) return [];
    while (giveBlock(part.fetch, part.next) !== undefined) {
      part.next++;
      blocks++;
    }
    if (partOf(job) !== undefined) return want(job);
    job.stage = "verified";
    return [ask(job)];
  };

  /** What lives in RAM is gone; written blocks are found again, since the journal marks them. */
  const restarted = (): void => {
    verdict = undefined;
    revoked = undefined;
    if (job === undefined) return;
    Object.assign(job, { nonce: undefined, isHalted: false });
    for (const part of job.parts) part.fetch = createTransferFetch(part.fetch.transfer);
  };

  return {
    connected() {
      for (const { fetch } of job?.parts ?? []) fetch.asked.clear();
      if (job === undefined || (!job.isBegun && job.release.consent !== "auto")) return [state()];
      job.isHalted = false;
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
      if (job === undefined || job.isHalted) return [];
      if (job.nonce !== undefined) return [ask(job)];
      if (job.stage !== "fetching") return [];
      partOf(job)?.fetch.asked.clear();
      return want(job);
    },
    lostPower() {
      restarted();
      if (job?.stage === "trial") Object.assign(job, { stage: "rolledBack", fault: "TRIAL_POWER" });
      if (job?.isBegun === false) job = undefined;
    },
    get truth() {
      // Its verdict is in RAM, but that it rejected the images is in flash.
      const stage = attempt()?.stage ?? (rejected.length > 0 ? "rejected" : undefined);
      return { sequence, stage, isGone, blocks };
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
