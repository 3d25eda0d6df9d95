/**
 * Decides which image the boot stage starts. It is one pure function, run as it stands by the simulated board and
 * mirrored in C (firmware/boot); test/vectors/boot holds both to the same answers.
 * @source PROTOCOL 8.9
 */
import { endedRecord, type JournalRecord, type JournalState, type TrialEnd } from "./journal.ts";

/** Why the unit starts, as device/port.ts has it. */
export type BootReason = "power" | "requested" | "update" | "fault" | "watchdog" | "out-of-memory" | "exception";

export interface BootFacts {
  readonly reason: BootReason;
  /** Bit k: the board has component k. */
  readonly components: number;
  /** Whether a slot (0 or 1) holds an image of this component that verifies: signature, root, epoch. */
  isValid(component: number, slot: number): boolean;
}

interface BootDecision {
  /** Bit k: the slot of component k that starts; undefined: nothing verifies, start the recovery mode. */
  readonly slots: number | undefined;
  readonly isTrial: boolean;
  /** Written to the journal first. When that fails for want of room, start what is confirmed instead of a trial. */
  readonly record: JournalRecord | undefined;
}

/** How a trial ended that a start for this reason finds begun. In the order in which the boot stage numbers the reasons. */
export const TRIAL_ENDS_BY_REASON: Readonly<Record<BootReason, TrialEnd>> = {
  power: "power",
  // A restart that the trial asked for without ending itself is nobody's fault.
  requested: "power",
  update: "power",
  fault: "crash",
  watchdog: "watchdog",
  "out-of-memory": "outOfMemory",
  exception: "crash",
};

/** A trial gets one start. Whatever ended it, the next start is of what is confirmed; the machine then decides on. */
export function decideBoot(state: JournalState, facts: BootFacts): BootDecision {
  const { job, confirmed } = state;
  const fallback = confirmedSlots(confirmed.slots, facts);
  if (job?.phase === "started") {
    return { slots: fallback, isTrial: false, record: endedRecord(job, TRIAL_ENDS_BY_REASON[facts.reason]) };
  }
  if (job?.phase !== "armed") return { slots: fallback, isTrial: false, record: undefined };
  if (holdsAll(job.slots, facts)) return { slots: job.slots, isTrial: true, record: { kind: "started" } };
  return { slots: fallback, isTrial: false, record: endedRecord(job, "image") };
}

function componentsOf(facts: BootFacts): readonly number[] {
  return [0, 1, 2].filter((component) => ((facts.components >> component) & 1) === 1);
}

function holdsAll(slots: number, facts: BootFacts): boolean {
  return componentsOf(facts).every((component) => facts.isValid(component, (slots >> component) & 1));
}

/** The confirmed slots; where one no longer verifies (worn flash), the other slot's image if that does. */
function confirmedSlots(confirmed: number, facts: BootFacts): number | undefined {
  let slots = 0;
  for (const component of componentsOf(facts)) {
    const slot = (confirmed >> component) & 1;
    const usable = [slot, 1 - slot].find((each) => facts.isValid(component, each));
    if (usable === undefined) return undefined;
    slots |= usable << component;
  }
  return slots;
}
