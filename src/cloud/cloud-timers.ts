/** The cloud's periodic work: judges rollouts, ends idle relay sessions, and stores when devices were last heard. */
import type { RelayService } from "#cloud/broker/relay-service.ts";
import type { Core } from "./core.ts";

interface CloudTimersOptions {
  readonly tickMs?: number;
  onFatal(error: unknown): void;
}

const TICK_MS = 1_000;
const HEARD_MS = 5_000;
const MINUTE_MS = 60_000;

/** Starts the timers. @returns Stops them; resolves when the work under way has ended. */
export function startCloudTimers(
  { rollouts, releases, deviceMessages, fleet, queue }: Core,
  relayService: RelayService,
  options: CloudTimersOptions,
): () => Promise<void> {
  const tickMs = options.tickMs ?? TICK_MS;
  const judgeRollouts = async () => {
    const nowMs = Date.now();
    const changed = new Set(await rollouts.tick(nowMs));
    // Maintenance windows open and close on the minute.
    if (nowMs % MINUTE_MS < tickMs) for (const each of releases.all()) changed.add(each.product);
    if (changed.size > 0) await deviceMessages.offerAgain(changed);
  };
  let judging = Promise.resolve();
  const tick = setInterval(() => {
    judging = judging.then(judgeRollouts).catch(options.onFatal);
  }, tickMs);
  const heard = setInterval(() => {
    relayService.sweep(Date.now());
    fleet.flushHeard();
    queue.commit().catch(() => undefined);
  }, HEARD_MS);
  return () => {
    clearInterval(tick);
    clearInterval(heard);
    return judging;
  };
}
