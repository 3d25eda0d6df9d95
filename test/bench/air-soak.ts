/**
 * Looks for wrong credentials in very many runs: `npm run -s latchkey -- air soak --runs 100000`. Payloads are drawn
 * afresh for every run; the deciding process never receives them.
 */
import { openJudge } from "./air-judge.ts";
import type { TrialProtocol } from "./air-message.ts";
import type { TrialOptions } from "./air-trial.ts";

/** What else is on the air, in turn: little, busy neighbours, and phones and access points that talk of other things too. */
const ROOMS: readonly NonNullable<TrialOptions["room"]>[] = [
  {},
  { busy: 6 },
  { hearsToDs: true, retryRate: 0.2, chatter: 6, relayed: 30 },
  { hearsToDs: true, retryRate: 0.2, chatter: 12, relayed: 60, qos: true, busy: 3 },
];

/** The n-th onboarding of a soak: short credentials and such of many lengths, in each room. */
export function soakTrial(protocol: TrialProtocol, loss: TrialOptions["loss"], seed: number, n: number): TrialOptions {
  const payload = n % 2 === 0 ? "fresh" : "short";
  return { protocol, payload, loss, seed: seed + n, room: ROOMS[(n >> 1) % ROOMS.length] as TrialOptions["room"] & {} };
}

interface SoakOptions {
  readonly protocol: TrialProtocol;
  readonly runs: number;
  /** Share of frames lost, 0 to below 1. */
  readonly loss: number;
  readonly burstFrames?: number;
  readonly seed: number;
}

interface SoakResult extends SoakOptions {
  readonly success: number;
  readonly wrong: number;
  readonly medianS: number | null;
}

export async function soakAir(options: SoakOptions): Promise<SoakResult> {
  const { protocol, runs, loss, burstFrames, seed } = options;
  const judge = openJudge();
  try {
    const how = { rate: loss, ...(burstFrames === undefined ? {} : { burstFrames }) };
    const verdict = await judge.judge(runs, (n) => soakTrial(protocol, how, seed, n));
    const { seconds, wrong } = verdict;
    const medianS = seconds[Math.floor(seconds.length / 2)] ?? null;
    return { ...options, success: seconds.length / runs, wrong, medianS };
  } finally {
    judge.close();
  }
}
