/** Retained messages are found as MQTT 3.1.1 section 4.7 says, and a fleet's size costs a device nothing. */
import { expect, test } from "vitest";
import { createRetainedTopics } from "#cloud/broker/retained-topics.ts";

const TOPICS = ["f", "f/lamp", "f/lamp/all/keyset", "f/lamp/d/1/state", "f/lamp/d/2/state", "f//x", "$SYS/uptime"];

async function kept(topics: readonly string[]) {
  const retained = createRetainedTopics();
  for (const topic of topics) await retained.storeRetained({ topic, payload: topic });
  const find = async (...filters: string[]): Promise<string[]> => {
    const found: { topic: string }[] = await retained.createRetainedStreamCombi(filters).toArray();
    return found.map(({ topic }) => topic).sort();
  };
  return { retained, find };
}

test.each([
  ["f/lamp/d/1/state", ["f/lamp/d/1/state"]],
  ["f/lamp/d/3/state", []],
  ["f/lamp/d", []],
  ["f/lamp/d/+/state", ["f/lamp/d/1/state", "f/lamp/d/2/state"]],
  ["f/lamp/d/1/#", ["f/lamp/d/1/state"]],
  ["f/lamp/#", ["f/lamp", "f/lamp/all/keyset", "f/lamp/d/1/state", "f/lamp/d/2/state"]],
  ["f/+/x", ["f//x"]],
  ["+", ["f"]],
  ["#", TOPICS.filter((topic) => topic !== "$SYS/uptime").sort()],
  ["+/uptime", []],
  ["$SYS/#", ["$SYS/uptime"]],
])("%s finds %j", async (filter, topics) => {
  const { find } = await kept(TOPICS);
  expect(await find(filter)).toEqual(topics);
});

test("the last message of a topic is the one that is kept, and an empty one forgets it", async () => {
  const { retained, find } = await kept(["a/b", "a/b/c"]);
  await retained.storeRetained({ topic: "a/b", payload: "newer" });
  expect(await retained.createRetainedStreamCombi(["a/b"]).toArray()).toEqual([{ topic: "a/b", payload: "newer" }]);
  await retained.storeRetained({ topic: "a/b", payload: "" });
  await retained.storeRetained({ topic: "never/was", payload: "" });
  expect(await find("#")).toEqual(["a/b/c"]);
});

test("several filters are answered one after the other", async () => {
  const { find } = await kept(TOPICS);
  expect(await find("f/lamp/d/2/state", "f/lamp/all/+")).toEqual(["f/lamp/all/keyset", "f/lamp/d/2/state"]);
});
