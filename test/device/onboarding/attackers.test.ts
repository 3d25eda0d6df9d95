/** The onboarding machine in virtual time, with attackers on the same air. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { BROADCAST } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { PROVISIONAL_MS } from "#device/onboarding/onboarding.ts";
import type { PortEvent } from "#device/port.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import type { Frame } from "#wire/air/frame.ts";
import type { Packet } from "#wire/air/schedule.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { ATTACKER, createWorld, EVIL, flood, joined, messageOf, OWNER, recorded, start } from "./world.ts";

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

test("an old message's frames mixed into the owner's new one, under the owner's address, bring no other network", () => {
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
  const random = createRandomSource(5);
  const world = createWorld(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], 0.1, 5);
  start(world);
  world.run(
    1500,
    [],
    flood(random, 3, () => random.bytes(6)),
  );
  expect(world.joins()).toEqual([]);
  world.run(4000, [{ sa: OWNER, packets: recorded("air", "home") }]);
  expect(world.joins()).toEqual(["home"]);
});

test("frames forged under the owner's own address hold a unit up only while they come", () => {
  const random = createRandomSource(6);
  const world = createWorld([], 0.1, 6);
  start(world);
  const tape = recorded("air", "home");
  world.run(
    3000,
    [{ sa: OWNER, packets: tape }],
    flood(random, 1, () => OWNER),
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

/** Frames of a network on channel 11, numbered as its access point would, from packets that go on for ever. */
function busy(packetAt: (n: number) => { readonly sa: Uint8Array; readonly length: number }) {
  return (nowMs: number): Frame[] => {
    if (nowMs % 5 !== 0) return [];
    const n = nowMs / 5;
    const { sa, length } = packetAt(n);
    const header = {
      us: nowMs * 1000,
      channel: 11,
      bssid: EVIL.bssid,
      da: BROADCAST,
      retry: false,
      ds: "from" as const,
    };
    return [{ ...header, sa, seq: n & 4095, bodyBytes: 52 + length }];
  };
}

const guideForEver = (n: number) => ({ sa: ATTACKER, length: 515 - (n % 4) });

/** A message that never ends, another one every two seconds, so that each seems to come nearer. */
const messagesForEver = (() => {
  const tapes = ["evil", "worse", "worst"].map((ssid) => recorded("esptouch-v1", ssid).slice(250, 700));
  return (n: number) => {
    const turn = Math.floor(n / 400);
    const tape = tapes[turn % tapes.length] as Packet[];
    const length = tape[n % tape.length]?.length ?? 1;
    // The index frames of the passphrase's first bytes are held back.
    return { sa: Uint8Array.of(2, 0, 0, 0, 1, turn & 255), length: length >= 305 && length < 309 ? 600 : length };
  };
})();

test.each([
  ["a guide", guideForEver],
  ["ever new messages that never end", messagesForEver],
] as const)("whoever keeps another channel busy with %s doesn't keep the unit from its owner", (_, packetAt) => {
  for (const protocol of ["air", "esptouch-v2"] as const) {
    const world = createWorld(["esptouch-v1", "esptouch-v2"], 0.1, 3);
    start(world);
    const intrude = busy(packetAt);
    world.run(30_000, [], intrude);
    expect(world.joins()).toEqual([]);
    world.run(40_000, [{ sa: OWNER, packets: messageOf(protocol, "home").schedule.packets }], intrude);
    expect(new Set(world.joins())).toEqual(new Set(["home"]));
  }
});

test("after whatever was sent, a unit that is left alone hops on as before, with nothing held", () => {
  const random = createRandomSource(11);
  const world = createWorld(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"], 0, 11);
  start(world);
  const tapes = ["esptouch-v1", "esptouch-v2", "airkiss", "tuya-ez"].map((name) => recorded(name as "airkiss", "evil"));
  // Pieces of real messages, none of them whole, under few and under many addresses.
  const pieces = tapes.flat().filter(() => random.next() < 0.5);
  for (const sa of [() => ATTACKER, () => random.bytes(6)]) {
    world.run(3000, [], (nowMs) => {
      const { length = 1 } = pieces[random.below(pieces.length)] ?? {};
      return flood(random, 1, sa)(nowMs).map((frame) => ({ ...frame, bodyBytes: 52 + length }));
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
  const random = createRandomSource(9);
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
      flood(random, 2, () => (random.next() < 0.5 ? OWNER : random.bytes(6))),
    );
    world.show(events[random.below(events.length)] as PortEvent);
  }
  expect(world.nowMs()).toBe(4000);
});
