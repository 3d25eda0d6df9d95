/** What the phone's verbs do: files and words in, the phone room's functions, one line or one JSON object out. */
import { existsSync, readFileSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Cbor } from "#codec/cbor.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { call } from "#phone/call.ts";
import { recall, remember } from "#phone/memory.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { pairCodes, type Scanned } from "#phone/scan.ts";
import { openSession, type Session } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { airKey, holderSeed } from "#trust/card-keys.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirProtocol } from "#wire/air/found.ts";
import { readLabelLink } from "#wire/card.ts";

export const AIR_PROTOCOLS = ["air", "esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"] as const;
/** A directed broadcast that never leaves this machine. */
const LOOPBACK_BROADCAST = "127.255.255.255";

/** What a person did can't work; one line that says what to do. */
export class PhoneTrouble extends Error {
  override name = "PhoneTrouble";
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
async function codeText(what: string, word: string): Promise<string> {
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

function print(options: PhoneOptions, fields: Readonly<Record<string, unknown>>, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(fields)}\n` : `${sentence}\n`);
}

export async function onboardUnit(
  options: PhoneOptions & {
    ssid: string;
    passphrase: string;
    protocol: AirProtocol;
    broadcast?: string | true;
    timeout: number;
  },
): Promise<void> {
  const { deviceId, secret } = await scan(options);
  const id = toHex(deviceId);
  const known = recall(options.memory, id);
  const nowS = Math.floor(Date.now() / 1000);
  const lastCounter = known?.lastCounter ?? 0;
  const message = messageFor(
    options.protocol,
    {
      ssid: utf8(options.ssid),
      passphrase: utf8(options.passphrase),
      bssid: new Uint8Array(6),
      air: { key: airKey(nodePrimitives, secret, deviceId), lastCounter, nowS, extra: new Uint8Array(0) },
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
    const request = { ...message.value, host, deviceId, timeoutMs: options.timeout * 1000 };
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
  const session = await openSession({
    primitives: nodePrimitives,
    transport: httpTransport(known),
    deviceId: label.value,
    holderSeed: seed,
    ...(chain === undefined ? {} : { chain }),
  });
  if (!session.ok) throw new PhoneTrouble(`the unit opens no session (${session.fault})`);
  return session.value;
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
    if (!answer.ok) throw new PhoneTrouble(`the unit refuses ${name} (${answer.fault})`);
    const text = answer.value === null || answer.value === undefined ? "done" : String(answer.value);
    print(options, { name, value: answer.value ?? null }, `${name}: ${text}`);
  } finally {
    await session.close();
  }
}
