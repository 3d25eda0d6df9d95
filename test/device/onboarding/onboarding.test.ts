/** The onboarding machine in virtual time: senders and their phones. */
import { expect, test } from "vitest";
import { withFaultNames } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { verifyHello } from "#trust/verify-hello.ts";
import { tiAnnouncement } from "#wire/air/ti-announcement.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { HELLO_PORT } from "#wire/sessions/hello.ts";
import { ATTACKER, createWorld, DEVICE_ID, HOME, joined, messageOf, OWNER, recorded, start } from "./world.ts";

test("scans, hops, stays, joins by Air; the hello answers that very broadcast", () => {
  const world = createWorld([]);
  start(world);
  const message = messageOf("air", "home");
  world.run(4000, [{ sa: OWNER, packets: message.schedule.packets }]);
  expect(world.joins()).toEqual(["home"]);
  const channels = world.effects.flatMap((effect) => (effect.kind === "radio-listen" ? [effect.channel] : []));
  expect(new Set(channels)).toEqual(new Set([11, 6, 0]));
  world.show(joined);
  world.run(1000);
  expect(world.effects).toContainEqual({ kind: "emit", event: { kind: "online", ipv4: "127.20.0.1" } });
  const hello = world.effects.find((effect) => effect.kind === "udp-send" && effect.port === HELLO_PORT);
  const bytes = hello?.kind === "udp-send" ? hello.bytes : new Uint8Array(0);
  expect(verifyHello(bytes, DEVICE_ID, message.binding, nodePrimitives)).toMatchObject({ ok: true });
  const other = messageOf("air", "home", 1_800_000_001).binding;
  expect(verifyHello(bytes, DEVICE_ID, other, nodePrimitives)).toEqual({ ok: false, fault: "HELLO_STALE" });
  for (let at = 0; at < bytes.length; at++) {
    const forged = bytes.slice();
    forged[at] = (forged[at] as number) ^ 1;
    expect(verifyHello(forged, DEVICE_ID, undefined, nodePrimitives)).toEqual({ ok: false, fault: "HELLO_FORGED" });
  }
  expect(world.stored.has(OWN.wifi)).toBe(true);
});

test("waits for a scan of both bands, and searches the channels of 5 GHz that it found", () => {
  const world = createWorld([], 0.1, 1, { scanMs: 11_000, networks: [{ ...HOME, channel: 36 }] });
  start(world);
  world.run(10_900);
  const listened = () => world.effects.flatMap((effect) => (effect.kind === "radio-listen" ? [effect.channel] : []));
  expect(listened()).toEqual([]);
  world.run(300);
  expect(new Set(listened())).toEqual(new Set([36]));
});

test("an app may not put a unit to sleep that has no network, for two minutes, nor for two more once it was told one", () => {
  const world = createWorld([]);
  start(world);
  world.run(119_999);
  expect(world.isBusy()).toBe(true);
  world.run(1);
  expect(world.isBusy()).toBe(false);
  world.run(4000, [{ sa: OWNER, packets: messageOf("air", "home").schedule.packets }]);
  expect([world.joins(), world.isBusy()]).toEqual([["home"], true]);
  world.show(joined);
  world.run(110_000);
  expect(world.isBusy()).toBe(true);
  world.run(10_000);
  expect(world.isBusy()).toBe(false);
  // It knows its network now: the next start may end in a sleep at once.
  start(world);
  expect(world.isBusy()).toBe(false);
});

test("a unit of a country names it to its radio before anything else, at each start", () => {
  for (const starts of [1, 2]) {
    const world = createWorld([]);
    world.stored.set(PROVISIONED.country, utf8("US"));
    if (starts === 2) world.stored.set(OWN.wifi, Uint8Array.of(4, ...utf8("home"), 0));
    start(world);
    const [first, second] = world.effects.filter(({ kind }) => kind.startsWith("radio-"));
    expect(first).toEqual({ kind: "radio-country", country: utf8("US") });
    expect(second?.kind).toBe(starts === 1 ? "radio-scan" : "radio-listen");
  }
  const none = createWorld([]);
  start(none);
  expect(none.effects.some(({ kind }) => kind === "radio-country")).toBe(false);
});

test("the button, held long, clears the counter and the network", () => {
  const world = createWorld([]);
  world.stored.set(OWN.airCounter, Uint8Array.of(255, 255, 255, 255, 255));
  start(world);
  world.show({ kind: "button", heldMs: 9_999 });
  expect(world.stored.has(OWN.airCounter)).toBe(true);
  world.show({ kind: "button", heldMs: 10_000 });
  world.run(4000, [{ sa: OWNER, packets: recorded("air", "home") }]);
  expect(world.joins()).toEqual(["home"]);
});

test("an Air message's time hint is told once, when it is taken, and never stored", () => {
  const world = createWorld([]);
  start(world);
  const tape = recorded("air", "home", 1_800_000_000);
  world.run(4000, [{ sa: OWNER, packets: tape }]);
  const hints = () => world.effects.filter((effect) => effect.kind === "emit" && effect.event.kind === "time-hinted");
  expect(hints()).toEqual([{ kind: "emit", event: { kind: "time-hinted", hintS: 1_800_000_000 } }]);
  for (let i = 0; i < 3; i++) world.show({ kind: "radio-join-failed", reason: "refused" });
  world.run(4000, [{ sa: ATTACKER, packets: tape }]);
  expect(hints()).toHaveLength(1);
  const stored = world.effects.flatMap((effect) => (effect.kind === "store" ? [effect.name] : []));
  expect(new Set(stored)).toEqual(new Set([OWN.airCounter]));
});

test("TI's phones are answered as they expect: by mDNS, with the name that was sent or CC3000, and not too often", () => {
  const world = createWorld(["ti-smartconfig"]);
  start(world);
  world.run(12_000, [{ sa: OWNER, packets: recorded("ti-cc3000", "home"), isUp: true }]);
  expect(world.joins()).toEqual(["home"]);
  world.show(joined);
  const joinedMs = world.nowMs();
  const at: number[] = [];
  for (let seen = world.effects.length; world.nowMs() < joinedMs + 70_000; ) {
    world.run(100);
    for (const effect of world.effects.slice(seen)) {
      if (effect.kind === "udp-send" && effect.port === 5353) at.push(Math.round((world.nowMs() - joinedMs) / 1000));
    }
    seen = world.effects.length;
  }
  expect(at).toEqual([1, 3, 7, 15, 31]);
  const sent = world.effects.filter((effect) => effect.kind === "udp-send" && effect.port === 5353);
  expect(sent).toHaveLength(6);
  expect(new Set(sent.map((effect) => effect.kind === "udp-send" && effect.host))).toEqual(new Set(["224.0.0.251"]));
  expect(sent[0]).toMatchObject({ bytes: tiAnnouncement(new Uint8Array(0)) });
});

test("a wrong passphrase is tried three times, then the unit listens again", () => {
  const world = createWorld([]);
  start(world);
  world.run(4000, [{ sa: OWNER, packets: recorded("air", "home") }]);
  for (let i = 0; i < 3; i++) world.show({ kind: "radio-join-failed", reason: "refused" });
  expect(world.joins()).toEqual(["home", "home", "home"]);
  expect(world.stored.has(OWN.wifi)).toBe(false);
  world.run(4000, [{ sa: OWNER, packets: recorded("air", "home", 1_800_000_009) }]);
  expect(world.joins()).toHaveLength(4);
});

test("a unit that knows its network comes back to it, and between two tries takes a new one by Air alone", () => {
  const world = createWorld(["esptouch-v2"]);
  world.stored.set(OWN.wifi, Uint8Array.from([4, ...utf8("home"), 0]));
  start(world);
  expect(world.joins()).toEqual(["home"]);
  world.show(joined);
  world.show({ kind: "radio-left" });
  expect(world.effects).toContainEqual({ kind: "emit", event: { kind: "offline" } });
  world.run(2500);
  expect(world.joins()).toEqual(["home", "home"]);
  for (let i = 0; i < 3; i++) world.show({ kind: "radio-join-failed", reason: "no-network" });
  world.run(1600, [{ sa: ATTACKER, packets: recorded("esptouch-v2", "evil") }]);
  expect(world.joins().includes("evil")).toBe(false);
  world.run(2200, [{ sa: OWNER, packets: recorded("air", "new") }]);
  expect(world.joins().at(-1)).toBe("new");
});

test("a phone with Air version 1 joins nothing, and the log says once what is wrong", () => {
  const world = createWorld([]);
  start(world);
  const random = createRandomSource(5);
  const ring = Array.from({ length: 255 }, (_, place) =>
    place % 17 === 0 ? 832 + 15 * 6 + place / 17 : 64 + 256 * (place % 3) + random.below(256),
  );
  const packets = Array.from({ length: 1_000 }, (_, n) => ({ atMs: 5 * n, length: ring[n % 255] as number }));
  world.run(5_000, [{ sa: OWNER, packets }]);
  expect(world.joins()).toEqual([]);
  const logs = world.effects.flatMap((effect) => (effect.kind === "log" ? [effect.text] : []));
  expect(logs.map(withFaultNames)).toEqual(["onboarding: AIR_VERSION"]);
});
