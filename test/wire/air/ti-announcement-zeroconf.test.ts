/** The announcement that TI's phones wait for, read as they read it and by another make's DNS. Needs python3-zeroconf. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { concat, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { type AirCredentials, acknowledgementOf } from "#wire/air/air-credentials.ts";
import { isTiAnnouncement, tiAnnouncement } from "#wire/air/ti-announcement.ts";

const free = (name: string) => concat(Uint8Array.of(3, utf8(name).length), utf8(name));

/** As the senders' listeners do: labels behind twelve bytes, ten bytes more, a length, a name. */
function nameAsPhonesRead(message: Uint8Array): string {
  let at = 12;
  while (message[at] !== 0) at += 1 + (message[at] as number);
  at += 11;
  return new TextDecoder().decode(message.subarray(at + 1, at + 1 + (message[at] as number)));
}

const READER = `
import sys, json
from zeroconf import DNSIncoming
read = DNSIncoming(bytes.fromhex(sys.argv[1]))
answers = read.answers() if callable(read.answers) else read.answers
print(json.dumps([read.valid, read.is_response(), len(read.questions), [[r.name, r.type, r.ttl, r.unique, r.alias] for r in answers]]))
`;

test.each([
  ["CC3000", new Uint8Array(0)],
  ["CC3000", Uint8Array.of(3)],
  ["CC3000", Uint8Array.of(3, 9, 65)],
  ["mydevice", free("mydevice")],
  ["Stehlampe 2. Stock", free("Stehlampe 2. Stock")],
  ["x".repeat(62), free("x".repeat(62))],
])("%s", (name, freeData) => {
  const message = tiAnnouncement(freeData);
  expect(nameAsPhonesRead(message)).toBe(name);
  expect(isTiAnnouncement(message, freeData)).toBe(true);
  expect(isTiAnnouncement(message, free("another"))).toBe(false);
  const read = JSON.parse(execFileSync("/usr/bin/python3", ["-c", READER, toHex(message)]).toString());
  // A pointer, shared, from the service to the instance, whose first label is the name.
  expect(read).toEqual([
    true,
    true,
    0,
    [["_smartconfig._udp.local.", 12, 120, false, `${name}._smartconfig._udp.local.`]],
  ]);
});

test("nothing else counts: a question, a piece, labels that lead nowhere", () => {
  const message = tiAnnouncement(new Uint8Array(0));
  for (let end = 0; end < message.length - 25; end++)
    expect(isTiAnnouncement(message.slice(0, end), new Uint8Array(0))).toBe(false);
  const question = message.slice();
  question[2] = 0;
  expect(isTiAnnouncement(question, new Uint8Array(0))).toBe(false);
  expect(isTiAnnouncement(new Uint8Array(600).fill(0xc0), new Uint8Array(0))).toBe(false);
});

test("it goes to mDNS's group and port, with the name that came beside the credentials", () => {
  const reserved = free("lamp");
  const found: AirCredentials = {
    protocol: "ti-smartconfig",
    ssid: utf8("home"),
    passphrase: utf8("x"),
    reserved,
    us: 0,
    token: 0,
  };
  expect(acknowledgementOf(found, new Uint8Array(6), "192.0.2.1")).toEqual({
    port: 5353,
    group: "224.0.0.251",
    bytes: tiAnnouncement(reserved),
  });
});
