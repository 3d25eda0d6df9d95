/**
 * The part of the contract about milliseconds that pass 2^32, which is 49.7 days after a start, as a program that
 * runs on the board itself. The host starts it a few seconds before. It reports as the rest of the contract does
 * (contract.ts).
 */
import { utf8 } from "#base/utf8.ts";
import type { Port } from "#device/port.ts";
import { createRateLimit, takeTurn } from "#device/rate-limit.ts";
import { acceptTime, startTime, timeAt } from "#trust/time-floor.ts";

const WRAP_MS = 2 ** 32;
const STEP_MS = 250;
/** How far beyond the wrap the clock is followed. */
const AFTER_MS = 1_500;
const RULE = { burst: 1, everyMs: 1_000 };
const SIGNED_S = 1_800_000_000;

/** Runs until shortly after the wrap. */
export function runWrapContract(port: Port): void {
  const say = (text: string) => port.console.write(utf8(`contract ${text}\n`));
  const promise = (name: string, holds: boolean, found: string) => say(`${name} ${holds ? "ok" : `FAILED ${found}`}`);
  const startMs = port.clock.milliseconds();
  if (startMs >= WRAP_MS || startMs < WRAP_MS - 60_000) return say(`start FAILED the clock shows ${startMs} ms`);

  const limit = createRateLimit(RULE, RULE);
  const isFirstTurnGiven = takeTurn(limit, "caller", startMs);
  const isSecondTurnGiven = takeTurn(limit, "caller", startMs);
  const accepted = acceptTime(startTime(undefined, undefined), SIGNED_S, startMs, startMs);
  let lastMs = startMs;
  let dueMs = 0;

  const conclude = (nowMs: number) => {
    const gone = `the clock went from ${startMs} to ${nowMs} ms`;
    promise("time goes on after 2^32 milliseconds", nowMs >= WRAP_MS + AFTER_MS, gone);
    const isRefilled = takeTurn(limit, "caller", nowMs);
    promise("a rate limit refills after 2^32 milliseconds", isFirstTurnGiven && !isSecondTurnGiven && isRefilled, gone);
    const time = accepted.ok ? timeAt(accepted.value, nowMs) : undefined;
    const earliestS = time?.grade === "trusted" ? time.earliestS : 0;
    const least = Math.floor(SIGNED_S + ((WRAP_MS - startMs) / 1000) * 0.99);
    promise(
      "trusted time moves after 2^32 milliseconds",
      earliestS >= least,
      `it is ${earliestS}, and was ${SIGNED_S}`,
    );
    say("end");
  };
  const wait = () => {
    dueMs = lastMs + STEP_MS;
    port.clock.wakeAt(dueMs);
  };
  port.onEvent((event) => {
    if (event.kind !== "timer") return;
    const nowMs = port.clock.milliseconds();
    if (nowMs < dueMs) {
      promise("no timer is early around the wrap", false, `asked for ${dueMs}, came at ${nowMs} ms`);
      return conclude(nowMs);
    }
    lastMs = nowMs;
    if (nowMs >= WRAP_MS + AFTER_MS) return conclude(nowMs);
    wait();
  });
  wait();
}
