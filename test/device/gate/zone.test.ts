/** Local hours in a guest's key, and the zone of the unit that they follow. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import type { Session } from "#phone/session.ts";
import { signTime } from "#trust/signed-time.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { type Caller, childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { GUEST, HOUR_S, nonceOf, on, passBy, signerOf, tries } from "./time-callers.ts";
import { createWorld, NOW_S, type World } from "./world.ts";

/** 2026-11-23 is a Monday; NOW_S is noon by UTC. */
const EVENINGS: Caveat = { kind: "localHours", fromMinutes: 18 * 60, toMinutes: 22 * 60, weekdays: 31 };

describe("weekday evenings", () => {
  const BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3";

  async function evenings(world: World, ...more: readonly Caveat[]): Promise<Caller> {
    const session = await connected(world, ownerOf(world));
    expect((await session.request({ op: "zone", rule: BERLIN })).ok).toBe(true);
    await session.close();
    return childOf(ownerOf(world), GUEST, { caveats: [EVENINGS, ...more] });
  }

  it("work with the owner's statement that the guest brings, over the unit's nonce, by the clock where the unit is", async () => {
    const world = createWorld();
    const guest = await evenings(world);
    expect(await tries(world, guest)).toBe("CAVEAT_TIME_UNKNOWN");
    const asking = await connected(world, guest);
    const nonce = await nonceOf(asking);
    await asking.close();
    // The guest sends the nonce to the owner, who answers after ten minutes, at 18:30 in Berlin.
    world.advance(600_000);
    const statement = signTime(signerOf(ownerOf(world)), undefined, { timeS: NOW_S + 5.5 * HOUR_S, nonce });
    const session = await connected(world, guest);
    expect((await session.request({ op: "vouch", link: 1, statement })).ok).toBe(true);
    expect((await on(session)).ok).toBe(true);
    await session.close();
    // The unit's own clock tells when the evening is over.
    world.advance(3.5 * HOUR_S * 1000);
    expect(await tries(world, guest)).toBe("CAVEAT_TIME_OF_DAY");
    // After a power cut only a live answer counts.
    world.restart();
    const again = await connected(world, guest);
    expect(faultOf(await again.request({ op: "vouch", link: 1, statement }))).toBe("TIME_NONCE");
    expect(faultOf(await on(again))).toBe("CAVEAT_TIME_UNKNOWN");
  });

  it("are refused when the statement is older than the key allows, until there is a new one", async () => {
    const world = createWorld();
    const guest = await evenings(world, { kind: "freshTime", ageS: 900 });
    expect(await passBy(world, ownerOf(world), NOW_S + 5 * HOUR_S)).toBe("told");
    expect(await tries(world, guest)).toBe("done");
    world.advance(901_000);
    expect(await tries(world, guest)).toBe("CAVEAT_TIME_OLD");
    expect(await passBy(world, ownerOf(world), NOW_S + 5 * HOUR_S + 901)).toBe("told");
    expect(await tries(world, guest)).toBe("done");
  });

  it("are refused with a statement that took more than a day, and a slow one makes nothing less exact", async () => {
    const world = createWorld();
    const guest = await evenings(world);
    const session = await connected(world, guest);
    const [slow, slower] = [await nonceOf(session), await nonceOf(session)];
    const owner = signerOf(ownerOf(world));
    world.advance(4 * HOUR_S * 1000);
    const evening = NOW_S + 6 * HOUR_S;
    expect(await passBy(world, ownerOf(world), evening)).toBe("told");
    const again = await connected(world, guest);
    const statement = signTime(owner, undefined, { timeS: evening, nonce: slow });
    expect((await again.request({ op: "vouch", link: 1, statement })).ok).toBe(true);
    expect((await on(again)).ok).toBe(true);
    await again.close();
    world.advance(21 * HOUR_S * 1000);
    const late = await connected(world, guest);
    const stale = signTime(owner, undefined, { timeS: evening, nonce: slower });
    expect(faultOf(await late.request({ op: "vouch", link: 1, statement: stale }))).toBe("TIME_STALE");
  });

  it("are refused on a unit that has no zone", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), GUEST, { caveats: [EVENINGS] });
    await passBy(world, ownerOf(world), NOW_S + 6 * HOUR_S);
    expect(await tries(world, guest)).toBe("CAVEAT_ZONE_UNKNOWN");
  });
});

describe("the zone of a unit", () => {
  const zoneOf = async (session: Session) => {
    const described = await session.request({ op: "describe" });
    return described.ok ? (described.value as Map<string, Cbor>).get("zone") : described.fault;
  };
  const wantsZone = async (session: Session) => {
    const wanted = await session.request({ op: "wanted" });
    return wanted.ok ? (wanted.value as readonly [unknown, boolean])[1] : wanted.fault;
  };

  it("is wanted from the owner, kept over a power cut, changed and forgotten by the owner alone", async () => {
    const world = createWorld();
    const guest = await connected(
      world,
      childOf(ownerOf(world), GUEST, { scope: scopeOf({ setLamp: ["call"], "*": ["config", "delegate"] }) }),
    );
    expect(await wantsZone(guest)).toBe(false);
    expect(faultOf(await guest.request({ op: "zone", rule: "UTC0" }))).toBe("SESSION_OWNER");
    const owner = await connected(world, ownerOf(world));
    expect(await wantsZone(owner)).toBe(true);
    expect(faultOf(await owner.request({ op: "zone", rule: "Europe/Berlin" }))).toBe("ZONE_RULE");
    expect(await zoneOf(owner)).toBe(null);
    expect((await owner.request({ op: "zone", rule: "CET-1CEST,M3.5.0,M10.5.0/3" })).ok).toBe(true);
    world.restart();
    const again = await connected(world, ownerOf(world));
    expect(await wantsZone(again)).toBe(false);
    expect(await zoneOf(again)).toBe("CET-1CEST,M3.5.0,M10.5.0/3");
    expect((await again.request({ op: "zone", rule: null })).ok).toBe(true);
    expect(await wantsZone(again)).toBe(true);
    expect(world.stored.has(OWN.zone)).toBe(false);
  });

  it("is forgotten by a reset", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    expect((await owner.request({ op: "zone", rule: "UTC0" })).ok).toBe(true);
    world.show({ kind: "button", heldMs: 10_000 });
    expect(world.stored.has(OWN.zone)).toBe(false);
  });
});
