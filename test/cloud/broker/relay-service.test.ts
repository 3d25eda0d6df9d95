/** How the relay shares a unit between its callers: whoever floods it, and under however many keys, the owner is heard. */
import { describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { Caller } from "#cloud/broker/caller-gate.ts";
import { createRelayService } from "#cloud/broker/relay-service.ts";
import { createSpentNonces } from "#cloud/broker/spent-nonces.ts";
import { decodeRelayedAsleep, encodeRelayedRequest } from "#wire/link/relay.ts";
import { MESSAGE_1_MARK, type SessionPath } from "#wire/sessions/session.ts";

let names = 0;

const callerOf = (branch: string, more: Partial<Caller> = {}): Caller => ({
  name: `c-${++names}`,
  password: "",
  device: { id: "d1", fleet: "f1" },
  root: "issuer/owner",
  branch,
  isFirst: branch === "owner",
  expiresAtS: undefined,
  chain: { links: [], holder: new Uint8Array(32) },
  ...more,
});

function serviceInTime() {
  let [nowMs, tags] = [1_000, 0];
  let asleepUntilS: number | undefined;
  const told: (number | undefined)[] = [];
  const due: { readonly atMs: number; readonly then: () => void }[] = [];
  const dismissed: string[] = [];
  const forwarded: Uint8Array[] = [];
  const service = createRelayService({
    toDevice: async (_device, _name, payload) => void forwarded.push(payload) === undefined,
    toCaller: (_, payload) => void told.push(decodeRelayedAsleep(payload)?.untilS),
    dismiss: (name) => void dismissed.push(name),
    asleepUntilS: () => asleepUntilS,
    random: (byteLength) => new Uint8Array(byteLength).fill(++tags),
    nowMs: () => nowMs,
    later: (milliseconds, then) => void due.push({ atMs: nowMs + milliseconds, then }),
  });
  return {
    service,
    dismissed,
    /** What callers were told: until when their unit sleeps, or something else. */
    told,
    sleepUntil(untilS: number | undefined) {
      asleepUntilS = untilS;
    },
    /** Requests that reached the unit whose body ends so. */
    reached: (body: Uint8Array) => forwarded.filter((each) => toHex(each).endsWith(toHex(body))).length,
    say(caller: Caller, path: SessionPath, body: Uint8Array) {
      service.said(caller.name, encodeRelayedRequest({ tag: new Uint8Array(8), path, body }));
    },
    advance(milliseconds: number) {
      nowMs += milliseconds;
      for (const each of due.splice(0)) {
        if (each.atMs <= nowMs) each.then();
        else due.push(each);
      }
    },
  };
}

const OWNERS = Uint8Array.of(0x0a, 0x0b, 0x0c, 0x0d);
const GUESTS = Uint8Array.of(0x01, 0x02, 0x03, 0x04);

describe("a unit that is flooded through the relay", () => {
  /** Ten seconds in which all of them ask as fast as they like, and the owner eight times a second. */
  function flooded(guests: readonly Caller[], path: SessionPath, body: Uint8Array, owners = OWNERS, everyMs = 125) {
    const world = serviceInTime();
    const owner = callerOf("owner");
    for (const each of [...guests, owner]) expect(world.service.admit(each).ok).toBe(true);
    let asked = 0;
    for (let ms = 0; ms < 10_000; ms += 5) {
      for (const guest of guests) world.say(guest, path, body);
      if (ms > 2_500 && ms % everyMs === 0) {
        world.say(owner, path, owners);
        asked++;
      }
      world.advance(5);
    }
    world.advance(2_000);
    return { asked, ofOwner: world.reached(owners), ofGuests: world.reached(body) };
  }

  it("hears the owner although one guest asks in four sessions", () => {
    const { asked, ofOwner, ofGuests } = flooded(
      Array.from({ length: 4 }, () => callerOf("guest")),
      "key",
      GUESTS,
    );
    expect(ofOwner).toBe(asked);
    expect(ofGuests).toBeLessThanOrEqual(10 + 12 * 10);
  });

  it("hears the owner although twenty guests ask", () => {
    const guests = Array.from({ length: 20 }, (_, i) => callerOf(`guest ${i}`));
    const { asked, ofOwner, ofGuests } = flooded(guests, "record", GUESTS);
    expect(ofOwner).toBe(asked);
    expect(ofGuests).toBeLessThanOrEqual(30 + 12 * 31);
  });

  it("leaves the owner handshakes although twenty guests knock", () => {
    const mark = (body: Uint8Array) => Uint8Array.of(MESSAGE_1_MARK, ...body);
    const guests = Array.from({ length: 20 }, (_, i) => callerOf(`guest ${i}`));
    const { asked, ofOwner, ofGuests } = flooded(guests, "edhoc", mark(GUESTS), mark(OWNERS), 2_500);
    expect([asked, ofOwner]).toEqual([2, 2]);
    expect(ofGuests).toBeLessThanOrEqual(4 + 4);
  });
});

describe("sessions", () => {
  it("of guests end no session of the owner's, however many begin", () => {
    const { service, dismissed } = serviceInTime();
    const owner = callerOf("owner");
    expect(service.admit(owner).ok).toBe(true);
    for (let i = 0; i < 100; i++) expect(service.admit(callerOf(`guest ${i}`)).ok).toBe(true);
    expect(dismissed).not.toContain(owner.name);
    expect(service.counts.sessions).toBe(25);
  });

  it("under one grant for many units leave room for everybody else", () => {
    const { service } = serviceInTime();
    for (let i = 0; i < 5_000; i++) {
      const device = { id: `d${i}`, fleet: "f1" };
      service.admit(callerOf(`service ${i}`, { device, root: "issuer/service" }));
    }
    expect(service.counts.sessions).toBe(256);
    expect(service.admit(callerOf("owner")).ok).toBe(true);
  });

  it("end when the chain runs out", () => {
    const { service, dismissed } = serviceInTime();
    const [guest, owner] = [callerOf("guest", { expiresAtS: 1_000 }), callerOf("owner")];
    for (const each of [guest, owner]) service.admit(each);
    service.sweep(999_999);
    expect(dismissed).toEqual([]);
    service.sweep(1_000_000);
    expect(dismissed).toEqual([guest.name]);
  });
});

it("a cloud forgets the branches of callers with their nonces", () => {
  const spent = createSpentNonces(0);
  for (let i = 0; i < 64; i++) expect(spent.spend("a", `n${i}`, 1, 1_000 + i)).toBe("ok");
  expect(spent.spend("a", "n64", 1, 1_100)).toBe("full");
  expect(spent.spend("b", "n0", 1, 30_000)).toBe("ok");
  expect(spent.spend("a", "n64", 1, 61_005)).toBe("ok");
  expect(spent.spend("a", "n64", 1, 61_006)).toBe("spent");
  for (let i = 0; i < 1_000; i++) spent.spend(`c${i}`, "n", 1, 62_000);
  expect(spent.branches).toBe(1_002);
  spent.spend("d", "n", 1, 200_000);
  expect(spent.branches).toBe(1);
});

describe("a unit that sleeps", () => {
  const BODY = Uint8Array.of(1, 2, 3, 4);

  it("is asked again, once awake, what it left unanswered", () => {
    const { service, reached, say, sleepUntil, told } = serviceInTime();
    const owner = callerOf("owner");
    service.admit(owner);
    say(owner, "record", BODY);
    expect(reached(BODY)).toBe(1);
    sleepUntil(700);
    service.left(owner.device.id);
    expect(told).toEqual([700]);
    sleepUntil(undefined);
    service.awake(owner.device.id);
    expect(reached(BODY)).toBe(2);
    service.awake(owner.device.id);
    expect(reached(BODY)).toBe(2);
  });

  it("a request that is repeated meanwhile goes out once, and its session stays for a day", () => {
    const { service, reached, say, sleepUntil, advance, dismissed } = serviceInTime();
    const owner = callerOf("owner");
    service.admit(owner);
    sleepUntil(0);
    for (let times = 0; times < 3; times++) say(owner, "record", BODY);
    advance(23 * 3_600_000);
    service.sweep(0);
    expect([dismissed, reached(BODY)]).toEqual([[], 0]);
    sleepUntil(undefined);
    service.awake(owner.device.id);
    expect(reached(BODY)).toBe(1);
    advance(25 * 3_600_000);
    service.sweep(0);
    expect(dismissed).toEqual([owner.name]);
  });
});
