/** The globals that an app finds beside the language of ES2020. There are no others. */
interface AppConsole {
  debug(...values: readonly unknown[]): void;
  log(...values: readonly unknown[]): void;
  info(...values: readonly unknown[]): void;
  warn(...values: readonly unknown[]): void;
  error(...values: readonly unknown[]): void;
}
/** Lines for whoever debugs the unit; never personal data. */
declare const console: AppConsole;
declare function setTimeout<A extends readonly unknown[]>(
  run: (...args: A) => unknown,
  milliseconds?: number,
  ...args: A
): number;
declare function setInterval<A extends readonly unknown[]>(
  run: (...args: A) => unknown,
  milliseconds?: number,
  ...args: A
): number;
declare function clearTimeout(timer: number | undefined): void;
declare function clearInterval(timer: number | undefined): void;
declare function queueMicrotask(run: () => void): void;
