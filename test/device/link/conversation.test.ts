import mqtt from "mqtt-packet";
import { describe, expect, test } from "vitest";
import {
  beginConversation,
  conversationWakeAtMs,
  createConversation,
  dueBy,
  nextPacketId,
  publishIn,
  setLimits,
  takePacket,
  unacknowledged,
} from "#device/link/conversation.ts";
import { createPacketReader, nextPacket, pushBytes } from "#device/link/packets.ts";
import { LINK_TIMES } from "#device/link/settings.ts";

const message = (topic: string, qos: 0 | 1 = 1) => ({ topic, payload: Uint8Array.of(1), retain: false, qos });
const begin = (version: 4 | 5, properties = {}) => {
  const conversation = createConversation(version, LINK_TIMES, createPacketReader(4352));
  setLimits(conversation, properties);
  beginConversation(conversation, 0, []);
  return conversation;
};

describe("a conversation", () => {
  test("keeps to the server's receive maximum and sends the rest as acknowledgements come", () => {
    const conversation = begin(5, { receiveMaximum: 2 });
    const sent = ["a", "b", "c", "d"].map((topic) => publishIn(conversation, message(topic), 0).length);
    expect(sent).toEqual([1, 1, 0, 0]);
    // Quality of service 0 is not counted.
    expect(publishIn(conversation, message("e", 0), 0)).toHaveLength(1);
    expect(takePacket(conversation, { kind: "puback", packetId: 1, code: 0 }, 0)?.replies).toHaveLength(1);
    expect(takePacket(conversation, { kind: "puback", packetId: 2, code: 0x87 }, 0)?.replies).toHaveLength(1);
    expect(unacknowledged(conversation)).toHaveLength(2);
  });

  test("understands a server's topic aliases, and takes an unknown one for a broken packet", () => {
    const conversation = begin(5);
    const packet = {
      kind: "publish",
      payload: Uint8Array.of(7),
      qos: 0,
      retain: false,
      isAgain: false,
      packetId: 0,
    } as const;
    const first = takePacket(conversation, { ...packet, topic: "t", properties: { topicAlias: 3 } }, 0);
    const second = takePacket(conversation, { ...packet, topic: "", properties: { topicAlias: 3 } }, 0);
    expect([first?.message?.topic, second?.message?.topic]).toEqual(["t", "t"]);
    expect(takePacket(conversation, { ...packet, topic: "", properties: { topicAlias: 4 } }, 0)).toBeUndefined();
    // The unit offered 8: a server that numbers on would fill its memory.
    for (const [topicAlias, isTaken] of [
      [0, false],
      [1, true],
      [8, true],
      [9, false],
      [65535, false],
    ] as const) {
      const heard = takePacket(conversation, { ...packet, topic: "t", properties: { topicAlias } }, 0);
      expect([topicAlias, heard !== undefined]).toEqual([topicAlias, isTaken]);
    }
  });

  test("says a topic by number once it was said, as often as the server takes it, and never what may be sent again", () => {
    const parse = (packets: readonly Uint8Array[]) => {
      const parser = mqtt.parser({ protocolVersion: 5 });
      const seen: unknown[] = [];
      parser.on("packet", (packet) => {
        const { topic, properties } = packet as mqtt.IPublishPacket;
        seen.push([topic, properties?.topicAlias]);
      });
      for (const packet of packets) parser.parse(Buffer.from(packet));
      return seen;
    };
    const conversation = begin(5, { topicAliasMaximum: 2 });
    const say = (topic: string, qos: 0 | 1 = 0) => publishIn(conversation, message(topic, qos), 0);
    expect(parse([...say("a"), ...say("b"), ...say("a"), ...say("c"), ...say("b"), ...say("a", 1)])).toEqual([
      ["a", 1],
      ["b", 2],
      ["", 1],
      ["c", undefined],
      ["", 2],
      ["a", undefined],
    ]);
    const unasked = begin(5);
    const twice = [...publishIn(unasked, message("a", 0), 0), ...publishIn(unasked, message("a", 0), 0)];
    expect(parse(twice)).toEqual([
      ["a", undefined],
      ["a", undefined],
    ]);
  });

  test("acknowledges what comes with quality of service 1", () => {
    const heard = takePacket(
      begin(4),
      { kind: "publish", topic: "t", payload: Uint8Array.of(7), qos: 1, retain: false, isAgain: true, packetId: 258 },
      0,
    );
    expect(heard?.replies).toEqual([Uint8Array.of(0x40, 2, 1, 2)]);
  });

  test("lets questions expire at an MQTT 5 server, not what is retained", () => {
    const [question] = publishIn(begin(5), message("ask"), 0);
    const [state] = publishIn(begin(5), { ...message("state"), retain: true }, 0);
    // Property 2, message expiry interval, 60 s.
    expect(String(question)).toContain("5,2,0,0,0,60");
    expect(String(state)).not.toContain("2,0,0,0,60");
  });

  test("keeps alive as the server wants, and is dead when a ping or a message stays unanswered", () => {
    const conversation = begin(5, { serverKeepAliveS: 10 });
    expect(conversationWakeAtMs(conversation)).toBe(5000);
    expect(dueBy(conversation, 4999)).toEqual([]);
    expect(dueBy(conversation, 5000)).toEqual([Uint8Array.of(0xc0, 0)]);
    expect(conversationWakeAtMs(conversation)).toBe(5000 + LINK_TIMES.answerMs);
    expect(dueBy(conversation, 5000 + LINK_TIMES.answerMs)).toBe("dead");
    const waiting = begin(4);
    publishIn(waiting, message("a"), 100);
    expect(dueBy(waiting, 100 + LINK_TIMES.answerMs)).toBe("dead");
  });

  test("sends again under a new number, marked, what the last one could not deliver", () => {
    const lost = begin(4);
    publishIn(lost, message("topic"), 0);
    const next = createConversation(4, LINK_TIMES, createPacketReader(4352));
    nextPacketId(next);
    const [again] = beginConversation(next, 0, unacknowledged(lost));
    expect(again).toEqual(Uint8Array.of(0x3a, 10, 0, 5, ...new TextEncoder().encode("topic"), 0, 2, 1));
  });
});

test("packets come whole out of any pieces", () => {
  const bytes = Uint8Array.of(0xd0, 0, 0x30, 0x85, 1, ...new Uint8Array(133), 0xd0, 0);
  for (const size of [1, 2, 3, 7, 200]) {
    const reader = createPacketReader(4352);
    const found: number[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      pushBytes(reader, bytes.subarray(at, at + size));
      for (let next = nextPacket(reader); next.ok && next.value !== undefined; next = nextPacket(reader))
        found.push(next.value.length);
    }
    expect(found, `pieces of ${size}`).toEqual([2, 136, 2]);
  }
  const reader = createPacketReader(100);
  pushBytes(reader, bytes.subarray(2));
  expect(nextPacket(reader)).toEqual({ ok: false, fault: "LINK_PACKET_SIZE" });
});

test("a server's wishes are bounded: how often it is asked, how much waits for it, how long its topics are", () => {
  for (const [wished, keptMs] of [
    [0, 1_000],
    [65_535, 600_000],
    [17, 17_000],
  ] as const) {
    expect(begin(5, { serverKeepAliveS: wished }).keepAliveMs).toBe(keptMs);
  }
  expect(begin(5, { receiveMaximum: 0 }).receiveMaximum).toBe(1);
  const publish = { kind: "publish", payload: new Uint8Array(0), qos: 0, retain: false, isAgain: false } as const;
  const named = (bytes: number) => ({
    ...publish,
    packetId: 0,
    topic: "a".repeat(bytes),
    properties: { topicAlias: 1 },
  });
  expect(takePacket(begin(5, {}), named(160), 0)).toBeDefined();
  expect(takePacket(begin(5, {}), named(161), 0)).toBeUndefined();
});
