/**
 * Limits of tests that measure a lack of progress instead of total time. A machine may be ten times slower than another,
 * or busy; a program that works still says something from time to time.
 */

/** How long a program under test may show no progress, in milliseconds. */
export const SILENCE_MS = 300_000;

/**
 * Runs an operation that reports its progress.
 * @param run Is given a function to call at each sign of progress.
 * @param describe Says what was waited for and what was seen so far; read when the operation stalls.
 * @returns What the operation returns. Rejects once it has shown no progress for `silenceMs`.
 */
export function whileProgressing<T>(
  run: (progress: () => void) => Promise<T>,
  describe: () => string,
  silenceMs = SILENCE_MS,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout;
    const progress = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(new Error(`no progress for ${silenceMs / 1000} s: ${describe()}`)), silenceMs);
    };
    progress();
    run(progress)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/**
 * Asks again every `everyMs` until the answer is not undefined.
 * @param what What is waited for, for the error.
 */
export function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  everyMs = 100,
  silenceMs = SILENCE_MS,
): Promise<T> {
  return whileProgressing(
    async () => {
      const endMs = performance.now() + silenceMs;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
        await new Promise((done) => setTimeout(done, everyMs));
      }
    },
    () => what,
    silenceMs + 30_000,
  );
}

/**
 * Counts seconds by this process's own timers, which stand still while a busy machine runs others: for what programs of this process
 * do by timers of theirs.
 * @returns The seconds so far; counting stops with the call.
 */
export function ownSeconds(): () => number {
  let seconds = 0;
  const timer = setInterval(() => void seconds++, 1_000);
  return () => {
    clearInterval(timer);
    return seconds;
  };
}
