/**
 * The cloud's log on standard error, bounded so that no client can fill a disk with it: lines have a maximum length and
 * hold printable characters only, and lines beyond a rate are counted instead of written.
 */
import { createPace } from "#cloud/rollout/pace.ts";

interface BoundedLog {
  line(text: string): void;
}

const LINE_CHARACTERS_MAX = 300;
/** Lines at once, and milliseconds from one to the next in the long run: at most 9 MB a day. */
const RATE = { burst: 50, everyMs: 3_000 };

/** One printable line of bounded length. */
function printable(text: string): string {
  const head = text.slice(0, LINE_CHARACTERS_MAX);
  const safe = head.replace(/[^\x20-\x7e]/g, "?");
  return text.length > head.length ? `${safe}... (${text.length} characters)` : safe;
}

/**
 * @param write Takes a whole line with its end.
 * @param nowMs A clock that never jumps.
 */
export function createBoundedLog(write: (line: string) => void, nowMs: () => number): BoundedLog {
  const pace = createPace(RATE);
  let leftOut = 0;
  return {
    line(text) {
      if (pace.take("", nowMs()) === undefined) {
        leftOut++;
        return;
      }
      if (leftOut > 0) write(`latchkey cloud: ${leftOut} lines were left out: too many at once\n`);
      leftOut = 0;
      write(`latchkey cloud: ${printable(text)}\n`);
    },
  };
}
