/** Delivers a release to a unit without its cloud: `latchkey phone deliver`. */
import { toHex } from "#base/bytes.ts";
import { timeoutMsOf } from "#cli/values/duration.ts";
import { OTA_TIMES } from "#device/ota/state.ts";
import { describeUnit, type UnitDescription } from "#phone/describe.ts";
import { recall } from "#phone/memory.ts";
import { addressTowards, serveStreams } from "#phone/serve-streams.ts";
import { readReleaseFile } from "#trust/host/release-file.ts";
import { readLabelLink } from "#wire/grants/card.ts";
import { codeText, openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

/** A unit takes few handshakes a minute. */
const LOOK_MS = 3_000;
/** A trial must run well for so long: cut off before, the unit goes back. */
const STEADY_MS = OTA_TIMES.steadyMs + 3_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Hands a signed release to a unit, serves its blocks, and says what the unit made of it: never more than it says itself. */
export async function deliverRelease(path: string, options: PhoneOptions & { timeout: string }): Promise<void> {
  const timeoutMs = timeoutMsOf("--timeout", options.timeout);
  const file = readReleaseFile(path);
  if (file.signed === undefined) throw new PhoneTrouble(`${path} is not signed; run: latchkey release sign`);
  const { sequence } = file.release;
  const label = readLabelLink(await codeText("label", options.label));
  const known = label.ok ? recall(options.memory, toHex(label.value)) : undefined;
  if (known === undefined) throw new PhoneTrouble("this phone doesn't know where the unit is; onboard it first");
  const endMs = Date.now() + timeoutMs;
  const session = await openUnitSession(options);
  const server = await serveStreams(file.streams);
  try {
    const from = `${await addressTowards(known.host, known.port)}:${server.port}`;
    const answer = await session.request({ op: "carry", signed: file.signed, from });
    await session.close();
    if (!answer.ok) throw new PhoneTrouble(`the unit takes no release from you (${answer.fault})`, answer.fault);
    const verdict = await verdictOn(sequence, options, endMs);
    const servedBytes = server.servedBytes();
    if (verdict === "confirmed") {
      const sentence = `release ${sequence} runs and is confirmed, as the unit says: ${servedBytes} bytes were fetched`;
      return print(options, { sequence, servedBytes, stage: verdict }, sentence);
    }
    const sentence = `release ${sequence} runs on trial: ${servedBytes} bytes were fetched. It is confirmed when its owner's phone opens a session in the next minutes, and goes back otherwise`;
    print(options, { sequence, servedBytes, stage: verdict }, sentence);
  } finally {
    await server.stop();
  }
}

/**
 * Asks the unit again and again what became of a release, also while it restarts. The owner's session is what confirms a trial.
 * @throws PhoneTrouble with the unit's own reason when it refused or rejected the release, or when no verdict came in time.
 */
async function verdictOn(sequence: number, options: PhoneOptions, endMs: number): Promise<"confirmed" | "trial"> {
  let last = "nothing yet";
  let trialSinceMs: number | undefined;
  while (Date.now() < endMs) {
    const description = await lookAgain(options);
    const state = description?.state;
    if (state !== undefined) {
      const { attempt } = state;
      // A release whose signature is nobody's has no number for the unit: what it refused last is what it was just given.
      const isUnread = attempt?.sequence === 0 && attempt.stage === "refused";
      if (attempt !== undefined && (attempt.sequence === sequence || isUnread)) {
        const reason = attempt.fault === undefined ? "" : ` (${attempt.fault})`;
        last = `${attempt.stage}${reason}`;
        if (attempt.stage === "refused" || attempt.stage === "rejected") {
          throw new PhoneTrouble(
            `the unit ${attempt.stage} release ${sequence}${reason}; it runs release ${state.sequence}`,
            attempt.fault,
          );
        }
        if (attempt.stage === "rolledBack") {
          throw new PhoneTrouble(
            `release ${sequence} did not run well${reason}: the unit went back to release ${state.sequence} and tries again later`,
            attempt.fault,
          );
        }
        // Who is no owner confirms nothing: for them it ends once the trial has run well for long enough to be confirmed.
        if (attempt.stage === "trial" && description?.isOwner === false) {
          trialSinceMs ??= Date.now();
          if (Date.now() - trialSinceMs >= STEADY_MS) return "trial";
        }
      } else if (state.sequence === sequence) return "confirmed";
    }
    await pause(LOOK_MS);
  }
  throw new PhoneTrouble(
    `the unit has not said what became of release ${sequence} in time (last: ${last}); look with: latchkey phone describe`,
  );
}

/** What the unit says of itself now; undefined while it cannot be reached. */
async function lookAgain(options: PhoneOptions): Promise<UnitDescription | undefined> {
  try {
    const session = await openUnitSession(options);
    const described = await describeUnit(session);
    await session.close();
    return described.ok ? described.value : undefined;
  } catch (error) {
    if (error instanceof PhoneTrouble) return undefined;
    throw error;
  }
}
