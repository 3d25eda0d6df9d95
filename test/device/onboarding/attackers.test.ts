/** The onboarding machine in virtual time, with attackers on the same air. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { createChance } from "#boards/sim/host/air/chance.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { PROVISIONAL_MS } from "#device/onboarding/onboarding.ts";
import type { PortEvent } from "#device/port.ts";
import type { AirProtocol } from "#wire/air/found.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { ATTACKER, createWorld, flood, joined, OWNER, recorded, start } from "./world.ts";

test("an Air message counts once: replayed, it joins nothing, and the counter outlives a power loss", () => {
  const first = createWorld([]);
  start(first);
  const tape = recorded("air", "home");
  first.run(4000, [{ sa: OWNER, packets: tape }]);
  expect(first.joins()).toEqual(["home"]);
  const second = createWorld([]);
  for (const [name, value] of first.stored) second.stored.set(name, value);
  second.stored.delete(OWN.wifi);
  start(second);
  second.run(8000, [{ sa: ATTACKER, packets: tape }]);
  expect(second.joins()).toEqual([]);
  second.run(4000, [{ sa: OWNER, packets: recorded("air", "home", 1_800_000_001) }]);
  expect(second.joins()).toEqual(["home"]);
});

test("under another key Air is noise, also beside the owner's own", () => {
  const world = createWorld([]);
  start(world);
  const evil = recorded("air", "evil", 1_900_000_000, new Uint8Array(32).fill(9));
  world.run(6000, [{ sa: ATTACKER, packets: evil }]);
  expect(world.joins()).toEqual([]);
  world.run(8000, [
    { sa: ATTACKER, packets: evil },
    { sa: OWNER, packets: recorded("air", "home") },
  ]);
  expect(world.joins()).toEqual(["home"]);
});

test("an old message's frames mixed into the owner's new one, under his own address, bring no other network", () => {
  const first = createWorld([], 0, 3);
  start(first);
  const old = recorded("air", "evil", 1_800_000_000);
  first.run(4000, [{ sa: OWNER, packets: old }]);
  expect(first.joins()).toEqual(["evil"]);
  const world = createWorld([], 0.1, 3);
  for (const [name, value] of first.stored) world.stored.set(name, value);
  world.stored.delete(OWN.wifi);
  start(world);
  const tape = recorded("air", "home", 1_800_000_100);
  const mixed = tape.map((packet, i) =>
    i % 3 === 1 ? { ...packet, length: old[i]?.length ?? packet.length } : packet,
  );
  world.run(6000, [{ sa: OWNER, packets: mixed }]);
  expect(world.joins().filter((ssid) => ssid !== "home")).toEqual([]);
  world.run(6000, [{ sa: OWNER, packets: tape }]);
  expect(world.joins()).toContain("home");
  expect(world.joins()).not.toContain("evil");
});

test("what was typed into the portal is forgotten after ten minutes without a session, and kept after one", () => {
  for (const comes of [false, true]) {
    const world = createWorld([]);
    world.stored.set(PROVISIONED.onboarding, encodeCbor([[], true]));
    start(world);
    world.run(62_000);
    expect(world.effects.some((effect) => effect.kind === "radio-access-point" && effect.ssid.length > 0)).toBe(true);
    world.show({ kind: "credentials-given", ssid: utf8("evil"), passphrase: utf8("12345678") });
    world.run(1500);
    expect(world.joins()).toEqual(["evil"]);
    world.show(joined);
    expect(world.stored.has(OWN.wifi)).toBe(false);
    if (comes) world.show({ kind: "peer-proved", by: "session" });
    world.effects.length = 0;
    world.run(PROVISIONAL_MS + 1000);
    expect(world.effects.some((effect) => effect.kind === "radio-leave")).toBe(!comes);
    expect(world.stored.has(OWN.wifi)).toBe(comes);
  }
});

test("older protocols are not heard unless the product switched them on", () => {
  const world = createWorld([]);
  start(world);
  world.run(8000, [{ sa: ATTACKER, packets: recorded("esptouch-v2", "evil") }]);
  expect(world.joins()).toEqual([]);
});

test.each(["esptouch-v2", "esptouch-v1", "airkiss", "ti-cc3000", "ti-cc3200", "tuya-ez"] as const)(
  "%s: the join is forgotten after ten minutes without a session, and kept after one",
  (protocol) => {
    for (const comes of [false, true]) {
      const world = createWorld([protocol.startsWith("ti-") ? "ti-smartconfig" : (protocol as AirProtocol)]);
      start(world);
      const isUp = protocol.startsWith("ti-");
      world.run(12_000, [{ sa: ATTACKER, packets: recorded(protocol, "evil"), isUp }]);
      expect(world.joins()).toEqual(["evil"]);
      world.show(joined);
      expect(world.stored.has(OWN.wifi)).toBe(false);
      world.run(500);
      // What the cloud says proves no card-holder.
      world.show({ kind: "peer-proved", by: "cloud" });
      if (comes) world.show({ kind: "peer-proved", by: "session" });
      world.effects.length = 0;
      world.run(PROVISIONAL_MS + 1000);
      const isForgotten = world.effects.some((effect) => effect.kind === "radio-leave");
      expect(isForgotten).toBe(!comes);
      expect(world.stored.has(OWN.wifi)).toBe(comes);
      if (!comes) expect(world.effects).toContainEqual({ kind: "radio-scan" });
    }
  },
);

test("a flood of invented senders delays nobody once it ends", () => {
  const chance = createChance(5);
  const world = createWorld(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], 0.1, 5);
  start(world);
  world.run(
    1500,
    [],
    flood(chance, 3, () => chance.bytes(6)),
  );
  expect(world.joins()).toEqual([]);
  world.run(4000, [{ sa: OWNER, packets: recorded("air", "home") }]);
  expect(world.joins()).toEqual(["home"]);
});

test("frames forged under the owner's own address hold a unit up only while they come", () => {
  const chance = createChance(6);
  const world = createWorld([], 0.1, 6);
  start(world);
  const tape = recorded("air", "home");
  world.run(
    3000,
    [{ sa: OWNER, packets: tape }],
    flood(chance, 1, () => OWNER),
  );
  expect(world.joins().filter((ssid) => ssid !== "home")).toEqual([]);
  world.run(6000, [{ sa: OWNER, packets: tape }]);
  expect(world.joins()).toEqual(["home"]);
});

test("a lock that leads nowhere is given up", () => {
  const world = createWorld(["esptouch-v1"]);
  start(world);
  const guide = Array.from({ length: 400 }, (_, n) => ({ atMs: 8 * n, length: 515 - (n % 4) }));
  world.run(3000, [{ sa: ATTACKER, packets: guide }]);
  world.effects.length = 0;
  world.run(8000);
  const channels = world.effects.flatMap((effect) => (effect.kind === "radio-listen" ? [effect.channel] : []));
  expect(new Set(channels)).toEqual(new Set([6, 11]));
});

test("after whatever was sent, a unit that is left alone hops on as before, with nothing held", () => {
  const chance = createChance(11);
  const world = createWorld(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], 0, 11);
  start(world);
  const tapes = ["esptouch-v1", "esptouch-v2", "airkiss", "tuya-ez"].map((name) => recorded(name as "airkiss", "evil"));
  // Pieces of real messages, none of them whole, under few and under many addresses.
  const pieces = tapes.flat().filter(() => chance.next() < 0.5);
  for (const sa of [() => ATTACKER, () => chance.bytes(6)]) {
    world.run(3000, [], (nowMs) => {
      const { length = 1 } = pieces[chance.below(pieces.length)] ?? {};
      return flood(chance, 1, sa)(nowMs).map((frame) => ({ ...frame, bodyBytes: 52 + length }));
    });
  }
  expect(world.joins()).toEqual([]);
  world.run(8000);
  world.effects.length = 0;
  world.run(3000);
  const channels = world.effects.flatMap((effect) => (effect.kind === "radio-listen" ? [effect.channel] : []));
  expect(channels.length).toBeGreaterThan(15);
  expect(new Set(channels)).toEqual(new Set([6, 11]));
});

test("random events never make it throw", () => {
  const chance = createChance(9);
  const world = createWorld(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], 0, 9);
  start(world);
  const events: readonly PortEvent[] = [
    { kind: "radio-left" },
    joined,
    { kind: "radio-join-failed", reason: "refused" },
    { kind: "radio-scan", accessPoints: [] },
    { kind: "button", heldMs: 20_000 },
  ];
  for (let i = 0; i < 200; i++) {
    world.run(
      20,
      [],
      flood(chance, 2, () => (chance.next() < 0.5 ? OWNER : chance.bytes(6))),
    );
    world.show(events[chance.below(events.length)] as PortEvent);
  }
  expect(world.nowMs()).toBe(4000);
});
