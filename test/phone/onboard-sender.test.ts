/** The sender over a transport that only writes down, in virtual time. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import type { DatagramTransport } from "#phone/datagrams.ts";
import { messageFor, type SentProtocol } from "#phone/message.ts";
import { type OnboardProgress, onboard } from "#phone/onboard.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

interface Sent {
  readonly atMs: number;
  readonly host: string;
  readonly byteLength: number;
}

function recorder() {
  let nowMs = 0;
  const sent: Sent[] = [];
  const ports = new Map<number, (bytes: Uint8Array, peer: string) => void>();
  const answers: number[] = [];
  const transport: DatagramTransport = {
    send: (host, _port, byteLength) => void sent.push({ atMs: nowMs, host, byteLength }),
    answer: (_host, port) => void answers.push(port),
    listen: async (port, receive) => void ports.set(port, receive),
    close: () => undefined,
    nowMs: () => nowMs,
    wait: async (milliseconds) => {
      nowMs += Math.max(0.1, milliseconds);
    },
  };
  return { sent, ports, answers, transport };
}

function message(protocol: SentProtocol) {
  const air = { key: new Uint8Array(32), lastCounter: 5, nowS: 4 };
  const credentials = { ssid: utf8("home"), passphrase: utf8("correct horse"), bssid: new Uint8Array(6), air };
  const made = messageFor(protocol, credentials, nodePrimitives);
  if (!made.ok) throw new Error(made.fault);
  return made.value;
}

test("packets keep their pace, progress is told, and silence ends in ONBOARD_TIMEOUT", async () => {
  const { sent, transport } = recorder();
  const seen: OnboardProgress[] = [];
  const request = { ...message("air"), host: "192.0.2.255", deviceId: new Uint8Array(12), timeoutMs: 2000 };
  const answer = await onboard(request, transport, nodePrimitives, (progress) => seen.push(progress));
  expect(answer).toEqual({ ok: false, fault: "ONBOARD_TIMEOUT" });
  expect(sent.length).toBeGreaterThan(395);
  expect(sent.length).toBeLessThan(405);
  sent.forEach(({ atMs }, i) => void expect(Math.abs(atMs - 5 * i)).toBeLessThan(2));
  expect(seen.map(({ packets }) => packets).slice(0, 3)).toEqual([100, 200, 300]);
});

test("the counter is above the last one even when the phone's clock is behind", () => {
  expect(message("air").binding).toMatchObject({ kind: "air", counter: 6 });
});

test("without a label the older protocols' acknowledgement stops it, and is answered; its own packets don't", async () => {
  const { ports, answers, transport } = recorder();
  const request = { ...message("esptouch-v2"), host: "192.0.2.255" };
  const done = onboard(request, transport, nodePrimitives);
  await Promise.resolve();
  await Promise.resolve();
  const receive = ports.get(18266);
  receive?.(new Uint8Array(1048), "192.0.2.9");
  receive?.(Uint8Array.of(1, 0, 0, 0, 0, 0, 0), "192.0.2.9");
  receive?.(Uint8Array.of(0, 2, 0, 0, 0, 0, 1), "192.0.2.7");
  expect(await done).toMatchObject({ ok: true, value: { proved: false, ipv4: "192.0.2.7" } });
  expect(answers).toEqual([7002, 7002]);
});

test("ESP-TOUCH v1 goes by multicast groups where asked, one for four guide or three data packets", async () => {
  const { sent, transport } = recorder();
  const request = { ...message("esptouch-v1"), host: "192.0.2.255", isMulticast: true, timeoutMs: 2200 };
  await onboard(request, transport, nodePrimitives);
  const hosts = sent.map(({ host }) => host);
  expect(hosts.slice(0, 5)).toEqual(["234.1.1.1", "234.1.1.1", "234.1.1.1", "234.1.1.1", "234.2.2.2"]);
  const data = sent.filter(({ byteLength }) => byteLength < 512);
  expect(new Set(data.slice(0, 3).map(({ host }) => host)).size).toBe(1);
  expect(data[3]?.host).not.toBe(data[2]?.host);
});

test("what official receivers would never complete is refused before anything is sent", () => {
  const long = {
    ssid: new Uint8Array(32).fill(200),
    passphrase: new Uint8Array(64).fill(200),
    bssid: new Uint8Array(6),
  };
  const sealed = { ...long, aesKey: new Uint8Array(16), extra: new Uint8Array(32) };
  expect(messageFor("esptouch-v2", sealed, nodePrimitives)).toEqual({ ok: false, fault: "AIR_SEQUENCES" });
});
