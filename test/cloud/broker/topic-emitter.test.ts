import { describe, expect, it } from "vitest";
import { createTopicEmitter } from "#cloud/broker/topic-emitter.ts";

describe("the emitter of topics", () => {
  const heardBy = async (filter: string, topic: string): Promise<boolean> => {
    const emitter = createTopicEmitter();
    let heard = false;
    emitter.on(filter, (_, done) => {
      heard = true;
      done();
    });
    await new Promise<void>((resolve) => emitter.emit({ topic }, resolve));
    return heard;
  };

  // MQTT 3.1.1 section 4.7.1, its examples among them.
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/c", false],
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["#", "anything/at/all", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["f/+/d/+/state", "f/x/d/y/state", true],
    ["f/+/d/+/state", "f/x/d/y/want", false],
  ])("%s and %s: %s", async (filter, topic, expected) => {
    expect(await heardBy(filter, topic)).toBe(expected);
  });

  it("waits for every listener, and forgets those who left", async () => {
    const emitter = createTopicEmitter();
    const order: string[] = [];
    const slow = (_: object, done: () => void) => {
      setTimeout(() => {
        order.push("slow");
        done();
      }, 20);
    };
    const quick = (_: object, done: () => void) => {
      order.push("quick");
      done();
    };
    emitter.on("a/+", slow);
    emitter.on("a/b", quick);
    await new Promise<void>((resolve) => emitter.emit({ topic: "a/b" }, resolve));
    expect(order).toEqual(["quick", "slow"]);
    emitter.removeListener("a/+", slow);
    emitter.removeListener("a/b", quick);
    await new Promise<void>((resolve) => emitter.emit({ topic: "a/b" }, resolve));
    expect(order).toHaveLength(2);
  });
});
