/** Onboarding on flash that takes no more, or that gives back what can't be read. */
import { expect, test } from "vitest";
import { OWN } from "#wire/flash/stored-names.ts";
import type { World } from "./world.ts";
import { createWorld, joined, OWNER, recorded, start } from "./world.ts";

const GARBAGE = Uint8Array.of(0xff);

function hears(world: World, ms = 30_000): void {
  world.run(ms, [{ sa: OWNER, packets: recorded("air", "home") }]);
}

test("a broadcast whose counter can't be stored is not used; it is once it can", () => {
  const world = createWorld([], 0);
  world.refuses = (name) => name === OWN.airCounter;
  start(world);
  hears(world);
  expect(world.joins()).toEqual([]);
  expect(world.stored.has(OWN.airCounter)).toBe(false);
  world.refuses = () => false;
  hears(world);
  expect(new Set(world.joins())).toEqual(new Set(["home"]));
});

test("a network that can't be stored is used until the power goes", () => {
  const world = createWorld([], 0);
  start(world);
  world.refuses = (name) => name === OWN.wifi;
  hears(world);
  world.show(joined);
  expect(world.effects).toContainEqual({ kind: "emit", event: { kind: "online", ipv4: "127.20.0.1" } });
  expect(world.stored.has(OWN.wifi)).toBe(false);
  world.effects.length = 0;
  world.start();
  expect(world.joins()).toEqual([]);
});

test("a reset leaves the network, also where the flash does not forget it", () => {
  const world = createWorld([], 0);
  start(world);
  hears(world);
  world.show(joined);
  world.effects.length = 0;
  world.refuses = () => true;
  world.show({ kind: "button", heldMs: 10_000 });
  expect(world.effects).toContainEqual({ kind: "radio-leave" });
  expect(world.effects).toContainEqual({ kind: "emit", event: { kind: "offline" } });
});

test("an unreadable counter refuses every broadcast until the button clears it", () => {
  const world = createWorld([], 0);
  world.stored.set(OWN.airCounter, GARBAGE);
  start(world);
  hears(world);
  expect(world.joins()).toEqual([]);
  world.show({ kind: "button", heldMs: 10_000 });
  hears(world);
  expect(new Set(world.joins())).toEqual(new Set(["home"]));
});

test("a unit whose network can't be read had one: it takes another from its card-holder alone", () => {
  const world = createWorld(["esptouch-v2"], 0);
  world.stored.set(OWN.wifi, GARBAGE);
  start(world);
  world.run(30_000, [{ sa: OWNER, packets: recorded("esptouch-v2", "evil") }]);
  expect(world.joins()).toEqual([]);
  hears(world);
  expect(new Set(world.joins())).toEqual(new Set(["home"]));
});
