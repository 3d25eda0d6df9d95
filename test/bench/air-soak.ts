/**
 * Looks for wrong credentials in very many runs: `npm run -s latchkey -- air soak --runs 100000`. Payloads are drawn
 * afresh for every run; the deciding process never receives them.
 */
import { openJudge } from "./air-judge.ts";
import type { TrialProtocol } from "./air-trial.ts";

export interface SoakOptions {
  readonly protocol: TrialProtocol;
  readonly runs: number;
  /** Share of frames lost, 0 to below 1. */
  readonly loss: number;
  readonly burstFrames?: number;
  readonly seed: number;
}

export interface SoakResult extends SoakOptions {
  readonly success: number;
  readonly wrong: number;
  readonly medianS: number | null;
}

export async function soakAir(options: SoakOptions): Promise<SoakResult> {
  const { protocol, runs, loss, burstFrames, seed } = options;
  const judge = openJudge();
  try {
    const verdict = await judge.judge(runs, 1, (n) => ({
      protocol,
      payload: n % 2 === 0 ? "fresh" : "short",
      loss: { rate: loss, ...(burstFrames === undefined ? {} : { burstFrames }) },
      seed: seed + n,
    }));
    const { seconds, wrong } = verdict;
    const medianS = seconds[Math.floor(seconds.length / 2)] ?? null;
    return { ...options, success: seconds.length / runs, wrong, medianS };
  } finally {
    judge.close();
  }
}
