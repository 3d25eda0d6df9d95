/**
 * Tells the maker what the app threw: each time on the console, and to the cloud over the link, four times at once and one
 * every 15 minutes. What ended a trial outlives the restart: the image that runs afterwards tells it.
 */

import { encodeAppFailure } from "#wire/link/app-failure.ts";
import { UP } from "#wire/link/topics.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";
import { createRateLimit, type RateLimit, takeTurn } from "./rate-limit.ts";
import { forget, remember } from "./store/store.ts";

const REPORTS = { burst: 4, everyMs: 900_000 };
/** Reports that wait for the link. */
const WAITING_MAX = 4;

interface ReporterState {
  readonly limit: RateLimit;
  readonly waiting: Uint8Array[];
  isLinked: boolean;
  /** Whether one of those that wait is in flash. */
  isStored: boolean;
  missed: number;
}

type Failed = DeviceEvent & { readonly kind: "app-failed" };

function take(state: ReporterState, release: string, event: Failed, effects: Effect[]): void {
  const { name, message, isFatal } = event;
  effects.push({ kind: "log", text: `app: ${name}: ${message}` });
  if (state.waiting.length === WAITING_MAX || !takeTurn(state.limit, "", event.nowMs)) {
    state.missed++;
    return;
  }
  const payload = encodeAppFailure({ release, name, message, missed: state.missed });
  state.missed = 0;
  state.waiting.push(payload);
  if (!isFatal) return;
  state.isStored = true;
  effects.push(remember("appFailure", payload));
}

function tell(state: ReporterState, effects: Effect[]): void {
  for (const payload of state.waiting.splice(0)) {
    effects.push({ kind: "emit", event: { kind: "publish", topic: UP.failure, payload, retain: false } });
  }
  if (state.isStored) effects.push(forget("appFailure"));
  state.isStored = false;
}

function step(state: ReporterState, release: string, event: DeviceEvent): Step<ReporterState> {
  const effects: Effect[] = [];
  if (event.kind === "start") {
    const { appFailure } = event.facts;
    state.isStored = appFailure !== undefined;
    if (appFailure !== undefined) state.waiting.push(appFailure);
  } else if (event.kind === "link-up") state.isLinked = true;
  else if (event.kind === "link-down") state.isLinked = false;
  else if (event.kind === "app-failed") take(state, release, event, effects);
  // A fatal failure is told by the next start: nothing is sent any more before this one ends.
  const isEnding = event.kind === "app-failed" && event.isFatal;
  if (state.isLinked && state.waiting.length > 0 && !isEnding) tell(state, effects);
  return { state, effects };
}

/** @param release The release as the bundle calls itself. */
export function createAppReporter(release: string): Machine<ReporterState> {
  return {
    name: "app-reporter",
    initial: {
      limit: createRateLimit(REPORTS, REPORTS),
      waiting: [],
      isLinked: false,
      isStored: false,
      missed: 0,
    },
    step: (state, event) => step(state, release, event),
  };
}
