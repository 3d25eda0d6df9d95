import { describe, expect, test } from "vitest";
import type { Fault } from "#base/faults.ts";
import type { Ask } from "#trust/grants/caveats.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import { LEVEL, RIGHT } from "#wire/grants/scope.ts";
import {
  call,
  childClaims,
  ctiOf,
  grantChain,
  guest,
  guestChain,
  guestWith,
  installer,
  issuer,
  NOW,
  owner,
  ownerChain,
  ownerClaims,
  ownerGrant,
  person,
  primitives,
  trust,
  YEAR_S,
} from "./household.ts";

function verdict(chain: Uint8Array, ask: Partial<Ask> = {}, known: Partial<Trust> = {}): Fault | "allowed" {
  const result = verifyChain(chain, { ...call, ...ask }, { ...trust, ...known });
  return result.ok ? "allowed" : result.fault;
}
/** A request that concerns the unit itself, so it has no name. */
function unitAsk(right: Ask["right"]): Partial<Ask> {
  return { right, name: undefined, args: undefined } as unknown as Partial<Ask>;
}

test("the owner calls, reads, subscribes and configures, and does not flash", () => {
  expect(verdict(ownerChain)).toBe("allowed");
  for (const right of ["read", "subscribe"] as const) expect(verdict(ownerChain, { right })).toBe("allowed");
  for (const right of ["config", "delegate"] as const) expect(verdict(ownerChain, unitAsk(right))).toBe("allowed");
  expect(verdict(ownerChain, unitAsk("flash"))).toBe("GRANT_FLASH");
  expect(verdict(grantChain({ scope: LEVEL.all }), unitAsk("flash"))).toBe("allowed");
});

test("the verdict names the holder, the links, what counts and the least exp", () => {
  const chain = issueChild(
    primitives,
    grantChain({ expiresAtS: NOW + 20 * YEAR_S }),
    owner,
    childClaims("guest", guest, { expiresAtS: NOW + 60, caveats: [{ kind: "uses", count: 3 }] }),
  );
  const usageOf = () => ({ uses: 2, agesS: [] });
  const result = verifyChain(chain, { ...call, usageOf }, trust);
  expect(result).toEqual({
    ok: true,
    value: {
      holder: guest.publicKey,
      ctis: [ctiOf("owner-grant"), ctiOf("guest")],
      counted: [ctiOf("guest")],
      expiresAtS: NOW + 60,
    },
  });
});

describe("audience", () => {
  test("a device, a product or a fleet, and no other", () => {
    expect(verdict(grantChain({ audience: { kind: "device", id: new Uint8Array(12) } }))).toBe("GRANT_AUDIENCE");
    const free = { claimed: false };
    expect(verdict(grantChain({ audience: { kind: "product", name: "lamp" } }), {}, free)).toBe("allowed");
    expect(verdict(grantChain({ audience: { kind: "product", name: "lock" } }), {}, free)).toBe("GRANT_AUDIENCE");
    expect(verdict(grantChain({ audience: { kind: "fleet", name: "acme" } }), {}, free)).toBe("allowed");
    expect(verdict(grantChain({ audience: { kind: "fleet", name: "lamp" } }), {}, free)).toBe("GRANT_AUDIENCE");
  });

  test("on a claimed unit a fleet grant starts installs, and calls only where the owner agreed", () => {
    const fleet = grantChain({ audience: { kind: "fleet", name: "acme" }, scope: LEVEL.all });
    expect(verdict(fleet, unitAsk("flash"))).toBe("allowed");
    expect(verdict(fleet)).toBe("GRANT_FLEET");
    expect(verdict(fleet, unitAsk("config"))).toBe("GRANT_FLEET");
    expect(verdict(fleet, {}, { fleetCalls: true })).toBe("allowed");
  });

  test("a child may narrow a fleet grant to one device", () => {
    const fleet = grantChain({ audience: { kind: "fleet", name: "acme" } });
    const narrow = (id: Uint8Array) =>
      issueChild(primitives, fleet, owner, childClaims("one", guest, { audience: { kind: "device", id } }));
    expect(verdict(narrow(trust.id), {}, { claimed: false })).toBe("allowed");
    expect(verdict(narrow(new Uint8Array(12)), {}, { claimed: false })).toBe("GRANT_AUDIENCE");
  });
});

describe("chains", () => {
  test("rights are the least of all links, by name as well", () => {
    const narrow = guestChain({ scope: [{ name: "setLamp", rights: RIGHT.call }] });
    expect(verdict(narrow)).toBe("allowed");
    expect(verdict(narrow, { name: "setColor" })).toBe("GRANT_RIGHT");
    expect(verdict(narrow, { right: "read" })).toBe("GRANT_RIGHT");
    expect(verdict(narrow, unitAsk("config"))).toBe("GRANT_RIGHT");
  });

  test("a child can't be wider than its parent, nor be had without the right to delegate", () => {
    expect(verdict(guestChain({ scope: LEVEL.all }))).toBe("GRANT_WIDENED");
    const named = guestChain({
      scope: [
        { name: "*", rights: RIGHT.delegate },
        { name: "setLamp", rights: RIGHT.call },
      ],
    });
    const wide = issueChild(
      primitives,
      named,
      guest,
      childClaims("wide", installer, { scope: [{ name: "setColor", rights: 2 }] }),
    );
    expect(verdict(wide, { name: "setColor" })).toBe("GRANT_WIDENED");
    const below = issueChild(primitives, guestChain(), guest, childClaims("below", installer));
    expect(verdict(below)).toBe("GRANT_DELEGATE");
  });

  test("depth one to four", () => {
    let chain = ownerChain;
    let holder = owner;
    for (const name of ["a", "b", "c"]) {
      chain = issueChild(primitives, chain, holder, childClaims(name, person(name), { scope: LEVEL.noFlash }));
      holder = person(name);
      expect(verdict(chain)).toBe("allowed");
    }
    chain = issueChild(primitives, chain, holder, childClaims("d", person("d")));
    expect(verdict(chain)).toBe("CHAIN_DEPTH");
  });

  test("a child belongs to its parent alone", () => {
    const other = issueGrant(issuer, ownerClaims({ cti: ctiOf("other-grant"), scope: LEVEL.all }));
    const spliced = chainOf(other);
    const child = guestChain();
    // Both parents have the same holder key, so only the binding tells them apart.
    const cut = child.slice(3 + ownerGrant.length);
    const moved = new Uint8Array([...spliced, ...cut]);
    moved[2] = 0x82;
    expect(verdict(child)).toBe("allowed");
    expect(verdict(moved)).toBe("GRANT_SIGNATURE");
  });

  test("a third party to whom issuing was delegated issues, within its caveats", () => {
    const service = person("hotel-service");
    const delegated = issueChild(
      primitives,
      ownerChain,
      owner,
      childClaims("service", service, { scope: LEVEL.noFlash, caveats: [{ kind: "functions", names: ["setLamp"] }] }),
    );
    const visitor = issueChild(primitives, delegated, service, childClaims("visitor", guest));
    expect(verdict(visitor)).toBe("allowed");
    expect(verdict(visitor, { name: "setColor" })).toBe("CAVEAT_FUNCTION");
  });
});

describe("caveats", () => {
  const range = { kind: "argument", function: "setTemp", argument: "celsius", min: 15.5, max: 24 } as const;
  const temp = (celsius: number | string | undefined): Partial<Ask> => ({
    name: "setTemp",
    args: new Map(celsius === undefined ? [] : [["celsius", celsius]]),
  });
  test("functions and argument ranges", () => {
    expect(verdict(guestWith({ kind: "functions", names: ["setLamp", "setColor"] }))).toBe("allowed");
    expect(verdict(guestWith({ kind: "functions", names: ["setColor"] }))).toBe("CAVEAT_FUNCTION");
    // What concerns the unit has no name, so a link for some functions is none for the unit.
    const wide = guestChain({ scope: LEVEL.noFlash, caveats: [{ kind: "functions", names: ["setLamp"] }] });
    const config = verifyChain(wide, { right: "config", arrival: "lan" }, trust);
    expect(config.ok ? "allowed" : config.fault).toBe("CAVEAT_FUNCTION");
    for (const celsius of [15.5, 20, 24]) expect(verdict(guestWith(range), temp(celsius))).toBe("allowed");
    for (const celsius of [15.4, 24.1, Number.NaN, "20", undefined]) {
      expect(verdict(guestWith(range), temp(celsius))).toBe("CAVEAT_ARGUMENT");
    }
    expect(verdict(guestWith(range))).toBe("allowed");
  });

  test("time of day and weekday, past midnight, at an offset", () => {
    const at = (iso: string): Partial<Trust> => {
      const timeS = Date.parse(iso) / 1000;
      return { time: { grade: "trusted", earliestS: timeS, latestS: timeS } };
    };
    const WEEKDAYS = 0b0011111;
    const office = {
      kind: "timeOfDay",
      fromMinutes: 480,
      toMinutes: 1080,
      weekdays: WEEKDAYS,
      utcOffsetMinutes: 120,
    } as const;
    // 2026-06-05 is a Friday.
    expect(verdict(guestWith(office), {}, at("2026-06-05T06:00:00Z"))).toBe("allowed");
    expect(verdict(guestWith(office), {}, at("2026-06-05T05:59:59Z"))).toBe("CAVEAT_TIME_OF_DAY");
    expect(verdict(guestWith(office), {}, at("2026-06-05T15:59:59Z"))).toBe("allowed");
    expect(verdict(guestWith(office), {}, at("2026-06-05T16:00:00Z"))).toBe("CAVEAT_TIME_OF_DAY");
    expect(verdict(guestWith(office), {}, at("2026-06-06T12:00:00Z"))).toBe("CAVEAT_TIME_OF_DAY");
    const night = { ...office, fromMinutes: 1320, toMinutes: 360, utcOffsetMinutes: 0 };
    expect(verdict(guestWith(night), {}, at("2026-06-05T22:00:00Z"))).toBe("allowed");
    expect(verdict(guestWith(night), {}, at("2026-06-06T05:59:00Z"))).toBe("allowed");
    expect(verdict(guestWith(night), {}, at("2026-06-06T22:00:00Z"))).toBe("CAVEAT_TIME_OF_DAY");
    expect(verdict(guestWith(night), {}, at("2026-06-08T05:00:00Z"))).toBe("CAVEAT_TIME_OF_DAY");
    // A day that begins while the offset has already turned it.
    const tokyo = { ...office, fromMinutes: 0, toMinutes: 1440, weekdays: 0b1000000, utcOffsetMinutes: 540 };
    expect(verdict(guestWith(tokyo), {}, at("2026-06-06T15:00:00Z"))).toBe("allowed");
    expect(verdict(guestWith(tokyo), {}, at("2026-06-06T14:59:00Z"))).toBe("CAVEAT_TIME_OF_DAY");
  });

  test("the moon, past new moon too: the eclipse of 2026-08-12 was one", () => {
    const at = (iso: string): Partial<Trust> => {
      const timeS = Date.parse(iso) / 1000;
      return { time: { grade: "trusted", earliestS: timeS, latestS: timeS } };
    };
    const dark = guestWith({ kind: "moon", fromDegrees: 345, toDegrees: 15 });
    for (const day of ["11T20", "12T17", "13T16"]) {
      expect([day, verdict(dark, {}, at(`2026-08-${day}:40:00Z`))]).toEqual([day, "allowed"]);
    }
    for (const day of ["10T12", "15T00", "20T02", "28T04"]) {
      expect([day, verdict(dark, {}, at(`2026-08-${day}:40:00Z`))]).toEqual([day, "CAVEAT_MOON"]);
    }
  });

  test("both ends of what the present may be must hold", () => {
    const time = { grade: "trusted", earliestS: NOW - 30, latestS: NOW + 30 } as const;
    expect(verdict(guestWith({ kind: "notAfter", timeS: NOW }), {}, { time })).toBe("CAVEAT_NOT_AFTER");
    expect(verdict(guestWith({ kind: "notBefore", timeS: NOW }), {}, { time })).toBe("CAVEAT_NOT_BEFORE");
    expect(verdict(guestWith({ kind: "notAfter", timeS: NOW + 30 }), {}, { time })).toBe("allowed");
    expect(verdict(guestWith({ kind: "notBefore", timeS: NOW - 30 }), {}, { time })).toBe("allowed");
    expect(verdict(guestChain({ expiresAtS: NOW + 30 }), {}, { time })).toBe("GRANT_EXPIRED");
    expect(verdict(guestChain({ expiresAtS: NOW + 31 }), {}, { time })).toBe("allowed");
  });

  test("geofence: the unit's own fix, near enough and fresh, over the poles and the date line too", () => {
    const fence = { kind: "geofence", latitudeE5: 5_252_000, longitudeE5: 1_340_500, radiusM: 500, ageS: 60 } as const;
    const position = { latitudeE5: 5_252_400, longitudeE5: 1_340_500, ageS: 5 };
    expect(verdict(guestWith(fence), { position })).toBe("allowed");
    expect(verdict(guestWith(fence), { position: { ...position, latitudeE5: 5_252_500 } })).toBe("CAVEAT_GEOFENCE");
    expect(verdict(guestWith(fence), { position: { ...position, ageS: 61 } })).toBe("CAVEAT_POSITION_UNKNOWN");
    expect(verdict(guestWith(fence))).toBe("CAVEAT_POSITION_UNKNOWN");
    const dateLine = { ...fence, latitudeE5: 0, longitudeE5: 17_999_900 };
    const beyond = { latitudeE5: 0, longitudeE5: -17_999_900, ageS: 0 };
    expect(verdict(guestWith(dateLine), { position: beyond })).toBe("allowed");
    const pole = { ...fence, latitudeE5: 8_999_900, longitudeE5: 0 };
    expect(verdict(guestWith(pole), { position: { ...beyond, latitudeE5: 8_999_900 } })).toBe("allowed");
  });

  test("rate and uses count, and refuse where nobody counts", () => {
    const rate = { kind: "rate", count: 2, windowS: 60 } as const;
    const used = (...agesS: number[]): Partial<Ask> => ({ usageOf: () => ({ uses: agesS.length, agesS }) });
    expect(verdict(guestWith(rate), used())).toBe("allowed");
    expect(verdict(guestWith(rate), used(3, 60, 70))).toBe("allowed");
    expect(verdict(guestWith(rate), used(3, 59))).toBe("CAVEAT_RATE");
    expect(verdict(guestWith(rate))).toBe("CAVEAT_RATE");
    const uses = { kind: "uses", count: 2 } as const;
    expect(verdict(guestWith(uses), used(900))).toBe("allowed");
    expect(verdict(guestWith(uses), used(900, 999))).toBe("CAVEAT_USES");
    expect(verdict(guestWith(uses))).toBe("CAVEAT_USES");
  });

  test("LAN only, button held", () => {
    expect(verdict(guestWith({ kind: "lanOnly" }))).toBe("allowed");
    expect(verdict(guestWith({ kind: "lanOnly" }), { arrival: "relay" })).toBe("CAVEAT_LAN");
    const held = guestWith({ kind: "buttonHeld", heldMs: 3000 });
    expect(verdict(held)).toBe("CAVEAT_BUTTON");
    expect(verdict(held, { buttonHeldMs: 2999 })).toBe("CAVEAT_BUTTON");
    expect(verdict(held, { buttonHeldMs: 3000 })).toBe("allowed");
  });

  test("caveats of every link count", () => {
    const parent = issueChild(
      primitives,
      ownerChain,
      owner,
      childClaims("p", guest, { scope: LEVEL.noFlash, caveats: [{ kind: "lanOnly" }] }),
    );
    const child = issueChild(primitives, parent, guest, childClaims("c", installer));
    expect(verdict(child)).toBe("allowed");
    expect(verdict(child, { arrival: "relay" })).toBe("CAVEAT_LAN");
  });
});
