/** A seeded sample of what `latchkey air soak` does in 100,000 runs: nothing that was not sent is ever reported. */
import { expect, test } from "vitest";
import { openJudge } from "./bench/air-judge.ts";
import type { TrialProtocol } from "./bench/air-trial.ts";

const PROTOCOLS: readonly TrialProtocol[] = ["air", "esptouch-v1", "esptouch-v2", "airkiss"];

test("at 40 % loss, iid and in bursts, among quiet and busy neighbours, nothing wrong is reported", async () => {
  const judge = openJudge();
  try {
    for (const protocol of PROTOCOLS) {
      const { wrong, seconds } = await judge.judge(120, 1, (n) => ({
        protocol,
        payload: n % 2 === 0 ? "fresh" : "short",
        loss: n % 3 === 0 ? { rate: 0.4, burstFrames: 8 } : { rate: 0.4 },
        seed: 7000 + n,
        busy: n % 5 === 0 ? 6 : 1,
      }));
      expect({ protocol, wrong }).toEqual({ protocol, wrong: 0 });
      expect(seconds.length).toBeGreaterThan(90);
    }
  } finally {
    judge.close();
  }
});
