/**
 * The phone's side of onboardings in the guest: what `latchkey phone onboard` does, with keys in place of pictures, and with
 * the moment of the first datagram told. Reads a line of standard input for each: a PhoneTask, or "stop", which ends the one under way.
 * Says "ready", and for each task a PhoneStart and a PhoneResult.
 */
import { createInterface } from "node:readline";
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
  readonly result: "proved" | "none";
  /** From then to the unit's proved hello; absent when none came. */
  readonly provedMs?: number;
}

const bytes = (digits: string) => fromHex(digits) as Uint8Array;

const say = (what: PhoneStart | PhoneResult) => process.stdout.write(`${JSON.stringify(what)}\n`);
let isStopped = false;

async function send(task: PhoneTask): Promise<PhoneResult> {
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
  const wait = (milliseconds: number) =>
    isStopped ? Promise.reject(new Error("stopped")) : transport.wait(milliseconds);
  const host = message.value.schedule.to === "gateway" ? task.gateway : "255.255.255.255";
  const asked = { ...message.value, host, deviceId: bytes(task.deviceId), timeoutMs: task.timeoutMs };
  say({ startMs: Date.now() });
  try {
    const answer = await onboard(asked, { ...transport, wait }, nodePrimitives);
    return answer.ok && answer.value.proved
      ? { result: "proved", provedMs: answer.value.elapsedMs }
      : { result: "none" };
  } catch (error) {
    if (isStopped) return { result: "none" };
    throw error;
  } finally {
    transport.close();
  }
}

let last = Promise.resolve();
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  isStopped = line === "stop";
  if (isStopped) continue;
  await last;
  last = send(JSON.parse(line)).then((result) => void say(result));
}
