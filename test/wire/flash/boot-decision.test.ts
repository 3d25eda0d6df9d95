import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { type BootReason, decideBoot } from "#wire/flash/boot-decision.ts";
import { encodeJournalRecord, type JournalRecord, readJournal, writeJournal } from "#wire/flash/journal.ts";
import { appendRecord, type LogRegion, readLog } from "#wire/flash/record-log.ts";
import { flashModel } from "../../powercut/flash-model.ts";

/** Cases that the boot stage in C answers too. Made by this file with LATCHKEY_VECTORS=write, then never changed. */
const PATH = new URL("../../vectors/boot/decision.json", import.meta.url);

interface Vector {
  readonly name: string;
  readonly input: {
    readonly sectorBytes: number;
    readonly writeBytes: number;
    /** Both banks of one sector each, trailing erased bytes left out. */
    readonly banks: readonly [string, string];
    readonly reason: BootReason;
    readonly components: number;
    /** Valid images as "component/slot". */
    readonly valid: readonly string[];
  };
  readonly expect: {
    /** -1: recovery mode. */
    readonly slots: number;
    readonly isTrial: boolean;
    /** What is written first: the bytes and their offset in the region; none when it is not there. */
    readonly write?: { readonly offset: number; readonly bytes: string };
  };
}

const ALL = ["0/0", "0/1", "1/0", "1/1"];
const images = new Uint8Array(16).fill(0xab);
const BEGUN: readonly JournalRecord[] = [
  { kind: "confirmed", sequence: 4, epoch: 1, slots: 0b01 },
  { kind: "begin", images, components: 0b11, sequence: 5, epoch: 1, slots: 0b10 },
  { kind: "sectorDone", component: 0, sectors: 1, block: 0 },
  { kind: "sectorDone", component: 1, sectors: 1, block: 0 },
];
const VERIFIED: readonly JournalRecord[] = [...BEGUN, { kind: "verified" }];
const ARMED: readonly JournalRecord[] = [...VERIFIED, { kind: "trial", crashes: 0, misses: 0 }];
const STARTED: readonly JournalRecord[] = [...ARMED, { kind: "started" }];
const AGAIN: readonly JournalRecord[] = [
  ...STARTED,
  { kind: "ended", end: "crash", crashes: 1, misses: 0 },
  { kind: "trial", crashes: 1, misses: 0 },
];

interface Case {
  readonly records: readonly JournalRecord[];
  readonly reason?: BootReason;
  readonly components?: number;
  readonly valid?: readonly string[];
  readonly writeBytes?: number;
  /** Spoils the written region. */
  readonly spoil?: (region: Uint8Array) => void;
}

const CASES: Readonly<Record<string, Case>> = {
  "a fresh unit starts what the factory confirmed": { records: BEGUN.slice(0, 1) },
  "an erased journal starts slot A of everything": { records: [] },
  "an unfinished fetch changes nothing": { records: BEGUN },
  "verified images wait": { records: VERIFIED },
  "an armed trial starts, and is marked first": { records: ARMED, reason: "update" },
  "a trial starts after a power cut between arming and starting": { records: ARMED },
  "an armed trial whose image does not verify is ended": { records: ARMED, valid: ["0/0", "0/1", "1/0"] },
  "a component that the board lacks is not looked at": { records: ARMED, components: 0b10, valid: ["1/0", "1/1"] },
  "a trial that lost power goes back, uncounted": { records: STARTED, reason: "power" },
  "a trial that was restarted goes back, uncounted": { records: STARTED, reason: "requested" },
  "a trial that crashed goes back, counted": { records: STARTED, reason: "exception" },
  "a trial that met a fault goes back, counted": { records: STARTED, reason: "fault" },
  "a trial that the watchdog ended goes back, uncounted": { records: STARTED, reason: "watchdog" },
  "a trial that ran out of memory goes back, uncounted": { records: STARTED, reason: "out-of-memory" },
  "a second crash is the second": { records: [...AGAIN, { kind: "started" }], reason: "exception" },
  "a second trial starts": { records: AGAIN, reason: "update" },
  "a confirmed update runs": {
    records: [...STARTED, { kind: "confirmed", sequence: 5, epoch: 2, slots: 0b10 }],
    reason: "watchdog",
  },
  "rejected images are left": { records: [...STARTED, { kind: "rejected", images }] },
  "an abandoned job is left": { records: [...ARMED, { kind: "abandoned" }] },
  "a confirmed image that no longer verifies gives way to the other slot": {
    records: BEGUN.slice(0, 1),
    valid: ["0/0", "1/0"],
  },
  "nothing that verifies means recovery": { records: BEGUN.slice(0, 1), valid: ["0/0", "0/1"] },
  "a torn last record does not count": { records: STARTED, spoil: (region) => region.fill(0xff, lastByte(region)) },
  "a torn first word is passed over": {
    records: ARMED,
    spoil: (region) => region.set([0, 0], lastByte(region) + 8 - ((lastByte(region) + 8) % 8)),
  },
  "words of 32 bytes": { records: STARTED, reason: "watchdog", writeBytes: 32 },
  "no room left for the mark: what is confirmed starts": {
    records: [...ARMED, ...Array.from({ length: 200 }, () => ({ kind: "trial", crashes: 0, misses: 0 }) as const)],
    spoil: (region) => region.fill(0, lastByte(region) + 8 - ((lastByte(region) + 8) % 8), region.length / 2),
  },
};

function lastByte(region: Uint8Array): number {
  return region.findLastIndex((byte) => byte !== 0xff);
}

function bankText(bank: Uint8Array): string {
  return toHex(bank.subarray(0, lastByte(bank) + 1));
}

/** The region after these records, as the machine would have left it. */
function regionBytes(region: LogRegion, records: readonly JournalRecord[]): Uint8Array {
  const flash = flashModel({ name: "", ...region }, new Uint8Array(region.bytes).fill(0xff));
  for (const record of records) {
    const journal = readJournal(region, flash.read);
    for (const op of writeJournal(region, flash.read, journal, record).ops) {
      if (op.kind === "flash-erase") flash.eraseSector(op.address);
      else flash.write(op.address, op.bytes);
    }
  }
  return flash.bytes;
}

/** What a boot stage does with a region: the decision, and the write when there is room for it. */
function boot(input: Vector["input"]): Vector["expect"] {
  const bytes = new Uint8Array(2 * input.sectorBytes).fill(0xff);
  input.banks.forEach((bank, i) => {
    bytes.set(fromHex(bank) as Uint8Array, i * input.sectorBytes);
  });
  const region = { start: 0, bytes: bytes.length, sectorBytes: input.sectorBytes, writeBytes: input.writeBytes };
  const journal = readJournal(region, (at, size) => bytes.subarray(at, at + size));
  const facts = {
    reason: input.reason,
    components: input.components,
    isValid: (component: number, slot: number) => input.valid.includes(`${component}/${slot}`),
  };
  const decision = decideBoot(journal.state, facts);
  if (decision.record === undefined) return { slots: decision.slots ?? -1, isTrial: decision.isTrial };
  const plan = writeMark(region, bytes, decision.record);
  if (plan === undefined)
    return { slots: decision.isTrial ? journal.state.confirmed.slots : (decision.slots ?? -1), isTrial: false };
  return { slots: decision.slots ?? -1, isTrial: decision.isTrial, write: plan };
}

function writeMark(region: LogRegion, bytes: Uint8Array, record: JournalRecord) {
  const end = readLog(
    region,
    (at, size) => bytes.subarray(at, at + size),
    () => undefined,
  );
  const raw = encodeJournalRecord(record);
  const change = appendRecord(region, (at, size) => bytes.subarray(at, at + size), end, raw);
  const op = change?.ops[0];
  return op?.kind === "flash-write" ? { offset: op.address, bytes: toHex(op.bytes) } : undefined;
}

function makeVectors(): readonly Vector[] {
  return Object.entries(CASES).map(([name, made]) => {
    const region = { start: 0, bytes: 8192, sectorBytes: 4096, writeBytes: made.writeBytes ?? 1 };
    const bytes = regionBytes(region, made.records);
    made.spoil?.(bytes);
    const input: Vector["input"] = {
      sectorBytes: 4096,
      writeBytes: region.writeBytes,
      banks: [bankText(bytes.subarray(0, 4096)), bankText(bytes.subarray(4096))],
      reason: made.reason ?? "power",
      components: made.components ?? 0b11,
      valid: made.valid ?? ALL,
    };
    return { name, input, expect: boot(input) };
  });
}

if (process.env.LATCHKEY_VECTORS === "write") {
  writeFileSync(PATH, `${JSON.stringify(makeVectors(), null, 1)}\n`);
}

test("the vectors are there and cover every case", () => {
  expect(existsSync(PATH)).toBe(true);
  const names = (JSON.parse(readFileSync(PATH, "utf8")) as Vector[]).map((vector) => vector.name);
  expect(names).toEqual(Object.keys(CASES));
});

for (const vector of JSON.parse(readFileSync(PATH, "utf8")) as Vector[]) {
  test(vector.name, () => {
    expect(boot(vector.input)).toEqual(vector.expect);
  });
}
