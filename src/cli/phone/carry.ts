/** Brings a release to a unit without its cloud: `latchkey phone carry`. */
import { toHex } from "#base/bytes.ts";
import { readReleaseFile } from "#cloud/releases/release-file.ts";
import { OTA_TIMES } from "#device/ota/state.ts";
import { addressTowards, serveStreams } from "#phone/carry.ts";
import { recall } from "#phone/memory.ts";
import { readLabelLink } from "#wire/grants/card.ts";
import { codeText, openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

/** A unit that asks for nothing more for so long has all that it wants, or starts anew with it. */
const QUIET_MS = 6_000;
const LOOK_MS = 250;
/** From the last block to the end of the time in which a trial must run well: cut off before, the unit goes back. */
const STEADY_MS = OTA_TIMES.steadyMs + 3_000;
const REOPEN_MS = 2_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Hands a signed release to a unit, serves its blocks, and opens a session again when the unit runs it. */
export async function carryRelease(path: string, options: PhoneOptions & { timeout: number }): Promise<void> {
  const file = readReleaseFile(path);
  if (file.signed === undefined) throw new PhoneTrouble(`${path} is not signed; run: latchkey release sign`);
  const { sequence } = file.release;
  const label = readLabelLink(await codeText("label", options.label));
  const known = label.ok ? recall(options.memory, toHex(label.value)) : undefined;
  if (known === undefined) throw new PhoneTrouble("this phone doesn't know where the unit is; onboard it first");
  const endMs = Date.now() + options.timeout * 1000;
  const session = await openUnitSession(options);
  const server = await serveStreams(file.streams);
  try {
    const from = `${await addressTowards(known.host, known.port)}:${server.port}`;
    const answer = await session.request({ op: "carry", signed: file.signed, from });
    await session.close();
    if (!answer.ok) throw new PhoneTrouble(`the unit takes no release from you (${answer.fault})`, answer.fault);
    while ((server.servedBytes() === 0 || server.quietMs() < QUIET_MS) && Date.now() <= endMs) await pause(LOOK_MS);
    const servedBytes = server.servedBytes();
    if (servedBytes === 0) {
      throw new PhoneTrouble(`the unit asked for nothing of release ${sequence}; is it newer than what it runs?`);
    }
    await proveReached(options, endMs);
    while (server.quietMs() < STEADY_MS) await pause(LOOK_MS);
    print(options, { sequence, servedBytes }, `release ${sequence} is brought: ${servedBytes} bytes were fetched`);
  } finally {
    await server.stop();
  }
}

/** An owner's session with the restarted unit is what confirms its trial. */
async function proveReached(options: PhoneOptions, endMs: number): Promise<void> {
  for (;;) {
    try {
      const again = await openUnitSession(options);
      await again.request({ op: "describe" });
      return await again.close();
    } catch (error) {
      if (Date.now() > endMs) throw error;
      await pause(REOPEN_MS);
    }
  }
}
