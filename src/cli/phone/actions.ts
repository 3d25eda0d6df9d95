/** What the phone's verbs do: files and words in, the phone room's functions, one line or one JSON object out. */
import { writeFileSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { revokeLinks } from "#phone/revoke.ts";
import { shareWith } from "#phone/share.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print, scan } from "./unit.ts";

/** Mints a guest's chain and writes it; says its cti, by which it can be taken back. */
export async function shareUnit(
  options: PhoneOptions & {
    to: string;
    function: string[];
    hours?: number;
    until?: number;
    for?: string;
    out: string;
  },
): Promise<void> {
  const guestKey = fromHex(options.to);
  if (guestKey?.length !== 32) throw new PhoneTrouble("--to wants the guest's public key: 64 hexadecimal digits");
  const audience = options.for === undefined ? undefined : fromHex(options.for);
  if (options.for !== undefined && audience?.length !== 12)
    throw new PhoneTrouble("--for wants a device ID: 24 hexadecimal digits");
  const { deviceId, secret } = await scan(options);
  const ownerSeed = holderSeed(nodePrimitives, secret, deviceId);
  const expiresAtS =
    options.until ?? (options.hours === undefined ? undefined : Math.floor(Date.now() / 1000 + options.hours * 3600));
  const session = await openUnitSession(options);
  try {
    const shared = await shareWith(nodePrimitives, session, ownerSeed, {
      guestKey,
      scope: scopeOf(Object.fromEntries(options.function.map((name) => [name, ["call", "read"] as const]))),
      ...(expiresAtS === undefined ? {} : { expiresAtS }),
      ...(audience === undefined ? {} : { audience: { kind: "device", id: audience } as const }),
      caveats: [],
    });
    if (!shared.ok)
      throw new PhoneTrouble(`the unit hands out no grant (${shared.fault}); only its owner may share it`);
    const { chain, cti } = shared.value;
    writeFileSync(options.out, `${toHex(chain)}\n`, { flush: true });
    print(
      options,
      { cti: toHex(cti), chain: options.out, chainBytes: chain.length },
      `${options.out}: key ${toHex(cti)} for ${options.function.join(", ")}`,
    );
  } finally {
    await session.close();
  }
}

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

/** Revokes a guest's key, at the unit itself. */
export async function revokeShare(ctiText: string, options: PhoneOptions): Promise<void> {
  const cti = fromHex(ctiText);
  if (cti?.length !== 8)
    throw new PhoneTrouble("name the key by its 16 hexadecimal digits, as `phone share` said them");
  const { deviceId, secret } = await scan(options);
  const session = await openUnitSession(options);
  try {
    const seed = holderSeed(nodePrimitives, secret, deviceId);
    const done = await revokeLinks(nodePrimitives, session, seed, deviceId, [cti]);
    if (!done.ok) throw new PhoneTrouble(refusalOf(ctiText, done.fault), done.fault);
    const { isNews } = done.value;
    const sentence = isNews ? `key ${ctiText} is revoked: the unit says so` : `key ${ctiText} was revoked already`;
    print(options, { revoked: ctiText, news: isNews }, sentence);
  } finally {
    await session.close();
  }
}

/** Agrees to a release, or asks for it: what the flash right is for. */
export async function askForUpdate(sequence: number, options: PhoneOptions): Promise<void> {
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "update", sequence });
    if (!answer.ok) throw new PhoneTrouble(`the unit refuses to install ${sequence} (${answer.fault})`, answer.fault);
    print(options, { sequence }, `the unit installs ${sequence}`);
  } finally {
    await session.close();
  }
}

function argumentOf(word: string): readonly [name: string, value: Cbor] {
  const at = word.indexOf("=");
  if (at < 1) throw new PhoneTrouble(`"${word}" is no argument; write name=value`);
  const text = word.slice(at + 1);
  const value = text === "true" ? true : text === "false" ? false : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  return [word.slice(0, at), value];
}

export async function callFunction(name: string, words: readonly string[], options: PhoneOptions): Promise<void> {
  const args = Object.fromEntries(words.map(argumentOf));
  const session = await openUnitSession(options);
  try {
    const answer = await call(session, name, args);
    if (!answer.ok) throw new PhoneTrouble(`the unit refuses ${name} (${answer.fault})`, answer.fault);
    const text = answer.value === null || answer.value === undefined ? "done" : String(answer.value);
    print(options, { name, value: answer.value ?? null }, `${name}: ${text}`);
  } finally {
    await session.close();
  }
}
