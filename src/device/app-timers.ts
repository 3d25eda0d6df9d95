/** The app's timers: after a while, every so often, or at a time of day. They end with the run. */
import { type Zone, zoneOffsetS } from "#codec/posix-tz.ts";
import { type AppTime, appTime } from "./app-clock.ts";
import type { AppRuntime, AppTimer } from "./app-runtime.ts";

/** Timers at once: each takes memory. */
const TIMERS_MAX = 32;
/** Between two runs of a timer: a shorter one would leave no time for anything else. */
const EVERY_MIN_MS = 10;
const LONGEST_MS = 2 ** 40;
/** A timer of a time of day is looked at so often, whatever happens to clock and zone meanwhile. */
const LOOK_MS = 3_600_000;
const DAY_S = 86_400;
/** Timers are looked at each hour, and summer time makes two of it: a longer step is a clock that was set. */
const JUMP_S = 3 * 3_600;

function milliseconds(value: number, least: number, what: string): number {
  if (!(value >= least && value <= LONGEST_MS)) {
    throw new RangeError(`${what}: ${String(value)} milliseconds (expected ${least} to ${LONGEST_MS})`);
  }
  return value;
}

function add(runtime: AppRuntime, timer: Omit<AppTimer, "id">): number {
  if (runtime.timers.length >= TIMERS_MAX) throw new RangeError(`more than ${TIMERS_MAX} timers at once`);
  const id = ++runtime.timerId;
  runtime.timers.push({ id, ...timer });
  runtime.arm();
  return id;
}

/** Runs once, `afterMs` from now. @returns The number to cancel it by. */
export function addAfter(runtime: AppRuntime, name: string, afterMs: number, run: () => unknown): number {
  const dueMs = runtime.port.clock.milliseconds() + milliseconds(afterMs, 0, name);
  return add(runtime, { name, run, dueMs });
}

/** Runs every `everyMs`, first `everyMs` from now. An async run that takes longer leaves the next ones out. */
export function addEvery(runtime: AppRuntime, name: string, everyMs: number, run: () => unknown): number {
  const dueMs = runtime.port.clock.milliseconds() + milliseconds(everyMs, EVERY_MIN_MS, name);
  return add(runtime, { name, run, dueMs, everyMs });
}

/** Runs at a time of day where the unit is, "07:30" or "07:30:15", as soon as time and zone are known. */
export function addAt(runtime: AppRuntime, time: string, run: () => unknown): number {
  const [, hours = "", minutes = "", seconds = "0"] = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(time) ?? [];
  const ofDayS = parts(hours, 23) * 3600 + parts(minutes, 59) * 60 + parts(seconds, 59);
  if (Number.isNaN(ofDayS)) throw new RangeError(`at: "${time}" (expected a time of day such as "07:30")`);
  const nowMs = runtime.port.clock.milliseconds();
  const seenS = localS(runtime, nowMs);
  const timer = { name: "at", run, dueMs: 0, ofDayS, seenS };
  return add(runtime, { ...timer, dueMs: nextLookMs(timer, nowMs) });
}

function parts(text: string, max: number): number {
  const value = text === "" ? Number.NaN : +text;
  return value <= max ? value : Number.NaN;
}

export function cancelTimer({ timers }: AppRuntime, id: unknown): void {
  const place = timers.findIndex((timer) => timer.id === id);
  if (place >= 0) timers.splice(place, 1);
}

/** When the next timer is due, in board milliseconds. */
export function nextTimerMs({ timers }: AppRuntime): number {
  return timers.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY);
}

/** Seconds since 1970 by the clock on the wall where the unit is; undefined while time or zone is not known. */
function localS({ clock, store }: AppRuntime, nowMs: number): number | undefined {
  const time: AppTime = appTime(clock, nowMs);
  const zone: Zone | undefined = store.facts.zone?.zone;
  if (time.seconds === undefined || time.grade === "floor" || zone === undefined) return undefined;
  return time.seconds + zoneOffsetS(zone, time.seconds);
}

function nextLookMs({ ofDayS = 0, seenS }: Pick<AppTimer, "ofDayS" | "seenS">, nowMs: number): number {
  if (seenS === undefined) return nowMs + LOOK_MS;
  const leftS = DAY_S - ((((seenS - ofDayS) % DAY_S) + DAY_S) % DAY_S);
  return nowMs + Math.min(LOOK_MS, leftS * 1_000);
}

/** Whether a timer's time of day went by since it was last looked at; once for each day, whatever the zone's summer time does. */
function isTimeOfDay(timer: AppTimer, nowS: number | undefined): boolean {
  const { seenS, ofDayS = 0 } = timer;
  const isBack = nowS !== undefined && seenS !== undefined && nowS <= seenS;
  // An hour back is the end of summer time, and has been seen before; more is another time.
  if (isBack && seenS - nowS < 2 * 3600) return false;
  timer.seenS = nowS;
  const isElsewhere = nowS !== undefined && seenS !== undefined && nowS - seenS > JUMP_S;
  if (isBack || isElsewhere || nowS === undefined || seenS === undefined) return false;
  return Math.floor((nowS - ofDayS) / DAY_S) > Math.floor((seenS - ofDayS) / DAY_S);
}

/** Looks at timers of times of day anew: the unit learned what time it is, or where. */
export function lookAgain(runtime: AppRuntime): void {
  for (const timer of runtime.timers) if (timer.ofDayS !== undefined) timer.dueMs = 0;
}

/** The timer that is due first, set to when it is due next or, where it runs once, taken off; none while the app rests. */
export function takeNext(runtime: AppRuntime): AppTimer | undefined {
  const nowMs = runtime.port.clock.milliseconds();
  if (nowMs < runtime.restUntilMs) return undefined;
  for (const timer of [...runtime.timers].sort((one, other) => one.dueMs - other.dueMs)) {
    if (timer.dueMs > nowMs) return undefined;
    if (timer.ofDayS !== undefined) {
      const isNow = isTimeOfDay(timer, localS(runtime, nowMs));
      timer.dueMs = nextLookMs(timer, nowMs);
      if (!isNow) continue;
    } else if (timer.everyMs === undefined) cancelTimer(runtime, timer.id);
    else timer.dueMs = Math.max(timer.dueMs + timer.everyMs, nowMs + EVERY_MIN_MS);
    if (timer.isBusy !== true) return timer;
  }
  return undefined;
}
