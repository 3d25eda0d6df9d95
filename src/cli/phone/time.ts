/**
 * Tells a unit without a cloud the time for a guest's key: the guest's phone asks, and the phone that gave the key
 * answers.
 */
import { existsSync } from "node:fs";
import { equal, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { vouchFor } from "#phone/tell-time.ts";
import { readText, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { readTimeAnswer, readTimeRequest, timeAnswerText, timeRequestText } from "#wire/grants/time-request.ts";
import { nowS, tellingOf } from "./tell.ts";
import { callContextOf, openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

/** A line as it was sent, or the file that holds it. */
function lineOf(word: string): string {
  return existsSync(word) ? readText(word) : word;
}

function give(options: PhoneOptions & { out?: string }, what: "request" | "answer", text: string, next: string): void {
  if (options.out !== undefined) writeWhole(options.out, `${text}\n`);
  if (options.json) return print(options, { [what]: text }, text);
  process.stdout.write(`${text}\n`);
  process.stderr.write(`${next}\n`);
}

/** Asks the unit for a nonce, for whoever signed the last link of this phone's chain. */
export async function requestTime(options: PhoneOptions & { out?: string }): Promise<void> {
  if (options.out !== undefined) refuseFolder(options.out);
  const call = await callContextOf(options);
  const session = await openUnitSession(options);
  try {
    const nonce = await session.request({ op: "nonce" });
    if (!nonce.ok || !(nonce.value instanceof Uint8Array)) {
      const fault = nonce.ok ? "SESSION_ANSWER" : nonce.fault;
      throw new PhoneTrouble(`the unit gives no nonce (${fault}); try again`, fault);
    }
    const link = tellingOf(call).links - 1;
    const text = timeRequestText({ deviceId: call.deviceId, link, nonce: nonce.value });
    give(options, "request", text, "send this line to whoever gave you the key; they run: latchkey phone vouch LINE");
  } finally {
    await session.close();
  }
}

/** Signs the time for a guest's request; without one, tells it to the unit itself. */
export async function vouchTime(line: string | undefined, options: PhoneOptions & { out?: string }): Promise<void> {
  if (options.out !== undefined) refuseFolder(options.out);
  const call = await callContextOf(options);
  if (line === undefined) return vouchDirectly(options);
  const request = readTimeRequest(lineOf(line));
  if (request === undefined) {
    throw new PhoneTrouble(
      "not a request for the time (expected a line that begins with latchkey-time-request:). Ask for it again",
    );
  }
  const { deviceId, link, nonce } = request;
  if (!equal(deviceId, call.deviceId)) {
    throw new PhoneTrouble(`the request is for unit ${toHex(deviceId)}, not for ${call.id}; name that unit's label`);
  }
  const timeS = nowS();
  const statement = signTime(seedSigner(nodePrimitives, call.holderSeed), undefined, { timeS, nonce });
  const text = timeAnswerText({ deviceId, link, statement });
  give(options, "answer", text, "send this line back; the guest runs: latchkey phone time-answer LINE");
}

async function vouchDirectly(options: PhoneOptions): Promise<void> {
  const call = await callContextOf(options);
  const session = await openUnitSession(options);
  try {
    const nonce = await session.request({ op: "nonce" });
    const telling = tellingOf(call);
    const told = nonce.ok ? await vouchFor(session, nonce.value as Uint8Array, telling) : nonce;
    if (!told.ok) throw new PhoneTrouble(`the unit does not take the time: ${wordFault(told.fault)}`, told.fault);
    const time = new Date(telling.nowS * 1000).toISOString().replace(".000", "");
    print(options, { timeS: telling.nowS }, `the unit takes ${time} for the keys that you gave, until it starts again`);
  } finally {
    await session.close();
  }
}

/** Brings the answer to the unit. */
export async function answerTime(line: string, options: PhoneOptions): Promise<void> {
  const answer = readTimeAnswer(lineOf(line));
  if (answer === undefined) {
    throw new PhoneTrouble(
      "not an answer about the time (expected a line that begins with latchkey-time-answer:). Ask for it again",
    );
  }
  const call = await callContextOf(options);
  const { deviceId, link, statement } = answer;
  if (!equal(deviceId, call.deviceId)) {
    throw new PhoneTrouble(`the answer is for unit ${toHex(deviceId)}, not for ${call.id}; name that unit's label`);
  }
  const session = await openUnitSession(options);
  try {
    const told = await session.request({ op: "vouch", link, statement });
    if (!told.ok) throw new PhoneTrouble(`the unit does not take the answer: ${wordFault(told.fault)}`, told.fault);
    print(options, { taken: true }, "the unit knows the time for this key, until it starts again");
  } finally {
    await session.close();
  }
}

/** Why a word about the time was not taken, and what to do. */
function wordFault(fault: Fault): string {
  switch (fault) {
    case "TIME_NONCE":
      return `it has started again since it was asked (${fault}); run: latchkey phone time-request`;
    case "TIME_STALE":
      return `it is more than a day old (${fault}); run: latchkey phone time-request`;
    case "TIME_SIGNATURE":
      return `it is not signed by whoever gave the key (${fault}); send them the request`;
    case "TIME_BEFORE_FLOOR":
      return `the clock that it was signed by is behind (${fault}); set that phone's clock, then ask again`;
    case "TIME_AHEAD":
      return `the clock that it was signed by is ahead (${fault}); set that phone's clock, then ask again`;
    default:
      return `${fault}; try again`;
  }
}

/** What a person does about a call that was refused because of the time; undefined for other faults. */
export function timeAdvice(fault: Fault): string | undefined {
  switch (fault) {
    case "CAVEAT_TIME_UNKNOWN":
    case "CAVEAT_TIME_OLD": {
      const why =
        fault === "CAVEAT_TIME_OLD"
          ? "what it was told of the time is too old for this key"
          : "it does not know the time";
      return `${why} (${fault}). Run latchkey phone time-request, send the line to whoever gave you the key, and bring their answer with latchkey phone time-answer`;
    }
    case "CAVEAT_ZONE_UNKNOWN":
      return `it has no time zone, which the hours of this key follow (${fault}). Its owner runs: latchkey phone zone`;
    case "CAVEAT_TIME_OF_DAY":
      return `this key does not hold at this hour (${fault}). Try again within its hours`;
    default:
      return undefined;
  }
}
