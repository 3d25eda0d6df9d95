/**
 * The phone's verbs: read files and arguments, call the phone room's functions, and print one line or one JSON
 * object.
 */
import { toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { keyNumberOf } from "#cli/values/identifier.ts";
import { countOf, decimalOf, isDecimal } from "#cli/values/number.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { describeUnit } from "#phone/describe.ts";
import { recall } from "#phone/memory.ts";
import { revokeLinks } from "#phone/revoke.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { keyMeant, noteRevoked } from "./given-keys.ts";
import { timeAdvice } from "./time.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print, scan } from "./unit.ts";

const UNKNOWN_OUTCOMES: readonly Fault[] = ["SESSION_UNREACHABLE", "SESSION_UNKNOWN", "SESSION_ANSWER"];

/** Why a key is not revoked, or not known to be, and what to do then. */
function refusalOf(cti: string, fault: Fault): string {
  if (UNKNOWN_OUTCOMES.includes(fault))
    return `it is not known whether the unit revoked key ${cti} (${fault}): no answer came. Run the same command again`;
  if (fault === "REVOCATION_FULL")
    return `key ${cti} is not revoked (${fault}): the unit's list is full. End all keys at once: latchkey phone revoke --all`;
  if (fault === "REVOCATION_SEQUENCE" || fault === "REVOCATION_UNCHANGED")
    return `key ${cti} is not revoked (${fault}): the unit holds a later statement of this card. Run the same command again, or end all keys at once: latchkey phone revoke --all`;
  if (fault === "SESSION_RATE")
    return `key ${cti} is not revoked (${fault}): the unit has stored too many revocations lately. Wait ten minutes and run the same command again`;
  return `key ${cti} is not revoked (${fault}): the unit refused it`;
}

/** Revokes a guest's key, at the unit itself: by its number, or by the name that the owner gave it. */
export async function revokeShare(word: string, options: PhoneOptions & { unlisted?: boolean }): Promise<void> {
  const { deviceId, secret } = await scan(options);
  const id = toHex(deviceId);
  const key = options.unlisted === true ? undefined : keyMeant(recall(options.memory, id), word);
  const cti = keyNumberOf("the key", key?.cti ?? word.toLowerCase());
  const shown = key === undefined ? toHex(cti) : `${key.name} (${key.cti})`;
  const session = await openUnitSession(options);
  try {
    const seed = holderSeed(nodePrimitives, secret, deviceId);
    const done = await revokeLinks(nodePrimitives, session, seed, deviceId, [cti]);
    if (!done.ok) throw new PhoneTrouble(refusalOf(shown, done.fault), done.fault);
    const { isNews } = done.value;
    const nowS = Math.floor(Date.now() / 1_000);
    if (key !== undefined) noteRevoked(options.memory, id, (each) => each.cti === key.cti, nowS);
    const sentence = isNews ? `key ${shown} is revoked: the unit says so` : `key ${shown} was revoked already`;
    print(options, { revoked: toHex(cti), news: isNews }, sentence);
  } finally {
    await session.close();
  }
}

/** Agrees to a release, or asks for it: what the flash right is for. */
export async function askForUpdate(text: string, options: PhoneOptions): Promise<void> {
  const sequence = countOf("the release", text, { min: 1, max: 2 ** 32 - 1 });
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "update", sequence });
    if (!answer.ok) throw new PhoneTrouble(`the unit refuses to install ${sequence} (${answer.fault})`, answer.fault);
    // The unit agrees to what it was offered, and to nothing else.
    const described = await describeUnit(session);
    const state = described.ok ? described.value.state : undefined;
    if (state?.sequence === sequence)
      return print(options, { sequence, stage: "confirmed" }, `the unit runs ${sequence}`);
    const { attempt } = state ?? {};
    const stage = attempt?.sequence === sequence ? attempt.stage : undefined;
    if (stage === undefined || stage === "refused" || stage === "rejected") {
      const found =
        stage === undefined ? "it was offered no such release" : `${stage}, ${attempt?.fault ?? "no reason"}`;
      const runs = state === undefined ? "" : `; it runs ${state.sequence}`;
      throw new PhoneTrouble(`the unit does not install ${sequence} (${found})${runs}`, attempt?.fault);
    }
    print(options, { sequence, stage }, `the unit installs ${sequence} (${stage})`);
  } finally {
    await session.close();
  }
}

function argumentOf(word: string): readonly [name: string, value: Cbor] {
  const at = word.indexOf("=");
  if (at < 1) throw new PhoneTrouble(`"${word}" is no argument; write name=value`);
  const text = word.slice(at + 1);
  const value = text === "true" ? true : text === "false" ? false : isDecimal(text) ? decimalOf(word, text) : text;
  return [word.slice(0, at), value];
}

export async function callFunction(name: string, words: readonly string[], options: PhoneOptions): Promise<void> {
  const args = Object.fromEntries(words.map(argumentOf));
  const session = await openUnitSession(options);
  try {
    const answer = await call(session, name, args);
    if (!answer.ok) {
      const advice = timeAdvice(answer.fault);
      const line =
        advice === undefined ? `the unit refuses ${name} (${answer.fault})` : `the unit refuses ${name}: ${advice}`;
      throw new PhoneTrouble(line, answer.fault);
    }
    const text = answer.value === null || answer.value === undefined ? "done" : String(answer.value);
    print(options, { name, value: answer.value ?? null }, `${name}: ${text}`);
  } finally {
    await session.close();
  }
}
