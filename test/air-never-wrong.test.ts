/** A seeded sample of what `latchkey air soak` does in 100,000 runs: nothing that was not sent is ever reported. */
import { afterAll, expect, test } from "vitest";
import { openJudge } from "./bench/air-judge.ts";
import { TRIAL_PROTOCOLS } from "./bench/air-message.ts";
import { soakTrial } from "./bench/air-soak.ts";

const RUNS = 40;
/** A TI message has no check but its own chain: between phones that talk of other things it takes its time. */
const SUCCESS: Readonly<Record<string, number>> = {
  "ti-cc3000-aes": 0.3,
  "ti-cc3200-aes": 0.3,
  "ti-cc3000": 0.7,
  "ti-cc3200": 0.7,
};
const judge = openJudge();
afterAll(() => judge.close());

test.each(TRIAL_PROTOCOLS)(
  "%s: at 40 % loss, iid and in bursts, in quiet and busy rooms, nothing wrong is reported",
  async (protocol) => {
    const { wrong, seconds } = await judge.judge(RUNS, (n) => {
      const loss = n % 3 === 0 ? { rate: 0.4, burstFrames: 8 } : { rate: 0.4 };
      return soakTrial(protocol, loss, 7000, n);
    });
    expect(wrong).toBe(0);
    expect(seconds.length / RUNS).toBeGreaterThan(SUCCESS[protocol] ?? 0.85);
  },
);
