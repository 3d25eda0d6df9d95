import fc from "fast-check";
import { generate, type Packet, parser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import {
  decodeServerPacket,
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  type MqttVersion,
  packetBytesOf,
} from "#codec/mqtt.ts";

/** What mqtt-packet, an implementation of others, reads in our bytes. */
function theirs(version: MqttVersion, bytes: Uint8Array): Packet {
  const seen: Packet[] = [];
  const reader = parser({ protocolVersion: version });
  reader.on("packet", (packet) => seen.push(packet));
  reader.on("error", (error) => {
    throw error;
  });
  reader.parse(Buffer.from(bytes));
  expect(seen).toHaveLength(1);
  return seen[0] as Packet;
}

function ours(version: MqttVersion, packet: Packet) {
  const bytes = new Uint8Array(generate(packet, { protocolVersion: version }));
  expect(packetBytesOf(bytes, 100_000)).toEqual({ ok: true, value: bytes.length });
  return decodeServerPacket(version, bytes);
}

const VERSIONS: readonly MqttVersion[] = [4, 5];
const payload = Uint8Array.from({ length: 300 }, (_, i) => i & 255);

describe("what we write, mqtt-packet reads", () => {
  for (const version of VERSIONS) {
    test(`CONNECT with everything, version ${version}`, () => {
      const bytes = encodeConnect(version, {
        clientId: "0123456789abcdef01234567",
        isClean: false,
        keepAliveS: 60,
        username: "name",
        password: payload.subarray(0, 112),
        will: { topic: "f/lamp/d/x/state", payload: new Uint8Array(0), qos: 1, retain: true },
        properties: { sessionExpiryS: 86_400, receiveMaximum: 8, maximumPacketBytes: 4400, topicAliasMaximum: 4 },
      });
      expect(theirs(version, bytes)).toMatchObject({
        cmd: "connect",
        protocolVersion: version,
        clientId: "0123456789abcdef01234567",
        clean: false,
        keepalive: 60,
        username: "name",
        password: Buffer.from(payload.subarray(0, 112)),
        will: { topic: "f/lamp/d/x/state", qos: 1, retain: true },
        ...(version === 5 && {
          properties: {
            sessionExpiryInterval: 86_400,
            receiveMaximum: 8,
            maximumPacketSize: 4400,
            topicAliasMaximum: 4,
          },
        }),
      });
    });

    test(`PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PUBACK, PINGREQ, DISCONNECT, version ${version}`, () => {
      const publish = { topic: "a/é", payload, qos: 1, retain: true, isAgain: true, packetId: 513 } as const;
      const properties = { messageExpiryS: 30, topicAlias: 2 };
      expect(theirs(version, encodePublish(version, { ...publish, properties }))).toMatchObject({
        cmd: "publish",
        topic: "a/é",
        payload: Buffer.from(payload),
        qos: 1,
        retain: true,
        dup: true,
        messageId: 513,
        ...(version === 5 && { properties: { messageExpiryInterval: 30, topicAlias: 2 } }),
      });
      const zero = { ...publish, qos: 0, isAgain: false, packetId: 0, retain: false } as const;
      expect(theirs(version, encodePublish(version, zero))).toMatchObject({ qos: 0, dup: false, retain: false });
      expect(theirs(version, encodeSubscribe(version, 7, [{ filter: "a/+", qos: 1 }]))).toMatchObject({
        cmd: "subscribe",
        messageId: 7,
        subscriptions: [{ topic: "a/+", qos: 1 }],
      });
      expect(theirs(version, encodePuback(65_535))).toMatchObject({ cmd: "puback", messageId: 65_535 });
      expect(theirs(version, encodePingreq())).toMatchObject({ cmd: "pingreq" });
      expect(theirs(version, encodeDisconnect(version, 4))).toMatchObject({ cmd: "disconnect" });
    });
  }
});

describe("what mqtt-packet writes, we read", () => {
  for (const version of VERSIONS) {
    test(`version ${version}`, () => {
      const code = version === 5 ? { reasonCode: 0 } : { returnCode: 0 };
      expect(ours(version, { cmd: "connack", sessionPresent: true, ...code } as Packet)).toMatchObject({
        ok: true,
        value: { kind: "connack", sessionPresent: true, code: 0 },
      });
      const refused = version === 5 ? { reasonCode: 0x86 } : { returnCode: 4 };
      expect(ours(version, { cmd: "connack", sessionPresent: false, ...refused } as Packet)).toMatchObject({
        value: { code: version === 5 ? 0x86 : 4 },
      });
      const publish = { cmd: "publish", topic: "t", payload: Buffer.from(payload), qos: 1, messageId: 9 } as const;
      expect(ours(version, { ...publish, dup: true, retain: true } as Packet)).toMatchObject({
        value: { kind: "publish", topic: "t", payload, qos: 1, packetId: 9, isAgain: true, retain: true },
      });
      expect(ours(version, { ...publish, qos: 2, dup: false, retain: false } as Packet)).toEqual({
        ok: false,
        fault: "LINK_PACKET",
      });
      expect(ours(version, { cmd: "puback", messageId: 9 } as Packet)).toMatchObject({
        value: { packetId: 9, code: 0 },
      });
      expect(ours(version, { cmd: "suback", messageId: 3, granted: [1, 128] } as Packet)).toMatchObject({
        value: { kind: "suback", packetId: 3, codes: [1, 128] },
      });
      expect(ours(version, { cmd: "pingresp" } as Packet)).toMatchObject({ value: { kind: "pingresp" } });
    });
  }

  test("properties and reasons of version 5", () => {
    const properties = {
      sessionExpiryInterval: 100,
      receiveMaximum: 5,
      topicAliasMaximum: 3,
      serverKeepAlive: 17,
      maximumQoS: 1,
      reasonString: "busy",
      assignedClientIdentifier: "x",
      userProperties: { a: "b", c: "d" },
    };
    const connack = { cmd: "connack", sessionPresent: false, reasonCode: 0x89, properties } as unknown as Packet;
    expect(ours(5, connack)).toEqual({
      ok: true,
      value: {
        kind: "connack",
        sessionPresent: false,
        code: 0x89,
        properties: {
          sessionExpiryS: 100,
          receiveMaximum: 5,
          topicAliasMaximum: 3,
          serverKeepAliveS: 17,
          maximumQos: 1,
          reason: "busy",
        },
      },
    });
    const aliased = { topicAlias: 7, messageExpiryInterval: 60, contentType: "x", userProperties: { a: "b" } };
    const publish = { cmd: "publish", topic: "", payload: Buffer.from(payload), qos: 0, dup: false, retain: false };
    expect(ours(5, { ...publish, properties: aliased } as Packet)).toMatchObject({
      value: { topic: "", payload, properties: { topicAlias: 7, messageExpiryS: 60 } },
    });
    expect(ours(5, { ...publish, properties: {} } as Packet)).toEqual({ ok: false, fault: "LINK_PACKET" });
    expect(ours(5, { cmd: "disconnect", reasonCode: 0x8b, properties: { reasonString: "bye" } } as Packet)).toEqual({
      ok: true,
      value: { kind: "disconnect", code: 0x8b, properties: { reason: "bye" } },
    });
    expect(ours(5, { cmd: "puback", messageId: 4, reasonCode: 0x87 } as Packet)).toMatchObject({
      value: { code: 0x87 },
    });
  });
});

test("random bytes and every truncation are refused, never thrown on", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...VERSIONS), (bytes, version) => {
      decodeServerPacket(version, bytes);
      packetBytesOf(bytes, 4352);
    }),
    { numRuns: 3000, seed: 6 },
  );
  const whole = new Uint8Array(
    generate({ cmd: "publish", topic: "t", payload: "x", qos: 1, messageId: 9, dup: false, retain: false } as Packet),
  );
  for (let at = 0; at < whole.length; at++) expect(decodeServerPacket(4, whole.subarray(0, at)).ok).toBe(false);
  expect(packetBytesOf(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f), 4352)).toEqual({
    ok: false,
    fault: "LINK_PACKET_SIZE",
  });
  expect(packetBytesOf(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff), 4352)).toEqual({ ok: false, fault: "LINK_PACKET" });
  expect(packetBytesOf(Uint8Array.of(0x30, 0xff), 4352)).toEqual({ ok: true, value: undefined });
});
