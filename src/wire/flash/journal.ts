/**
 * The update journal: which slots run, what is being written, how a trial stands. One record switches all components
 * of a release together. The device machine writes it; the boot stage reads it and adds STARTED and ENDED.
 * @source PROTOCOL 8.8
 */
import { equal, viewOf } from "#base/bytes.ts";
import {
  appendRecord,
  compactLog,
  encodeLog,
  type FlashOp,
  freeLogBytes,
  type LogEnd,
  type LogRecord,
  type LogRegion,
  type ReadFlash,
  readLog,
  recordBytesOf,
} from "./record-log.ts";

/** Kinds of records; numbers are the format's. */
export const JOURNAL_KIND = {
  confirmed: 1,
  begin: 2,
  sectorDone: 3,
  verified: 4,
  trial: 5,
  started: 6,
  ended: 7,
  rejected: 8,
  abandoned: 9,
} as const;

/** Why a trial ended without CONFIRMED; numbers are the format's. */
export const TRIAL_END = {
  silence: 1,
  power: 2,
  crash: 3,
  watchdog: 4,
  selfTest: 5,
  outOfMemory: 6,
  image: 7,
} as const;
export type TrialEnd = keyof typeof TRIAL_END;

/** Ends that speak against the image. Silence, lost power, a busy unit or a full memory may be somebody's doing. */
export const CRASHES: ReadonlySet<TrialEnd> = new Set(["crash", "selfTest", "image"]);
/** So many crashes, and the images are never fetched again. */
export const CRASHES_MAX = 3;

export const IMAGES_ID_BYTES = 16;
/** Rejected images that are remembered; the oldest is forgotten first. */
const REJECTED_MAX = 8;
/** Components a release can have: bit k of `components` and `slots` is for component k (wire/releases/release.ts). */
const COMPONENTS_MAX = 3;
/** Room that is kept before a trial, so that the boot stage never needs to compact. */
const BOOT_RECORDS = 8;

interface Confirmed {
  readonly sequence: number;
  readonly epoch: number;
  /** Bit k: the slot (0 is A, 1 is B) of component k. */
  readonly slots: number;
}

export interface Progress {
  /** Whole flash sectors of the slot that are written and read back. */
  readonly sectors: number;
  /** The transfer's block in which the next sector begins. */
  readonly block: number;
}

export interface Job extends Confirmed {
  /** Names the images (imagesIdOf in wire/releases/release.ts). */
  readonly images: Uint8Array;
  /** Bit k: component k is being replaced; `slots` already says where to. */
  readonly components: number;
  readonly phase: "fetching" | "verified" | "armed" | "started";
  readonly progress: readonly Progress[];
  readonly crashes: number;
  /** Trials that ended by silence or power loss. */
  readonly misses: number;
  readonly lastEnd: TrialEnd | undefined;
}

export interface JournalState {
  readonly confirmed: Confirmed;
  readonly job: Job | undefined;
  readonly rejected: readonly Uint8Array[];
}

export type JournalRecord =
  | ({ readonly kind: "confirmed" } & Confirmed)
  | ({ readonly kind: "begin"; readonly images: Uint8Array; readonly components: number } & Confirmed)
  | ({ readonly kind: "sectorDone"; readonly component: number } & Progress)
  | { readonly kind: "verified" }
  /** The next start tries the new images. Carries what earlier trials of this job came to, so that compaction keeps it. */
  | { readonly kind: "trial"; readonly crashes: number; readonly misses: number }
  | { readonly kind: "started" }
  | { readonly kind: "ended"; readonly end: TrialEnd; readonly crashes: number; readonly misses: number }
  | { readonly kind: "rejected"; readonly images: Uint8Array }
  | { readonly kind: "abandoned" };

export interface Journal {
  readonly state: JournalState;
  readonly end: LogEnd;
}

const NO_PROGRESS: readonly Progress[] = Array.from({ length: COMPONENTS_MAX }, () => ({ sectors: 0, block: 0 }));
const EMPTY: JournalState = { confirmed: { sequence: 0, epoch: 0, slots: 0 }, job: undefined, rejected: [] };

/** Reads a journal; records that this version doesn't know are passed over. */
export function readJournal(region: LogRegion, read: ReadFlash): Journal {
  let state = EMPTY;
  const end = readLog(region, read, (raw) => {
    const record = decodeJournalRecord(raw);
    if (record !== undefined) state = applyRecord(state, record);
  });
  return { state, end };
}

/** Adds a record: the operations to perform in order, and the journal after them. Compacts when there is no room. */
export function writeJournal(
  region: LogRegion,
  read: ReadFlash,
  journal: Journal,
  record: JournalRecord,
): { readonly journal: Journal; readonly ops: readonly FlashOp[] } {
  const state = applyRecord(journal.state, record);
  const raw = encodeJournalRecord(record);
  const reserve = record.kind === "trial" ? BOOT_RECORDS * recordBytesOf(region, 3) : 0;
  const hasRoom = freeLogBytes(region, journal.end) >= recordBytesOf(region, raw.payload.length) + reserve;
  const appended = hasRoom ? appendRecord(region, read, journal.end, raw) : undefined;
  const change = appended ?? compactLog(region, journal.end, snapshotOf(state).map(encodeJournalRecord));
  // A snapshot is at most some 400 bytes: it fits every sector that the board schema allows.
  if (change === undefined) throw new RangeError("a journal's bank holds a snapshot");
  return { journal: { state, end: change.end }, ops: change.ops };
}

/** What a factory writes: the given slots confirmed, nothing in hand. */
export function encodeJournal(region: LogRegion, confirmed: Confirmed): Uint8Array | undefined {
  return encodeLog(region, [encodeJournalRecord({ kind: "confirmed", ...confirmed })]);
}

/** The state after one more record. Records that make no sense where they stand change nothing. */
function applyRecord(state: JournalState, record: JournalRecord): JournalState {
  const job = state.job;
  const withJob = (change: Partial<Job>): JournalState =>
    job === undefined ? state : { ...state, job: { ...job, ...change } };
  switch (record.kind) {
    case "confirmed": {
      const { sequence, epoch, slots } = record;
      return { ...state, confirmed: { sequence, epoch, slots }, job: undefined };
    }
    case "begin": {
      const { kind: _, ...begun } = record;
      const fresh = { phase: "fetching", progress: NO_PROGRESS, crashes: 0, misses: 0, lastEnd: undefined } as const;
      return { ...state, job: { ...begun, ...fresh } };
    }
    case "sectorDone":
      return withJob({
        phase: "fetching",
        progress: (job?.progress ?? NO_PROGRESS).map((each, component) =>
          component === record.component ? { sectors: record.sectors, block: record.block } : each,
        ),
      });
    case "verified":
      return withJob({ phase: "verified" });
    case "trial":
      return withJob({ phase: "armed", crashes: record.crashes, misses: record.misses });
    case "started":
      return withJob({ phase: "started" });
    case "ended":
      return withJob({ phase: "verified", lastEnd: record.end, crashes: record.crashes, misses: record.misses });
    case "rejected":
      return {
        ...state,
        job: undefined,
        rejected: [...state.rejected.filter((each) => !equal(each, record.images)), record.images].slice(-REJECTED_MAX),
      };
    case "abandoned":
      return { ...state, job: undefined };
  }
}

/** The ENDED record of a job's trial, with the counts brought forward. */
export function endedRecord(job: Job, end: TrialEnd): JournalRecord {
  const isCrash = CRASHES.has(end);
  return {
    kind: "ended",
    end,
    crashes: Math.min(255, job.crashes + (isCrash ? 1 : 0)),
    misses: Math.min(255, job.misses + (isCrash ? 0 : 1)),
  };
}

/** The fewest records that give this state. */
function snapshotOf(state: JournalState): readonly JournalRecord[] {
  const { confirmed, job, rejected } = state;
  const records: JournalRecord[] = rejected.map((images) => ({ kind: "rejected", images }));
  records.push({ kind: "confirmed", ...confirmed });
  if (job === undefined) return records;
  const { images, components, sequence, epoch, slots, crashes, misses, lastEnd } = job;
  records.push({ kind: "begin", images, components, sequence, epoch, slots });
  job.progress.forEach((progress, component) => {
    if (progress.sectors > 0) records.push({ kind: "sectorDone", component, ...progress });
  });
  if (job.phase !== "fetching") records.push({ kind: "verified" });
  if (lastEnd !== undefined) records.push({ kind: "ended", end: lastEnd, crashes, misses });
  if (job.phase === "armed" || job.phase === "started") records.push({ kind: "trial", crashes, misses });
  if (job.phase === "started") records.push({ kind: "started" });
  return records;
}

/** @source PROTOCOL 8.8: fixed fields, little-endian. */
export function encodeJournalRecord(record: JournalRecord): LogRecord {
  const kind = JOURNAL_KIND[record.kind];
  switch (record.kind) {
    case "confirmed":
      return { kind, payload: releaseFields(record, 9) };
    case "begin": {
      const payload = releaseFields(record, 10 + IMAGES_ID_BYTES);
      payload[9] = record.components;
      payload.set(record.images, 10);
      return { kind, payload };
    }
    case "sectorDone": {
      const payload = new Uint8Array(5);
      payload[0] = record.component;
      viewOf(payload).setUint16(1, record.sectors, true);
      viewOf(payload).setUint16(3, record.block, true);
      return { kind, payload };
    }
    case "trial":
      return { kind, payload: Uint8Array.of(record.crashes, record.misses) };
    case "ended":
      return { kind, payload: Uint8Array.of(TRIAL_END[record.end], record.crashes, record.misses) };
    case "rejected":
      return { kind, payload: record.images };
    case "verified":
    case "started":
    case "abandoned":
      return { kind, payload: new Uint8Array(0) };
  }
}

/** sequence u32, epoch u32, slots u8, then what the record adds. */
function releaseFields(confirmed: Confirmed, byteLength: number): Uint8Array {
  const payload = new Uint8Array(byteLength);
  viewOf(payload).setUint32(0, confirmed.sequence, true);
  viewOf(payload).setUint32(4, confirmed.epoch, true);
  payload[8] = confirmed.slots;
  return payload;
}

const KINDS = new Map(
  Object.entries(JOURNAL_KIND).map(([name, number]) => [number as number, name as JournalRecord["kind"]]),
);
const ENDS = new Map(Object.entries(TRIAL_END).map(([name, number]) => [number as number, name as TrialEnd]));
const PAYLOAD_BYTES: Readonly<Record<JournalRecord["kind"], number>> = {
  confirmed: 9,
  begin: 10 + IMAGES_ID_BYTES,
  sectorDone: 5,
  verified: 0,
  trial: 2,
  started: 0,
  ended: 3,
  rejected: IMAGES_ID_BYTES,
  abandoned: 0,
};

/** The record of these bytes, or undefined for one of another kind or length. */
function decodeJournalRecord({ kind: number, payload }: LogRecord): JournalRecord | undefined {
  const kind = KINDS.get(number);
  if (kind === undefined || payload.length !== PAYLOAD_BYTES[kind]) return undefined;
  const view = viewOf(payload);
  const byte = (at: number) => payload[at] as number;
  const release = () => ({ sequence: view.getUint32(0, true), epoch: view.getUint32(4, true), slots: byte(8) });
  switch (kind) {
    case "confirmed":
      return { kind, ...release() };
    case "begin":
      return { kind, ...release(), components: byte(9), images: payload.slice(10) };
    case "sectorDone":
      return { kind, component: byte(0), sectors: view.getUint16(1, true), block: view.getUint16(3, true) };
    case "trial":
      return { kind, crashes: byte(0), misses: byte(1) };
    case "ended": {
      const end = ENDS.get(byte(0));
      return end === undefined ? undefined : { kind, end, crashes: byte(1), misses: byte(2) };
    }
    case "rejected":
      return { kind, images: payload.slice() };
    case "verified":
    case "started":
    case "abandoned":
      return { kind };
  }
}
