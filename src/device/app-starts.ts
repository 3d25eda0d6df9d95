/**
 * Counts the starts that the app did not survive, in flash: one that keeps failing is left stopped, so that the runtime lives and takes
 * an update that mends it. A start counts as bad when it threw or was broken off, and when the run crashed within its first ten minutes.
 * @source docs/adr/0112-an-app-within-bounds.md
 */
import { type Fault, faultNumber, faultOf, faultText } from "#base/faults.ts";
import { failed, stopRunning } from "./app-guard.ts";
import type { AppRuntime } from "./app-runtime.ts";
import type { ResetReason } from "./port.ts";
import { forget, performStore, remember } from "./store/store.ts";

const BAD_MAX = 3;
const GOOD_MS = 600_000;
/** A trial's starts are counted by the boot stage: its crash is none of the image's that runs after it. */
const TRIAL = -1;

/** Ends of a run that nobody wanted, and what the app probably did. */
const CRASHES: Partial<Record<ResetReason, Fault>> = {
  exception: "APP_THREW",
  watchdog: "APP_OVERDUE",
  "out-of-memory": "APP_MEMORY",
};
/** After these the app is started once more however often it failed: somebody was there, or it is another app. */
const ASKED: readonly ResetReason[] = ["power", "requested", "update"];

function count(runtime: AppRuntime, bad: number, fault?: Fault): void {
  const { store } = runtime;
  const before = store.facts.appStarts;
  // Nothing may be written before a resale that is on its way (gate/owner.ts).
  if (before?.[0] === bad || store.facts.resale !== undefined) return;
  performStore(store, "app", remember("appStarts", [bad, fault === undefined ? 0 : faultNumber(fault)]));
}

/** Looks at how the run before ended. @returns Whether the app is to be started now; it is stopped otherwise. */
export function mayStart(runtime: AppRuntime): boolean {
  const { store, port } = runtime;
  const { isTrial, resetReason } = port.system;
  if (isTrial) count(runtime, TRIAL);
  const crash = isTrial ? undefined : CRASHES[resetReason];
  let [bad, why] = store.facts.appStarts ?? [0, 0];
  if (crash !== undefined) {
    bad++;
    why = faultNumber(crash);
    count(runtime, bad, crash);
    if (bad > 0) failed(runtime, "run", `ended by ${resetReason}, ${faultText(crash)}`, crash);
  }
  if (store.facts.appStarts !== undefined) runtime.goodAtMs = port.clock.milliseconds() + GOOD_MS;
  if (bad < BAD_MAX || ASKED.includes(resetReason)) return true;
  stopRunning(runtime, faultOf(why) ?? "APP_THREW");
  runtime.goodAtMs = Number.POSITIVE_INFINITY;
  return false;
}

/** The app's start threw or was broken off. */
export function startFailed(runtime: AppRuntime, fault: Fault): void {
  const bad = Math.max(0, runtime.store.facts.appStarts?.[0] ?? 0) + 1;
  count(runtime, bad, fault);
  runtime.goodAtMs = Number.POSITIVE_INFINITY;
  if (bad >= BAD_MAX) stopRunning(runtime, fault);
}

/**
 * Forgets bad starts once this one has turned out well.
 * @param isOver The run ends as it should: it is good however short, as that of a sensor that sleeps.
 */
export function forgetBadStarts(runtime: AppRuntime, isOver = false): void {
  const { store, port, goodAtMs } = runtime;
  const isGood = isOver ? goodAtMs < Number.POSITIVE_INFINITY : goodAtMs <= port.clock.milliseconds();
  if (!isGood || store.facts.resale !== undefined) return;
  runtime.goodAtMs = Number.POSITIVE_INFINITY;
  if (runtime.stopped === undefined) performStore(store, "app", forget("appStarts"));
}
