/**
 * Identity of grants: the unit compares a grant's claims and signer, so an equal number, floor or fleet is not
 * mistaken for it.
 */
import { describe, expect, it } from "vitest";
import type { GrantClaims } from "#trust/grants/mint.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { type Caller, childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, type World } from "./world.ts";

const FLEET = { kind: "fleet", name: "lamps" } as const;

/** What the issuer signed for the owner of a world. */
function ownersClaims(world: World) {
  const owner = readGrant(world.owner.grant);
  if (!owner.ok) throw new Error(owner.fault);
  return owner.value.claims;
}

/** Another holder's grant by the same issuer. */
function granted(world: World, seed: Uint8Array, claims: Partial<GrantClaims> = {}): Caller {
  const grant = issueGrant(issuer, {
    audience: { kind: "device", id: world.id },
    issuedAtS: NOW_S,
    cti: cti(),
    holder: primitives.ed25519PublicKey(seed),
    scope: LEVEL.all,
    epoch: 0,
    caveats: [],
    ...claims,
  });
  return { seed, chain: chainOf(grant) };
}

const revoke = (world: World, sequence: number, floor: number, revoked: Uint8Array) =>
  encodeDelivery([
    {
      statement: signRevocation(issuer, issuer.kid, {
        ...{ audience: { kind: "device", id: world.id } as const, sequence, floor, revoked },
      }),
    },
  ]);

describe("a grant with the owner's number", () => {
  it("is not the owner's grant: its holder claims nothing and decides nothing", async () => {
    for (const audience of [undefined, FLEET]) {
      const world = createWorld();
      const number = { cti: ownersClaims(world).cti, ...(audience && { audience }) };
      const impostor = await connected(world, granted(world, seedOf(40), number));
      expect(world.stored.has(OWN.claimed)).toBe(false);
      const described = await impostor.request({ op: "describe" });
      expect(described.ok && (described.value as Map<string, unknown>).get("owner")).toBe(false);
      world.show({ kind: "button", heldMs: 3_000 });
      const holder = primitives.ed25519PublicKey(seedOf(41));
      for (const request of [
        { op: "grant" },
        { op: "agree", agreed: true },
        { op: "zone", rule: "UTC0" },
        { op: "air-key", airKey: new Uint8Array(32) },
        { op: "cloud", address: new Uint8Array(0), tls: new Uint8Array(0) },
        { op: "resale", holder, airKey: new Uint8Array(32) },
      ] as const) {
        expect([request.op, faultOf(await impostor.request(request))]).toEqual([request.op, "SESSION_OWNER"]);
      }
    }
  });

  it("takes no session of the owner's, even where nothing else tells them apart but the key", async () => {
    const world = createWorld();
    const alike = granted(world, seedOf(40), {
      ...ownersClaims(world),
      holder: primitives.ed25519PublicKey(seedOf(40)),
    } as GrantClaims);
    const impostor = await connected(world, alike);
    expect(faultOf(await impostor.request({ op: "grant" }))).toBe("SESSION_OWNER");
    const owner = await connected(world, ownerOf(world));
    expect((await owner.request({ op: "grant" })).ok).toBe(true);
  });
});

describe("the owner's consent to a release", () => {
  const approvals = (world: World) => world.emitted.filter(({ kind }) => kind === "update-approved");

  it("is not given by a grant for the fleet once the unit is claimed", async () => {
    const world = createWorld();
    const fleet = await connected(world, granted(world, seedOf(40), { audience: FLEET }));
    const owner = await connected(world, ownerOf(world));
    expect((await fleet.request({ op: "update", sequence: 9 })).ok).toBe(true);
    expect((await fleet.request({ op: "carry", signed: new Uint8Array(4), from: "10.0.0.8:80" })).ok).toBe(true);
    expect(approvals(world)).toEqual([{ kind: "update-approved", sequence: 9, isOwners: false }]);
    expect(world.emitted).toContainEqual(expect.objectContaining({ kind: "carried-release", isOwners: false }));
    // The card has no right to flash, and its holder is whom the maker asks.
    expect((await owner.request({ op: "update", sequence: 9 })).ok).toBe(true);
    expect(approvals(world)[1]).toEqual({ kind: "update-approved", sequence: 9, isOwners: true });
    expect(faultOf(await owner.request({ op: "carry", signed: new Uint8Array(4), from: "10.0.0.2:80" }))).toBe(
      "GRANT_FLASH",
    );
  });

  it("is given by whom the owner let do it, and not by another holder of a grant for this unit", async () => {
    const world = createWorld({ ownerScope: LEVEL.all });
    await connected(world, ownerOf(world));
    const deputy = await connected(world, childOf(ownerOf(world), seedOf(9), { scope: LEVEL.all }));
    const other = await connected(world, granted(world, seedOf(40)));
    for (const session of [deputy, other]) expect((await session.request({ op: "update", sequence: 9 })).ok).toBe(true);
    expect(approvals(world).map((event) => "isOwners" in event && event.isOwners)).toEqual([true, false]);
  });

  it("to calls by the fleet ends with the owner who gave it, also when the power goes during the resale", async () => {
    for (const cutAfterStores of [Number.POSITIVE_INFINITY, 1, 2]) {
      const world = createWorld();
      const owner = await connected(world, ownerOf(world));
      expect((await owner.request({ op: "agree", agreed: true })).ok).toBe(true);
      const fleet = granted(world, seedOf(40), { audience: FLEET });
      const called = async () =>
        faultOf(
          await (await connected(world, fleet)).request({ op: "call", name: "setLamp", args: Uint8Array.of(0xa0) }),
        );
      expect(await called()).toBe("accepted");
      world.show({ kind: "button", heldMs: 3_000 });
      world.cutAfterStores = cutAfterStores;
      const holder = primitives.ed25519PublicKey(seedOf(41));
      await owner.request({ op: "resale", holder, airKey: new Uint8Array(32) });
      if (cutAfterStores === Number.POSITIVE_INFINITY) expect(await called()).toBe("GRANT_FLEET");
      world.restart();
      expect(await called()).toBe("GRANT_FLEET");
    }
  });
});

describe("a card that is over", () => {
  it("is replaced by a later grant, which revokes the consent, and by no earlier one", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    await owner.request({ op: "agree", agreed: true });
    await owner.request({ op: "revoke", delivery: revoke(world, 1, 0, ownersClaims(world).cti) });
    const earlier = await connected(world, granted(world, seedOf(40), { issuedAtS: NOW_S - 1 }));
    expect(faultOf(await earlier.request({ op: "grant" }))).toBe("SESSION_OWNER");
    const later = await connected(world, granted(world, seedOf(41), { issuedAtS: NOW_S + 1 }));
    expect((await later.request({ op: "grant" })).ok).toBe(true);
    expect(world.stored.has(OWN.fleetCalls)).toBe(false);
  });
});

describe("an issuer's risen floor", () => {
  it("brings back no link of another key that the issuer had revoked", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    // Passed on once, so that the unit itself signed the present owner's grant, on which the issuer's floor has no bearing.
    world.show({ kind: "button", heldMs: 3_000 });
    const [next, guests] = [seedOf(41), cti()];
    const sold = await owner.request({
      ...{ op: "resale", holder: primitives.ed25519PublicKey(next), airKey: new Uint8Array(32) },
    });
    if (!sold.ok) throw new Error(sold.fault);
    const buyer = { seed: next, chain: chainOf(sold.value as Uint8Array) };
    const guest = childOf(buyer, seedOf(9), { cti: guests });
    const session = await connected(world, buyer);
    expect((await session.request({ op: "revoke", delivery: revoke(world, 1, 0, guests) })).ok).toBe(true);
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
    expect((await session.request({ op: "revoke", delivery: revoke(world, 2, 1, new Uint8Array(0)) })).ok).toBe(true);
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
    world.restart();
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
  });
});

describe("a crowd of guests that revokes what it likes", () => {
  it("leaves a place for the owner's own word", async () => {
    const world = createWorld();
    const neighbour = childOf(ownerOf(world), seedOf(60), { scope: LEVEL.noFlash });
    let isFull = false;
    for (let i = 0; i < 20 && !isFull; i++) {
      const crowd = await connected(world, childOf(neighbour, seedOf(61 + i), { scope: LEVEL.noFlash }));
      const raised = faultOf(await crowd.request({ op: "raise-floor", epoch: 1 }));
      await crowd.close();
      if (raised === "SESSION_RATE") i--;
      isFull = raised === "REVOCATION_FULL";
      world.advance(1_200_000);
    }
    expect(isFull).toBe(true);
    const owner = await connected(world, ownerOf(world));
    expect((await owner.request({ op: "raise-floor", epoch: 1 })).ok).toBe(true);
    expect(faultOf(await connect(world, neighbour))).toBe("GRANT_EPOCH");
  });
});

describe("links that count their uses", () => {
  const use = async (session: Awaited<ReturnType<typeof connected>>) =>
    faultOf(await session.request({ op: "call", name: "setLamp", args: Uint8Array.of(0xa0) }));
  const once = { caveats: [{ kind: "uses", count: 1 }] } as const;

  it("are not used up by another guest who signs one with the same number", async () => {
    const world = createWorld();
    const number = cti();
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9), { cti: number, ...once }));
    const host = childOf(ownerOf(world), seedOf(60), { scope: LEVEL.noFlash });
    const double = await connected(world, childOf(host, seedOf(61), { cti: number, ...once }));
    expect([await use(double), await use(double)]).toEqual(["accepted", "CAVEAT_USES"]);
    expect([await use(guest), await use(guest)]).toEqual(["accepted", "CAVEAT_USES"]);
    world.restart();
    const again = await connected(world, childOf(ownerOf(world), seedOf(9), { cti: number, ...once }));
    expect(await use(again)).toBe("CAVEAT_USES");
  });

  it("keep places that no guest can fill with links of their own", async () => {
    const world = createWorld();
    const host = childOf(ownerOf(world), seedOf(60), { scope: LEVEL.noFlash });
    const faults: string[] = [];
    for (let i = 0; i < 20; i++) {
      const session = await connected(world, childOf(host, seedOf(61), once));
      faults.push(await use(session));
      await session.close();
      world.advance(3_000);
    }
    expect(faults).toEqual([...Array(16).fill("accepted"), ...Array(4).fill("CAVEAT_USES")]);
    world.restart();
    expect(await use(await connected(world, childOf(host, seedOf(61), once)))).toBe("CAVEAT_USES");
    expect(await use(await connected(world, childOf(ownerOf(world), seedOf(9), once)))).toBe("accepted");
  });
});
