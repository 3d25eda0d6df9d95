/** What the phone's verbs do: files and words in, the phone room's functions, one line or one JSON object out. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Cbor } from "#codec/cbor.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { call } from "#phone/call.ts";
import { recall, remember } from "#phone/memory.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { pairCodes, type Scanned } from "#phone/scan.ts";
import { openSession, type Session } from "#phone/session.ts";
import { shareWith, takeBack } from "#phone/share.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { airKey, holderSeed } from "#trust/card-keys.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirProtocol } from "#wire/air/found.ts";
import { readLabelLink } from "#wire/card.ts";
import { scopeOf } from "#wire/scope.ts";

export const AIR_PROTOCOLS = ["air", "esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"] as const;
/** A directed broadcast that never leaves this machine. */
const LOOPBACK_BROADCAST = "127.255.255.255";

const RATE_WAIT_MS = 1000;
const RATE_TRIES = 20;

/** What a person did can't work; one line that says what to do, and the unit's fault where it was one. */
export class PhoneTrouble extends Error {
  override name = "PhoneTrouble";
  readonly fault: Fault | undefined;
  constructor(message: string, fault?: Fault) {
    super(message);
    this.fault = fault;
  }
}

export interface PhoneOptions {
  readonly label: string;
  readonly card?: string;
  readonly memory: string;
  readonly json?: boolean;
  readonly key?: string;
  readonly chain?: string;
}

/** A code's text: read from a picture where the word names a file. */
export async function codeText(what: string, word: string): Promise<string> {
  if (!existsSync(word)) return word;
  const text = await readQr(readFileSync(word));
  if (text === undefined)
    throw new PhoneTrouble(`there is no QR code in ${word}; take the picture of the ${what} again`);
  return text;
}

async function scan(options: PhoneOptions): Promise<Scanned> {
  if (options.card === undefined) throw new PhoneTrouble("scan the card too: --card PICTURE");
  const scanned = pairCodes(await codeText("label", options.label), await codeText("card", options.card));
  if (scanned.ok) return scanned.value;
  const advice =
    scanned.fault === "SCAN_PAIR"
      ? "the card belongs to another device than the label"
      : "that is not our label and card";
  throw new PhoneTrouble(`${advice} (${scanned.fault}); scan the two that came in one box`);
}

/** Says what came of it, for people or as one JSON object. */
export function print(options: PhoneOptions, fields: Readonly<Record<string, unknown>>, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(fields)}\n` : `${sentence}\n`);
}

export async function onboardUnit(
  options: PhoneOptions & {
    ssid: string;
    passphrase: string;
    protocol: AirProtocol;
    broadcast?: string | true;
    multicast?: boolean;
    extra?: string;
    timeout: number;
  },
): Promise<void> {
  const { deviceId, secret } = await scan(options);
  const id = toHex(deviceId);
  const known = recall(options.memory, id);
  const nowS = Math.floor(Date.now() / 1000);
  const lastCounter = known?.lastCounter ?? 0;
  const extra = options.extra === undefined ? undefined : fromHex(options.extra);
  if (options.extra !== undefined && extra === undefined) throw new PhoneTrouble("--extra wants hexadecimal digits");
  const message = messageFor(
    options.protocol,
    {
      ssid: utf8(options.ssid),
      passphrase: utf8(options.passphrase),
      bssid: new Uint8Array(6),
      air: { key: airKey(nodePrimitives, secret, deviceId), lastCounter, nowS },
      ...(extra === undefined ? {} : { extra }),
    },
    nodePrimitives,
  );
  if (!message.ok) throw new PhoneTrouble(`these credentials can't be sent by ${options.protocol} (${message.fault})`);
  const host =
    options.broadcast === undefined
      ? LOOPBACK_BROADCAST
      : options.broadcast === true
        ? "255.255.255.255"
        : options.broadcast;
  const transport = await openUdpTransport();
  try {
    const isMulticast = options.multicast === true;
    const request = { ...message.value, host, isMulticast, deviceId, timeoutMs: options.timeout * 1000 };
    const isShown = process.stderr.isTTY && !options.json;
    const answer = await onboard(request, transport, nodePrimitives, ({ elapsedMs, packets }) => {
      if (isShown) process.stderr.write(`\r${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s `);
    });
    if (isShown) process.stderr.write("\r\u001b[K");
    if (!answer.ok || !answer.value.proved) {
      throw new PhoneTrouble(
        "the unit did not answer; is it powered, is the password right, does it listen for this protocol? Try again, or hold its button",
      );
    }
    const { hello, elapsedMs } = answer.value;
    const counter = Math.max(nowS, lastCounter + 1);
    remember(options.memory, id, { host: hello.ipv4, port: hello.tcpPort, lastCounter: counter });
    const seconds = (elapsedMs / 1000).toFixed(2);
    print(
      options,
      { deviceId: id, host: hello.ipv4, port: hello.tcpPort, elapsedMs: Math.round(elapsedMs) },
      `${id} is on ${options.ssid} at ${hello.ipv4}:${hello.tcpPort}, proved by its key, after ${seconds} s`,
    );
  } finally {
    transport.close();
  }
}

/** Opens a session as the card's owner, or as a guest with a key and a chain. */
export async function openUnitSession(options: PhoneOptions): Promise<Session> {
  const isGuest = options.key !== undefined;
  const scanned = isGuest ? undefined : await scan(options);
  const label = readLabelLink(await codeText("label", options.label));
  if (!label.ok) throw new PhoneTrouble(`that is no label of ours (${label.fault}); scan the one on the unit`);
  const known = recall(options.memory, toHex(label.value));
  if (known === undefined) throw new PhoneTrouble("this phone doesn't know where the unit is; onboard it first");
  const seed = isGuest
    ? readKeyFile(options.key as string, "holder").seed
    : holderSeed(nodePrimitives, (scanned as Scanned).secret, label.value);
  const chain = options.chain === undefined ? undefined : fromHex(readFileSync(options.chain, "utf8").trim());
  const open = () =>
    openSession({
      primitives: nodePrimitives,
      transport: httpTransport(known),
      deviceId: label.value,
      holderSeed: seed,
      ...(chain === undefined ? {} : { chain }),
    });
  let session = await open();
  // A unit takes few handshakes a minute from one address: a busy phone waits its turn.
  for (let tries = 1; !session.ok && session.fault === "SESSION_RATE" && tries < RATE_TRIES; tries++) {
    await new Promise((resolve) => setTimeout(resolve, RATE_WAIT_MS));
    session = await open();
  }
  if (!session.ok) throw new PhoneTrouble(`the unit opens no session (${session.fault})`, session.fault);
  return session.value;
}

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

/** Takes a guest's key back, at the unit itself. */
export async function revokeShare(ctiText: string, options: PhoneOptions): Promise<void> {
  const cti = fromHex(ctiText);
  if (cti?.length !== 8)
    throw new PhoneTrouble("name the key by its 16 hexadecimal digits, as `phone share` said them");
  const { deviceId, secret } = await scan(options);
  const session = await openUnitSession(options);
  try {
    const seed = holderSeed(nodePrimitives, secret, deviceId);
    const done = await takeBack(nodePrimitives, session, seed, deviceId, [cti], Math.floor(Date.now() / 1000));
    if (!done.ok) throw new PhoneTrouble(`the unit takes nothing back (${done.fault})`);
    print(options, { revoked: ctiText }, `${ctiText} is taken back`);
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
