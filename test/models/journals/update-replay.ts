/** Repeats a run of update.pml with the journal and the boot decision of the code, over modelled flash. */

import type { Effect } from "#device/machine.ts";
import { begin } from "#device/ota/install.ts";
import type { Offer } from "#device/ota/memory.ts";
import type { OtaState } from "#device/ota/state.ts";
import type { Ota } from "#device/ota/tools.ts";
import { performOp } from "#device/settings.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type BootReason, decideBoot } from "#wire/flash/boot-decision.ts";
import {
  type JournalRecord,
  type JournalState,
  readJournal,
  type TrialEnd,
  writeJournal,
} from "#wire/flash/journal.ts";
import { flashModel } from "../../powercut/flash-model.ts";

const SECTOR_BYTES = 4096;
const REGION = { start: 0, bytes: 2 * SECTOR_BYTES, sectorBytes: SECTOR_BYTES, writeBytes: 1 };
const REASONS: readonly BootReason[] = ["power", "update", "fault"];
const PHASES = ["none", "fetching", "verified", "armed", "started"];
const ENDS = new Map<string, TrialEnd>([["endedSilence", "silence"]]);

interface UpdateReplay {
  /** At each start: the slot, and whether it is a trial. As the model says it, and as the code decides. */
  readonly starts: readonly { readonly model: string; readonly code: string; readonly isValid: boolean }[];
  /** The journal right after each beginning. */
  readonly begun: readonly JournalState[];
  /** At each STATE: phase, confirmed slot, crashes, misses. */
  readonly states: readonly { readonly model: string; readonly code: string }[];
}

export function replayUpdate(lines: readonly string[]): UpdateReplay {
  const flash = flashModel(
    { name: "nor", sectorBytes: SECTOR_BYTES, writeBytes: 1 },
    new Uint8Array(REGION.bytes).fill(0xff),
  );
  const read = (address: number, byteLength: number) => flash.read(address, byteLength);
  const write = (record: JournalRecord) => {
    for (const op of writeJournal(REGION, read, readJournal(REGION, read), record).ops) performOp(flash, op);
  };
  const starts: { model: string; code: string; isValid: boolean }[] = [];
  const states: { model: string; code: string }[] = [];
  const begun: JournalState[] = [];
  let sequence = 1;
  let decided = { code: "", isValid: false };
  let isStarting = false;
  write({ kind: "confirmed", sequence, epoch: 0, slots: 0 });

  const recordOf = (name: string): JournalRecord => {
    const { job } = readJournal(REGION, read).state;
    const counts = { crashes: job?.crashes ?? 0, misses: job?.misses ?? 0 };
    const images = new Uint8Array(16).fill(sequence);
    if (name === "sectorDone") {
      return { kind: "sectorDone", component: 0, sectors: (job?.progress[0]?.sectors ?? 0) + 1, block: 0 };
    }
    if (name === "verified") return { kind: "verified" };
    if (name === "trial") return { kind: "trial", ...counts, misses: counts.misses + (job?.phase === "armed" ? 1 : 0) };
    if (name === "confirmedNow") return { kind: "confirmed", sequence, epoch: 0, slots: job?.slots ?? 0 };
    if (name === "rejected") return { kind: "rejected", images };
    const end = ENDS.get(name);
    if (end === undefined) throw new Error(`the model says ${name}, which is no record`);
    return { kind: "ended", end, ...counts, misses: counts.misses + 1 };
  };

  /** The update machine's own beginning, which chooses the slot. */
  const beginUpdate = () => {
    sequence++;
    const component = { kind: 0, imageBytes: 1, imageRoot: new Uint8Array(16).fill(sequence), transfers: [] };
    const release = { sequence, epoch: 0, components: [component] };
    const ota = { crypto: nodePrimitives, log: REGION, read, effects: [] as Effect[] };
    const state = { journal: readJournal(REGION, read) };
    begin(ota as unknown as Ota, state as OtaState, { release, isCarried: false } as unknown as Offer);
    for (const effect of ota.effects) {
      if (effect.kind === "flash-erase" || effect.kind === "flash-write") performOp(flash, effect);
    }
    begun.push(readJournal(REGION, read).state);
  };

  for (const line of lines) {
    const [word, a = "", b, c] = line.split(" ");
    if (word === "START") {
      isStarting = true;
      const valid = [b === "1", c === "1"];
      const isValid = (_: number, slot: number) => valid[slot] === true;
      const { slots, isTrial, record } = decideBoot(readJournal(REGION, read).state, {
        ...{ reason: REASONS[Number(a)] ?? "power", components: 1, isValid },
      });
      if (record !== undefined) write(record);
      decided = { code: `${slots} ${isTrial ? 1 : 0}`, isValid: slots !== undefined && isValid(0, slots) };
    } else if (word === "BOOT") {
      starts.push({ model: `${a} ${b}`, ...decided });
      isStarting = false;
    } else if (word === "RECORD" && !isStarting) {
      // What the boot stage records, the code has decided by itself above.
      if (a !== "begin") write(recordOf(a));
      else beginUpdate();
    } else if (word === "STATE") {
      const { confirmed, job } = readJournal(REGION, read).state;
      const phase = PHASES.indexOf(job?.phase ?? "none");
      const counts = job === undefined ? "" : ` ${job.crashes} ${job.misses}`;
      const [modelPhase, slot, crashes, misses] = line.slice(6).split(" ");
      states.push({
        model: `${modelPhase} ${slot}${modelPhase === "0" ? "" : ` ${crashes} ${misses}`}`,
        code: `${phase} ${confirmed.slots}${counts}`,
      });
    }
  }
  return { starts, states, begun };
}
