/**
 * Tells what went wrong in the app: each time on the console, the last crash in flash for whoever holds the config right, and as much as
 * the owner allows to the cloud over the link, four times at once and one every 15 minutes. What ended a trial outlives the restart:
 * the image that runs afterwards tells it.
 * @source docs/adr/0113-lines-and-the-last-crash.md, docs/adr/0114-what-the-maker-sees-of-a-crash.md
 */

import { encodeAppFailure, LINES_MAX, levelOfReport } from "#wire/link/app-failure.ts";
import { UP } from "#wire/link/topics.ts";
import { DIAGNOSTICS, type Diagnostics, encodeAppCrash, isCrash } from "#wire/sessions/unit-log.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";
import { createRateLimit, type RateLimit, takeTurn } from "./rate-limit.ts";
import type { Facts } from "./store/facts.ts";
import { forget, remember } from "./store/store.ts";
import { lastLines } from "./unit-log.ts";

const REPORTS = { burst: 4, everyMs: 900_000 };
/** Crashes that are written to flash. */
const KEPT = { burst: 4, everyMs: 600_000 };
/** Reports that wait for the link. */
const WAITING_MAX = 4;

interface ReporterState {
  /** What the unit remembers, as it changes. */
  facts: Facts | undefined;
  readonly limit: RateLimit;
  readonly waiting: Uint8Array[];
  isLinked: boolean;
  /** Whether one of those that wait is in flash. */
  isStored: boolean;
  missed: number;
  /** The crash that was kept last in this run. */
  crash: string;
  readonly crashes: RateLimit;
}

type Failed = DeviceEvent & { readonly kind: "app-failed" };

function take(state: ReporterState, release: string, event: Failed, effects: Effect[]): void {
  const { name, message, isFatal } = event;
  effects.push({ kind: "log", text: `app: ${name}: ${message}`, level: "error" });
  keepCrash(state, release, event, effects);
  const allowed = levelOf(state);
  if (allowed === 0) return;
  if (state.waiting.length === WAITING_MAX || !takeTurn(state.limit, "", event.nowMs)) {
    state.missed++;
    return;
  }
  const level = DIAGNOSTICS[allowed] as Diagnostics;
  const isAll = level === "all";
  const { kindOfError = message, stack = "", fault } = event;
  const seen = { message: isAll ? message : kindOfError, lines: isAll ? lastLines(LINES_MAX) : "" };
  const payload = encodeAppFailure({ level, release, name, fault, stack, missed: state.missed, ...seen });
  state.missed = 0;
  state.waiting.push(payload);
  if (!isFatal) return;
  state.isStored = true;
  effects.push(remember("appFailure", payload));
}

const levelOf = ({ facts }: ReporterState): number => (facts === undefined ? 0 : diagnosticsOf(facts));

/** Keeps the last crash over power loss. The same one again is written once a run. */
function keepCrash(state: ReporterState, release: string, event: Failed, effects: Effect[]): void {
  const { name, message, stack = "", fault } = event;
  if (!isCrash(fault)) return;
  const crash = `${name} ${message}`;
  if (crash === state.crash || !takeTurn(state.crashes, "", event.nowMs)) return;
  state.crash = crash;
  effects.push(remember("appCrash", encodeAppCrash({ release, name, message, stack, fault })));
}

function tell(state: ReporterState, effects: Effect[]): void {
  for (const payload of state.waiting.splice(0)) {
    if (levelOfReport(payload) > levelOf(state)) continue;
    effects.push({ kind: "emit", event: { kind: "publish", topic: UP.failure, payload, retain: false } });
  }
  if (state.isStored) effects.push(forget("appFailure"));
  state.isStored = false;
}

function step(state: ReporterState, release: string, event: DeviceEvent): Step<ReporterState> {
  const effects: Effect[] = [];
  if (event.kind === "start") {
    const { appFailure } = event.facts;
    state.facts = event.facts;
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
      facts: undefined,
      limit: createRateLimit(REPORTS, REPORTS),
      waiting: [],
      isLinked: false,
      isStored: false,
      missed: 0,
      crash: "",
      crashes: createRateLimit(KEPT, KEPT),
    },
    step: (state, event) => step(state, release, event),
  };
}
