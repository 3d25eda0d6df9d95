/** Ownership of the unit: the owner's floor, resale and the reissued card, with a test for each rule. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { reissue } from "#trust/grants/reissue.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { type Caller, childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

const described = async (session: Session) => {
  const answer = await session.request({ op: "describe" });
  return (answer.ok ? answer.value : new Map()) as Map<string, Cbor>;
};

function newCard(world: World, fill: number) {
  const secret = new Uint8Array(16).fill(fill);
  const seed = holderSeed(primitives, secret, world.id);
  return { seed, holder: primitives.ed25519PublicKey(seed), airKey: airKey(primitives, secret, world.id) };
}

const press = (world: World, heldMs: number) => world.show({ kind: "button", heldMs });

describe("an owner who raises the floor", () => {
  it("ends every guest while the card stays valid", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const guest = childOf(ownerOf(world), seedOf(9));
    const session = await connected(world, guest);
    expect((await on(session)).ok).toBe(true);
    expect(await owner.request({ op: "raise-floor", epoch: 1 })).toEqual({ ok: true, value: 1 });
    expect(faultOf(await on(session))).toBe("SESSION_UNKNOWN");
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EPOCH");
    expect((await on(owner)).ok).toBe(true);
    world.restart();
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EPOCH");
    const again = await connected(world, ownerOf(world));
    expect((await described(again)).get("floor")).toBe(1);
    expect((await on(await connected(world, childOf(ownerOf(world), seedOf(9), { epoch: 1 })))).ok).toBe(true);
  });

  it("does so by exactly one, the owner's floor alone, and only where the holder could have children", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    for (const epoch of [0, 2, 3]) {
      expect(faultOf(await owner.request({ op: "raise-floor", epoch }))).toBe("SESSION_FLOOR");
    }
    const deputy = childOf(ownerOf(world), seedOf(9), { scope: LEVEL.noFlash });
    const theirs = childOf(deputy, seedOf(10));
    const mine = childOf(ownerOf(world), seedOf(11));
    const session = await connected(world, deputy);
    expect((await session.request({ op: "raise-floor", epoch: 1 })).ok).toBe(true);
    expect(faultOf(await connect(world, theirs))).toBe("GRANT_EPOCH");
    expect((await on(session)).ok).toBe(true);
    const guest = await connected(world, mine, world.lan("10.0.0.9"));
    expect(faultOf(await guest.request({ op: "raise-floor", epoch: 1 }))).toBe("GRANT_DELEGATE");
    expect((await on(owner)).ok).toBe(true);
  });
});

describe("resale", () => {
  const sell = async (world: World, fill = 77) => {
    const next = newCard(world, fill);
    const owner = await connected(world, ownerOf(world));
    press(world, 4000);
    const grant = await owner.request({ op: "resale", holder: next.holder, airKey: next.airKey });
    return { next, owner, grant };
  };

  it("needs the old holder's session and the button", async () => {
    const world = createWorld();
    const next = newCard(world, 77);
    const request = { op: "resale", holder: next.holder, airKey: next.airKey } as const;
    const deputy = await connected(world, childOf(ownerOf(world), seedOf(9), { scope: LEVEL.noFlash }));
    const owner = await connected(world, ownerOf(world));
    expect(faultOf(await owner.request(request))).toBe("SESSION_BUTTON");
    press(world, 2999);
    expect(faultOf(await owner.request(request))).toBe("SESSION_BUTTON");
    press(world, 3000);
    expect(faultOf(await deputy.request(request))).toBe("SESSION_OWNER");
    world.advance(30_000);
    expect(faultOf(await owner.request(request))).toBe("SESSION_BUTTON");
    press(world, 3000);
    expect((await owner.request(request)).ok).toBe(true);
    expect((await connect(world, { seed: next.seed, chain: new Uint8Array(0) })).ok).toBe(true);
  });

  it("installs the new holder's and air keys, with the old grant's rights and no more", async () => {
    const world = createWorld();
    const { next, grant } = await sell(world);
    expect(world.stored.get(PROVISIONED.airKey)).toEqual(next.airKey);
    expect(grant).toEqual({ ok: true, value: world.stored.get(PROVISIONED.ownerGrant) });
    const session = await connected(world, { seed: next.seed, chain: new Uint8Array(0) });
    expect((await on(session)).ok).toBe(true);
    expect((await described(session)).get("owner")).toBe(true);
    const carried = { op: "carry", signed: new Uint8Array(1), from: "10.0.0.2:80" } as const;
    expect(faultOf(await session.request(carried))).toBe("GRANT_FLASH");
    const guest = childOf({ seed: next.seed, chain: chainOf((grant as { value: Uint8Array }).value) }, seedOf(12));
    expect((await on(await connected(world, guest))).ok).toBe(true);
  });

  it("ends the old chains: owner, guests and their open sessions", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), seedOf(9));
    const open = await connected(world, guest);
    const { owner } = await sell(world);
    expect(faultOf(await on(open))).toBe("SESSION_UNKNOWN");
    expect(faultOf(await on(owner))).toBe("SESSION_UNKNOWN");
    for (let start = 0; start < 2; start++) {
      expect(faultOf(await connect(world, ownerOf(world)))).toBe("GRANT_RESOLD");
      expect(faultOf(await connect(world, guest))).toBe("GRANT_RESOLD");
      expect(faultOf(await connect(world, { seed: world.owner.seed, chain: new Uint8Array(0) }))).toBe(
        "EDHOC_SIGNATURE",
      );
      world.restart();
    }
  });

  it("forgets at once where the seller said that the unit is", async () => {
    const world = createWorld();
    const seller = await connected(world, ownerOf(world));
    const [latitudeE5, longitudeE5] = [5_252_000, 1_340_500];
    expect(faultOf(await seller.request({ op: "place", place: [latitudeE5, longitudeE5] }))).toBe("accepted");
    const { next, grant } = await sell(world);
    if (!grant.ok) throw new Error(grant.fault);
    const fence = { kind: "geofence", latitudeE5, longitudeE5, radiusM: 500, ageS: 600 } as const;
    const buyer = { seed: next.seed, chain: chainOf(grant.value as Uint8Array) };
    const guest = await connected(world, childOf(buyer, seedOf(12), { caveats: [fence] }));
    expect(faultOf(await on(guest))).toBe("CAVEAT_POSITION_UNKNOWN");
  });

  it("can be done again, and the seller before is out as well", async () => {
    const world = createWorld();
    const { next, grant } = await sell(world);
    const first: Caller = { seed: next.seed, chain: chainOf((grant as { value: Uint8Array }).value) };
    const third = newCard(world, 78);
    const session = await connected(world, first);
    const request = { op: "resale", holder: third.holder, airKey: third.airKey } as const;
    // One press, one sale: the seller's still counts as held, but not for this.
    expect(faultOf(await session.request(request))).toBe("SESSION_BUTTON");
    press(world, 3000);
    expect((await session.request(request)).ok).toBe(true);
    expect(faultOf(await connect(world, first))).toBe("GRANT_EPOCH");
    expect(faultOf(await connect(world, ownerOf(world)))).toBe("GRANT_RESOLD");
    expect((await connect(world, { seed: third.seed, chain: new Uint8Array(0) })).ok).toBe(true);
  });

  it("leaves the unit with exactly one owner wherever the power goes", async () => {
    for (let cut = 0; cut <= 7; cut++) {
      const world = createWorld();
      const next = newCard(world, 77);
      const owner = await connected(world, ownerOf(world));
      press(world, 4000);
      world.cutAfterStores = cut;
      await owner.request({ op: "resale", holder: next.holder, airKey: next.airKey });
      world.restart();
      const old = await connect(world, ownerOf(world));
      const sold = await connect(world, { seed: next.seed, chain: new Uint8Array(0) }, world.lan("10.0.0.7"));
      expect([old.ok, sold.ok], `cut after ${cut}`).toEqual(sold.ok ? [false, true] : [true, false]);
      const key = world.stored.get(PROVISIONED.airKey);
      expect(sold.ok ? key : next.airKey, `cut after ${cut}`).toEqual(next.airKey);
      expect(world.stored.has(OWN.resale)).toBe(false);
    }
  });
});

describe("lost paper", () => {
  const reissued = (world: World) => {
    const card = newCard(world, 80);
    const old = ownerOf(world);
    const claims = {
      audience: { kind: "device", id: world.id } as const,
      issuedAtS: NOW_S + 60,
      cti: cti(),
      holder: card.holder,
      scope: LEVEL.noFlash,
      epoch: 0,
      caveats: [],
    };
    const link = readGrant(world.owner.grant);
    if (!link.ok) throw new Error(link.fault);
    const oldCti = link.value.claims.cti;
    return { card, old, claims, oldCti };
  };

  it("is answered by the maker with a new grant, a new card, and the old one revoked", async () => {
    const world = createWorld();
    const { card, old, claims, oldCti } = reissued(world);
    const guest = childOf(old, seedOf(9));
    const open = await connected(world, guest);
    const made = reissue(issuer, claims, oldCti, { sequence: 1, floor: 0 });
    const caller = { seed: card.seed, chain: chainOf(made.grant) };
    const session = await connected(world, caller);
    // While the old paper is good, the new one is a good grant, but not the owner's.
    expect((await described(session)).get("owner")).toBe(false);
    const delivery = encodeDelivery([{ statement: made.revocation }]);
    expect((await session.request({ op: "revoke", delivery })).ok).toBe(true);
    expect(faultOf(await on(open))).toBe("SESSION_UNKNOWN");
    expect(faultOf(await connect(world, old))).toBe("GRANT_REVOKED");
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
    const owner = await connected(world, caller, world.lan("10.0.0.4"));
    expect((await described(owner)).get("owner")).toBe(true);
    expect((await owner.request({ op: "air-key", airKey: card.airKey })).ok).toBe(true);
    expect(world.stored.get(PROVISIONED.airKey)).toEqual(card.airKey);
    world.restart();
    expect((await connect(world, { seed: card.seed, chain: new Uint8Array(0) })).ok).toBe(true);
    expect(faultOf(await connect(world, old))).toBe("GRANT_REVOKED");
  });

  it("doesn't make anyone the owner while the owner's grant is in force, nor of a lesser grant", async () => {
    const world = createWorld();
    const { card, claims, oldCti } = reissued(world);
    const seized = { seed: card.seed, chain: chainOf(issueGrant(issuer, claims)) };
    expect((await described(await connected(world, seized))).get("owner")).toBe(false);
    const lesser = { ...claims, cti: cti(), scope: scopeOf({ setLamp: ["call"] }) };
    const made = reissue(issuer, lesser, oldCti, { sequence: 1, floor: 0 });
    const session = await connected(world, { seed: card.seed, chain: chainOf(made.grant) });
    await session.request({ op: "revoke", delivery: encodeDelivery([{ statement: made.revocation }]) });
    const again = await connected(world, { seed: card.seed, chain: chainOf(made.grant) }, world.lan("10.0.0.5"));
    expect((await described(again)).get("owner")).toBe(false);
    expect(faultOf(await again.request({ op: "air-key", airKey: card.airKey }))).toBe("SESSION_OWNER");
  });

  it("makes nobody the owner by a grant for the whole fleet", async () => {
    const world = createWorld();
    const { card, claims, oldCti } = reissued(world);
    await connected(world, ownerOf(world));
    const fleet = { ...claims, audience: { kind: "fleet", name: "lamps" } as const };
    const made = reissue(issuer, fleet, oldCti, { sequence: 1, floor: 0 });
    const caller = { seed: card.seed, chain: chainOf(made.grant) };
    const session = await connected(world, caller);
    await session.request({ op: "revoke", delivery: encodeDelivery([{ statement: made.revocation }]) });
    const again = await connected(world, caller, world.lan("10.0.0.5"));
    expect((await described(again)).get("owner")).toBe(false);
    expect(world.stored.get(PROVISIONED.ownerGrant)).toEqual(world.owner.grant);
  });
});
