/** The longest credentials of every protocol reach a unit over a lossy air, in virtual time: runner and machine as they ship. */
import { expect, test } from "vitest";
import { AES_KEY, AIR_KEY, isKeyed, TRIAL_PROTOCOLS } from "../../bench/air-message.ts";
import { createTrial } from "../../bench/air-trial.ts";
import { createUnit } from "../../bench/air-unit.ts";

const RUNS = 6;

test.each(TRIAL_PROTOCOLS)("%s: 32 + 63 bytes (TI: 32 + 32) at 30 percent loss join, six of six", (protocol) => {
  const joined: (string | undefined)[] = [];
  const sent: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  for (let seed = 1; seed <= RUNS; seed++) {
    const trial = createTrial({ protocol, payload: "long", loss: { rate: 0.3 }, seed, channels: 3 });
    const { networks, bootedMs, truth } = trial;
    const unit = createUnit({ airKey: AIR_KEY, ...(isKeyed(protocol) ? { aesKey: AES_KEY } : {}), networks, bootedMs });
    for (let frames = trial.next(); frames !== undefined && unit.joined() === undefined; frames = trial.next()) {
      for (const frame of frames) {
        unit.advance(frame.us);
        unit.show(frame);
      }
    }
    const found = unit.joined();
    sent.push(`${truth.protocol} ${text(truth.ssid)} ${text(truth.passphrase)}`);
    joined.push(found && `${found.protocol} ${text(found.ssid)} ${text(found.passphrase)}`);
  }
  expect(joined).toEqual(sent);
});
