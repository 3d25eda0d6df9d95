/** The few globals that an app finds beside the language: timers, microtasks and the console. */

import type { LogLevel } from "#wire/sessions/unit-log.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { addAfter, addEvery, cancelTimer } from "./app-timers.ts";
import { oneLine } from "./app-values.ts";

type Callback = (...args: readonly unknown[]) => unknown;

function words(parts: readonly unknown[]): string {
  return oneLine(parts.map(wordOf).join(" "));
}

function wordOf(part: unknown): string {
  if (typeof part !== "object" || part === null) return String(part);
  if (part instanceof Error) return `${part.name}: ${part.message}`;
  try {
    return JSON.stringify(part);
  } catch {
    return "[object]";
  }
}

/** Names and values that the runtime puts beside the language's own globals. */
export function appGlobals(
  runtime: AppRuntime,
  log: (level: LogLevel, text: string) => void,
): Readonly<Record<string, unknown>> {
  const say =
    (level: LogLevel) =>
    (...parts: readonly unknown[]) =>
      log(level, words(parts));
  const cancel = (id: unknown) => cancelTimer(runtime, id);
  return {
    console: { debug: say("debug"), log: say("info"), info: say("info"), warn: say("warn"), error: say("error") },
    setTimeout: (run: Callback, afterMs = 0, ...args: readonly unknown[]) =>
      addAfter(runtime, "setTimeout", Math.max(0, +afterMs), () => run(...args)),
    setInterval: (run: Callback, everyMs = 0, ...args: readonly unknown[]) =>
      addEvery(runtime, "setInterval", Math.max(10, +everyMs), () => run(...args)),
    clearTimeout: cancel,
    clearInterval: cancel,
    queueMicrotask: (run: Callback) => void Promise.resolve().then(run),
  };
}
