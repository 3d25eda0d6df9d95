import { expect, test } from "vitest";
import { fleetTopic, mayPublish, maySubscribe, parseTopic, subscribeRights, unitTopic } from "#wire/link/topics.ts";

const ME = "00112233445566778899aabb";
const OTHER = "ffeeddccbbaa998877665544";

test("a unit publishes its own state, wants, replies and events, and nothing else", () => {
  for (const name of ["state", "ask", "want", "reply", "event/pressed"]) {
    expect(mayPublish("lamp", ME, unitTopic("lamp", ME, name)), name).toBe(true);
    expect(mayPublish("lamp", ME, unitTopic("lamp", OTHER, name)), name).toBe(false);
    expect(mayPublish("lamp", ME, unitTopic("lamps", ME, name)), name).toBe(false);
  }
  for (const name of ["release", "block", "fresh", "state/x", "event", "event/", "event/a/b", "event/+", "event/#"]) {
    expect(mayPublish("lamp", ME, unitTopic("lamp", ME, name)), name).toBe(false);
  }
  expect(mayPublish("lamp", ME, fleetTopic("lamp", "keyset"))).toBe(false);
  expect(mayPublish("lamp", ME, "$SYS/x")).toBe(false);
});

test("a unit subscribes to its own topics and its fleet's, letter for letter", () => {
  for (const right of subscribeRights("lamp", ME)) expect(maySubscribe("lamp", ME, right)).toBe(true);
  for (const filter of [
    "#",
    "f/#",
    "f/+/d/+/block",
    "f/lamp/d/+/block",
    `f/lamp/d/${ME}/#`,
    "f/lamp/all/#",
    "$SYS/#",
  ]) {
    expect(maySubscribe("lamp", ME, filter), filter).toBe(false);
  }
  expect(maySubscribe("lamp", ME, unitTopic("lamp", OTHER, "block"))).toBe(false);
});

test("topics come apart as they were put together, and others don't", () => {
  expect(parseTopic(unitTopic("lamp", ME, "event/pressed"))).toEqual({
    scope: "unit",
    fleet: "lamp",
    device: ME,
    name: "event/pressed",
  });
  expect(parseTopic(fleetTopic("lamp", "keyset"))).toEqual({ scope: "fleet", fleet: "lamp", name: "keyset" });
  for (const topic of [
    "",
    "f",
    "f/lamp",
    "f/LAMP/all/keyset",
    "f/lamp/all/",
    "f/lamp/all/a/b",
    `f/lamp/d/${ME}`,
    "x/y",
  ]) {
    expect(parseTopic(topic), topic).toBeUndefined();
  }
});
