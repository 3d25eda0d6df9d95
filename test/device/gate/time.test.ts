/** How a unit learns the time, and what it keeps of that when the power goes. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { type Signer, seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { asked, cloudSays, GUEST, HOUR_S, nonceOf, on, passBy, signerOf, tries } from "./time-callers.ts";
import { createWorld, NOW_S, seedOf, timeSigner } from "./world.ts";

describe("a linked unit", () => {
  it("asks its cloud when the link comes up, and a guest's expiry then holds over power cuts", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + 100 });
    world.show({ kind: "link-up" });
    expect(asked(world)).toHaveLength(1);
    cloudSays(world, NOW_S);
    expect(await tries(world, guest)).toBe("done");
    world.advance(100_000);
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
    for (let cut = 0; cut < 3; cut++) {
      world.restart();
      expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
      expect(await tries(world, ownerOf(world))).toBe("done");
    }
    // A key that the owner hands out later is not touched.
    expect(await tries(world, childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + HOUR_S }))).toBe("done");
  });

  it("has stored the expiry before it says that the key is over", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + 100 });
    world.show({ kind: "link-up" });
    cloudSays(world, NOW_S);
    world.advance(100_000);
    world.effects.length = 0;
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
    const stored = world.effects.findIndex((effect) => effect.kind === "store" && effect.name === OWN.signerTimes);
    const said = world.effects.map(({ kind }) => kind).lastIndexOf("tcp-write");
    expect(stored).toBeGreaterThanOrEqual(0);
    expect(stored).toBeLessThan(said);
  });

  it("takes no statement from before the power cut, nor one over a nonce that it never gave", async () => {
    const world = createWorld();
    world.show({ kind: "link-up" });
    const old = cloudSays(world, NOW_S);
    world.restart();
    world.show({ kind: "link-message", topic: "time", payload: old });
    const session = await connected(world, ownerOf(world));
    const described = await session.request({ op: "describe" });
    expect(described.ok && (described.value as Map<string, Cbor>).get("time")).toBe("floor");
    expect(faultOf(await session.request({ op: "time", statement: old }))).toBe("TIME_NONCE");
    const made = (await nonceOf(session)).slice();
    made[0] = (made[0] as number) ^ 1;
    cloudSays(world, NOW_S, made);
    expect(world.effects.some((effect) => effect.kind === "log" && effect.text === "time: fault 272")).toBe(true);
  });

  it("asks again while nobody answers, less and less often; twice a day when its cloud does; and not without a link", async () => {
    const world = createWorld();
    world.show({ kind: "link-up" });
    world.advance(10 * 60_000);
    // At 0, 1, 3 and 7 minutes.
    expect(asked(world)).toHaveLength(4);
    cloudSays(world, NOW_S, asked(world).at(-1));
    world.show({ kind: "link-down" });
    world.advance(24 * HOUR_S * 1000);
    expect(asked(world)).toHaveLength(4);
    world.show({ kind: "link-up" });
    expect(asked(world)).toHaveLength(5);
    cloudSays(world, NOW_S + 24 * HOUR_S + 600);
    world.advance(12 * HOUR_S * 1000 - 1);
    expect(asked(world)).toHaveLength(5);
    world.advance(1);
    expect(asked(world)).toHaveLength(6);
  });

  it("asks at once when a key needs a fresher time than it has", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), GUEST, { caveats: [{ kind: "freshTime", ageS: 600 }] });
    world.show({ kind: "link-up" });
    cloudSays(world, NOW_S);
    expect(await tries(world, guest)).toBe("done");
    world.advance(601_000);
    expect(await tries(world, guest)).toBe("CAVEAT_TIME_OLD");
    expect(asked(world)).toHaveLength(2);
    cloudSays(world, NOW_S + 601);
    expect(await tries(world, guest)).toBe("done");
  });

  it("does not ask without a pinned time key", () => {
    const world = createWorld();
    world.stored.delete(PROVISIONED.timeKey);
    world.restart();
    world.show({ kind: "link-up" });
    expect(asked(world)).toEqual([]);
  });
});

describe("a unit without a cloud", () => {
  it("asks its owner for the time in every session, not a guest who may not delegate", async () => {
    const world = createWorld();
    expect(await passBy(world, childOf(ownerOf(world), GUEST), NOW_S)).toBe("not wanted");
    expect(await passBy(world, ownerOf(world), NOW_S)).toBe("told");
    expect(await passBy(world, ownerOf(world), NOW_S)).toBe("not wanted");
    world.advance(61_000);
    expect(await passBy(world, ownerOf(world), NOW_S + 61)).toBe("told");
    world.restart();
    expect(await passBy(world, ownerOf(world), NOW_S + 62)).toBe("told");
  });

  it("ends a guest's key when the owner's phone passes by, over power cuts, also for a guest who never asked meanwhile", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + 100 });
    expect(await tries(world, guest)).toBe("done");
    // Three days later: the unit was off, the guest is absent, the owner opens a session.
    world.restart();
    expect(await passBy(world, ownerOf(world), NOW_S + 72 * HOUR_S)).toBe("told");
    world.restart();
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
    expect(await tries(world, ownerOf(world))).toBe("done");
  });

  it("a guest who pulls the plug when the key has run out finds it expired still", async () => {
    const world = createWorld();
    await passBy(world, ownerOf(world), NOW_S);
    const guest = childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + 100 });
    expect(await tries(world, guest)).toBe("done");
    world.advance(100_000);
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
    world.restart();
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
  });

  it("the same in a session that stays open over the end", async () => {
    const world = createWorld();
    await passBy(world, ownerOf(world), NOW_S);
    const guest = childOf(ownerOf(world), GUEST, { expiresAtS: NOW_S + 100 });
    const session = await connected(world, guest);
    world.advance(100_000);
    expect(faultOf(await on(session))).toBe("GRANT_EXPIRED");
    world.restart();
    expect(await tries(world, guest)).toBe("GRANT_EXPIRED");
  });
});

describe("a late time that somebody forged", () => {
  const LATE_S = NOW_S + 20 * 365 * 24 * HOUR_S;
  const delegates = { scope: scopeOf({ setLamp: ["call"], "*": ["delegate"] }) };

  it("by a guest ends only links that this guest signed: not the owner's, not those of others", async () => {
    const world = createWorld();
    const forger = childOf(ownerOf(world), seedOf(20), delegates);
    const other = childOf(ownerOf(world), seedOf(21), delegates);
    const ends = { expiresAtS: NOW_S + HOUR_S };
    expect(await passBy(world, forger, LATE_S, 2)).toBe("told");
    for (let cut = 0; cut < 2; cut++) {
      expect(await tries(world, childOf(forger, seedOf(22), ends))).toBe("GRANT_EXPIRED");
      expect(await tries(world, childOf(ownerOf(world), GUEST, ends))).toBe("done");
      expect(await tries(world, childOf(other, seedOf(23), ends))).toBe("done");
      expect(await tries(world, ownerOf(world))).toBe("done");
      world.restart();
    }
    // The owner's word is still taken.
    expect(await passBy(world, ownerOf(world), NOW_S)).toBe("told");
  });

  it("is refused where the maker's time is known", async () => {
    const world = createWorld();
    world.show({ kind: "link-up" });
    cloudSays(world, NOW_S);
    const session = await connected(world, ownerOf(world));
    const statement = signTime(signerOf(ownerOf(world)), undefined, { timeS: LATE_S, nonce: await nonceOf(session) });
    expect(faultOf(await session.request({ op: "vouch", link: 1, statement }))).toBe("TIME_AHEAD");
    expect(world.stored.has(OWN.signerTimes)).toBe(false);
  });

  it("by the owner's own clock, once, is mended by ending all guests: new keys then work", async () => {
    const world = createWorld();
    const ends = { expiresAtS: NOW_S + HOUR_S };
    expect(await passBy(world, ownerOf(world), LATE_S)).toBe("told");
    world.restart();
    expect(await passBy(world, ownerOf(world), NOW_S)).toBe("TIME_BEFORE_FLOOR");
    expect(await tries(world, childOf(ownerOf(world), GUEST, ends))).toBe("GRANT_EXPIRED");
    const session = await connected(world, ownerOf(world));
    expect((await session.request({ op: "raise-floor", epoch: 1 })).ok).toBe(true);
    world.restart();
    expect(await passBy(world, ownerOf(world), NOW_S)).toBe("told");
    expect(await tries(world, childOf(ownerOf(world), GUEST, { ...ends, epoch: 1 }))).toBe("done");
  });

  it("by many keys of one guest's making takes no place from the owner or another guest", async () => {
    const world = createWorld();
    const ends = { expiresAtS: NOW_S + 100 };
    const other = childOf(ownerOf(world), seedOf(21), delegates);
    expect(await passBy(world, ownerOf(world), NOW_S + 100)).toBe("told");
    expect(await passBy(world, other, NOW_S + 100, 2)).toBe("told");
    const forger = childOf(ownerOf(world), seedOf(20), delegates);
    for (let made = 0; made < 12; made++) {
      world.advance(60_000);
      await passBy(world, childOf(forger, seedOf(100 + made), delegates), LATE_S, 3);
    }
    world.restart();
    expect(await tries(world, childOf(ownerOf(world), GUEST, ends))).toBe("GRANT_EXPIRED");
    expect(await tries(world, childOf(other, seedOf(24), ends))).toBe("GRANT_EXPIRED");
  });
});

it("a word by anybody else than the link's signer is refused", async () => {
  const world = createWorld();
  const session = await connected(world, childOf(ownerOf(world), GUEST));
  const say = async (signer: Signer, link: number) => {
    const statement = signTime(signer, undefined, { timeS: NOW_S, nonce: await nonceOf(session) });
    return faultOf(await session.request({ op: "vouch", link, statement }));
  };
  expect(await say(seedSigner(primitives, GUEST), 1)).toBe("TIME_SIGNATURE");
  expect(await say(timeSigner, 1)).toBe("TIME_SIGNATURE");
  expect(await say(signerOf(ownerOf(world)), 2)).toBe("TIME_SIGNATURE");
  expect(await say(signerOf(ownerOf(world)), 3)).toBe("TIME_SIGNATURE");
  expect(world.stored.has(OWN.signerTimes)).toBe(false);
});
