/**
 * Handles an update when flash refuses a write. What the boot stage can't write down, the machine in the confirmed
 * image does; where nobody can, the release is given up, the last good image runs and the maker is told.
 * @source PROTOCOL 8.9
 */
import { TRIAL_ENDS_BY_REASON } from "#wire/flash/boot-decision.ts";
import { endedRecord, type Job, readJournal } from "#wire/flash/journal.ts";
import { readMaker } from "./memory.ts";
import type { OtaState } from "./state.ts";
import { drop, fail, type Ota, record, reject, report } from "./tools.ts";

const FLASH_FAILURES_MAX = 3;

/** A trial that began, and an image that is not the one on trial: writes its end, for the reason of this start. */
export function writeEnd(ota: Ota, state: OtaState, job: Job): Job {
  record(ota, state, endedRecord(job, TRIAL_ENDS_BY_REASON[ota.system.resetReason]));
  return state.journal.state.job as Job;
}

/** A trial that did not begin, since its start could not be written: for want of room, which the next TRIAL makes, or worn. */
export function onUnwrittenStart(ota: Ota, state: OtaState, nowMs: number, job: Job): void {
  if (job.misses >= FLASH_FAILURES_MAX) return reject(ota, state, job, "IMAGE_FLASH");
  fail(ota, state, nowMs, "IMAGE_FLASH");
}

/** What the flash holds is what counts. Flash that still refuses after some tries is worn. */
export function onFlashFailed(ota: Ota, state: OtaState, nowMs: number): void {
  state.maker = ota.facts && readMaker(ota.crypto, ota.facts);
  state.journal = readJournal(ota.log, ota.read);
  const { job } = state.journal.state;
  const isStarted = job?.phase === "started";
  // A trial that can't be confirmed or ended: what is confirmed starts, and writes its end.
  if (isStarted && ota.system.isTrial) return void ota.effects.push({ kind: "restart", reason: "requested" });
  if (state.offer === undefined) return report(ota, state);
  if (isStarted) return reject(ota, state, job, "IMAGE_FLASH");
  if (state.failures < FLASH_FAILURES_MAX) return fail(ota, state, nowMs, "IMAGE_FLASH");
  drop(ota, state, "refused", "IMAGE_FLASH", state.offer.release.sequence);
}
