/**
 * The phone's side of one onboarding in the guest: what `latchkey phone onboard` does, with keys in place of pictures, and with
 * the moment of the first datagram told. Reads a PhoneTask from the file that is its argument; prints a PhoneStart, and a PhoneResult in the end.
 */
import { readFileSync } from "node:fs";
import { fromHex } from "#base/bytes.ts";
import { messageFor, type SentProtocol } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

/** Bytes in hexadecimal digits. */
export interface PhoneTask {
  readonly protocol: SentProtocol;
  readonly ssid: string;
  readonly passphrase: string;
  readonly bssid: string;
  readonly deviceId: string;
  readonly airKey: string;
  /** Where it sends what goes to the gateway. */
  readonly gateway: string;
  readonly timeoutMs: number;
}

export interface PhoneStart {
  /** Unix milliseconds of the first datagram. */
  readonly startMs: number;
}

export interface PhoneResult {
  /** From then to the unit's proved hello; absent when none came. */
  readonly provedMs?: number;
}

const bytes = (digits: string) => fromHex(digits) as Uint8Array;

const task = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as PhoneTask;
const message = messageFor(
  task.protocol,
  {
    ...{ ssid: bytes(task.ssid), passphrase: bytes(task.passphrase), bssid: bytes(task.bssid) },
    air: { key: bytes(task.airKey), lastCounter: 0, nowS: Math.floor(Date.now() / 1000) },
  },
  nodePrimitives,
);
if (!message.ok) throw new Error(message.fault);
const transport = await openUdpTransport();
const host = message.value.schedule.to === "gateway" ? task.gateway : "255.255.255.255";
const asked = { ...message.value, host, deviceId: bytes(task.deviceId), timeoutMs: task.timeoutMs };
const say = (what: PhoneStart | PhoneResult) => process.stdout.write(`${JSON.stringify(what)}\n`);
say({ startMs: Date.now() });
const answer = await onboard(asked, transport, nodePrimitives);
transport.close();
say(answer.ok && answer.value.proved ? { provedMs: answer.value.elapsedMs } : {});
