/**
 * Runs the maker's code within its bounds: what it throws is caught, what does not come to its end is broken off, and code that is broken
 * off again and again is not run any more.
 * @source docs/adr/0112-an-app-within-bounds.md
 */
import { type Fault, faultNumber, faultText, refuse } from "#base/faults.ts";
import { STACK_MAX } from "#wire/sessions/unit-log.ts";
import { closeAllIo } from "./app-io.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { isOutOfMemory, kindOf, messageOf } from "./app-values.ts";
import { createRateLimit, takeTurn } from "./rate-limit.ts";

/** After code that took longer, the app's timers rest for as long as it took. */
const LONG_MS = 50;
/** An app may be broken off so often at once, and once more each hour; then it is stopped. */
const STRIKES = { burst: 3, everyMs: 3_600_000 };

export const createStrikes = () => createRateLimit(STRIKES, STRIKES);

/** What the maker's code gave; undefined where it did not come to its end, which is reported. */
export type Outcome = { readonly value: unknown } | undefined;

interface Words {
  readonly message: string;
  /** What the maker may see of it, whatever the app wrote into it. */
  readonly kindOfError: string;
  readonly stack: string;
}

interface Bounded {
  /** What it gave, where it came to its end. */
  readonly outcome?: Outcome;
  readonly thrown?: { readonly error: unknown } & Words;
  /** The number of APP_OVERDUE or APP_MEMORY, else 0. */
  readonly broken: number;
}

/** The lines that name functions: some engines begin with the message. */
const stackOf = ({ stack }: Error): string =>
  String(stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n")
    .slice(0, STACK_MAX);

/** What a person needs of something that was thrown: one line, and the engine's lines of where. */
const wordsOf = (error: unknown): Words => ({
  message: messageOf(error),
  kindOfError: kindOf(error),
  stack: error instanceof Error ? stackOf(error) : "",
});

/** Calls the maker's code within its bounds. Text is made of what it throws there, too: that may run the maker's code again. */
function bounded({ port }: AppRuntime, work: () => unknown): Bounded {
  const said: { -readonly [K in keyof Bounded]: Bounded[K] } = { broken: 0 };
  const run = () => {
    try {
      said.outcome = { value: work() };
    } catch (error) {
      said.thrown = { error, ...wordsOf(error) };
    }
  };
  if (port.guard === undefined) run();
  else said.broken = port.guard.run(run);
  return said;
}

interface More {
  readonly isFatal?: boolean;
  readonly kindOfError?: string;
  readonly stack?: string;
}

/** Reports a failure of the app's: in which of its functions, and what. */
export function failed(runtime: AppRuntime, name: string, message: string, fault: Fault, more: More = {}): void {
  runtime.lastFault = fault;
  runtime.tell({ kind: "app-failed", name, message, fault, isFatal: false, ...more });
}

/** Reports code that did not end well. Too much of what the guard broke off stops the app. */
function report(runtime: AppRuntime, name: string, { thrown, broken }: Bounded, isFatal = false): void {
  // An async function that was broken off rejects its promise.
  const isOverdue = broken === faultNumber("APP_OVERDUE") || thrown?.message === "InternalError: interrupted";
  const isShort = broken !== 0 || (thrown !== undefined && isOutOfMemory(thrown.error));
  const fault = isOverdue ? "APP_OVERDUE" : isShort ? "APP_MEMORY" : "APP_THREW";
  const isThrown = fault === "APP_THREW";
  const message = isThrown ? (thrown?.message ?? "") : faultText(fault);
  const { kindOfError = "", stack = "" } = thrown ?? {};
  failed(runtime, name, message, fault, { isFatal, stack, ...(isThrown && { kindOfError }) });
  if (isThrown || isFatal) return;
  if (!takeTurn(runtime.strikes, "", runtime.port.clock.milliseconds())) stopRunning(runtime, fault);
}

/**
 * Reports what a promise of the maker's code was rejected with.
 * @param isTrial As of `guarded`.
 */
export function rejected(runtime: AppRuntime, name: string, error: unknown, isTrial = false): undefined {
  if (isTrial) runtime.crash = { error };
  // It is not thrown again: what broke an async function off can't be caught.
  let words: Words = { message: "", kindOfError: "", stack: "" };
  const { broken } = bounded(runtime, () => {
    words = wordsOf(error);
  });
  report(runtime, name, { thrown: { error, ...words }, broken }, isTrial);
}

/**
 * Runs a piece of the maker's code and reports what goes wrong in it.
 * @param how `isTrial`: what goes wrong ends the run (AppRuntime.crash). `isQuiet`: what it throws is not reported.
 */
export function guarded(
  runtime: AppRuntime,
  name: string,
  work: () => unknown,
  { isTrial = false, isQuiet = false } = {},
): Outcome {
  if (runtime.stopped !== undefined) return undefined;
  const { clock } = runtime.port;
  const fromMs = clock.milliseconds();
  const said = bounded(runtime, work);
  const nowMs = clock.milliseconds();
  if (nowMs - fromMs > LONG_MS) runtime.restUntilMs = nowMs + (nowMs - fromMs);
  if ((said.thrown !== undefined && !isQuiet) || said.broken !== 0) {
    const isFatal = isTrial && said.outcome === undefined;
    if (isFatal) runtime.crash = { error: said.thrown?.error ?? new Error(faultText("APP_OVERDUE")) };
    report(runtime, name, said, isFatal);
  }
  return said.outcome;
}

/** Stops the app: its `stop` is called, then its timers and its hardware are gone, and nothing of it runs any more. */
export function stopRunning(runtime: AppRuntime, why: Fault): void {
  if (runtime.stopped !== undefined) return;
  const { app, io } = runtime;
  runtime.stopped = why;
  bounded(runtime, () => app.stop?.(io as never));
  runtime.timers.length = 0;
  for (const { answer } of [...runtime.owed]) answer(refuse("APP_STOPPED"));
  closeAllIo();
  failed(runtime, "app", faultText("APP_STOPPED"), "APP_STOPPED");
}
