/** Finds the number of idle devices at which one process becomes slow. */

export interface IdleStep {
  readonly devices: number;
  /** Of a PINGREQ over the idle fleet, while all of it pings as often as units do. */
  readonly pingP99Ms: number;
  /** Proven, subscribed and heard connections a second, while the fleet grew to this size. */
  readonly connectsPerS: number;
  /** The server's own time for one of them: unlike the rate, it knows nothing of what else the machine does. */
  readonly connectCpuMs: number;
  /** What the server's memory grew by for each device, its record included. */
  readonly deviceBytes: number;
}

/** So many times worse than the first step is clearly worse. */
export const WORSE = 2;
/** An answer within this time is prompt, however much faster the first step's were. */
const PROMPT_MS = 10;

interface Knee {
  readonly devices: number;
  /** False when every step was as good as the first: the knee then lies beyond the last. */
  readonly isReached: boolean;
}

/** The last step that was about as good as the first. One bad step between good ones is the machine's, not the fleet's. */
export function kneeOf(steps: readonly IdleStep[]): Knee {
  const first = steps[0];
  if (first === undefined) throw new Error("no step was measured");
  const isGood = ({ pingP99Ms, connectsPerS }: IdleStep) =>
    pingP99Ms <= Math.max(PROMPT_MS, WORSE * first.pingP99Ms) && connectsPerS >= first.connectsPerS / WORSE;
  const last = steps.findLastIndex(isGood);
  return { devices: (steps[last] as IdleStep).devices, isReached: last < steps.length - 1 };
}

/** The value that `share` of the values don't exceed; the middle of what every window says, so that one hiccup isn't the figure. */
export function medianQuantile(windows: readonly (readonly number[])[], share: number): number {
  const quantile = (values: readonly number[], of: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(of * sorted.length) - 1)] as number;
  };
  return quantile(
    windows.map((values) => quantile(values, share)),
    0.5,
  );
}
