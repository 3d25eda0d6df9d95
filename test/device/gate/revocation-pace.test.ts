/** Rate limits on writing holders' revocations to flash. */
import { describe, expect, it } from "vitest";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

describe("a guest who may delegate keys", () => {
  const deputyOf = (world: World) => childOf(ownerOf(world), seedOf(9), { scope: LEVEL.noFlash });
  const raised = async (session: Session, epoch: number) =>
    faultOf(await session.request({ op: "raise-floor", epoch }));

  it("can't wear the flash out by raising a floor, nor by statements, nor keep the owner from either", async () => {
    const world = createWorld();
    const deputy = deputyOf(world);
    const session = await connected(world, deputy);
    for (let epoch = 1; epoch <= 8; epoch++) expect(await raised(session, epoch)).toBe("accepted");
    const stored = world.stored.get(OWN.revocations);
    expect(await raised(session, 9)).toBe("SESSION_RATE");
    const statement = (sequence: number) =>
      signRevocation(seedSigner(primitives, deputy.seed), undefined, {
        ...{ audience: { kind: "device", id: world.id } as const, sequence, floor: 0, revoked: cti() },
      });
    const carry = async (by: Session, sequence: number) => {
      const delivery = encodeDelivery([{ statement: statement(sequence), chain: deputy.chain }]);
      return faultOf(await by.request({ op: "revoke", delivery }));
    };
    expect(await carry(session, 1)).toBe("SESSION_RATE");
    // Another key of the same guest has no turns of its own.
    const second = await connected(world, childOf(deputy, seedOf(10), { scope: LEVEL.noFlash, epoch: 8 }));
    expect(await raised(second, 1)).toBe("SESSION_RATE");
    expect(world.stored.get(OWN.revocations)).toEqual(stored);
    // Another guest of the owner's has.
    const other = await connected(world, childOf(ownerOf(world), seedOf(11), { scope: LEVEL.noFlash }));
    expect(await raised(other, 1)).toBe("accepted");

    // The maker's word is still taken from anybody.
    const makers = signRevocation(issuer, issuer.kid, {
      ...{ audience: { kind: "device", id: world.id } as const, sequence: 1, floor: 0, revoked: cti() },
    });
    const delivery = encodeDelivery([{ statement: makers }]);
    expect(faultOf(await other.request({ op: "revoke", delivery }))).toBe("accepted");

    const owner = await connected(world, ownerOf(world), world.lan("10.0.0.9"));
    expect(await carry(owner, 1)).toBe("accepted");
    // A turn comes back every twenty minutes; sessions rest no longer than five.
    for (let i = 0; i < 6; i++) {
      world.advance(200_000);
      expect((await on(session)).ok).toBe(true);
    }
    expect([await raised(session, 9), await raised(session, 10)]).toEqual(["accepted", "SESSION_RATE"]);
    const again = await connected(world, ownerOf(world), world.lan("10.0.0.9"));
    expect(await raised(again, 1)).toBe("accepted");
  });
});

it("an owner's session can't wear the flash out by saying again where the unit is, what it may, which card", async () => {
  const world = createWorld();
  const owner = await connected(world, ownerOf(world));
  const asks = [
    { op: "place", place: [4_800_000, 1_100_000] },
    { op: "agree", agreed: true },
    { op: "air-key", airKey: new Uint8Array(32).fill(7) },
  ] as const;
  const faults: string[] = [];
  for (let i = 0; i < 20; i++) faults.push(faultOf(await owner.request(asks[i % 3] as (typeof asks)[0])));
  expect(faults).toEqual([...Array(16).fill("accepted"), ...Array(4).fill("SESSION_RATE")]);
  // What writes nothing is not paced.
  expect((await on(owner)).ok).toBe(true);
});

describe("a full list of keys", () => {
  it("takes no new holder's floor, raises those that it has, and still hears the maker", async () => {
    const world = createWorld();
    const raise = async (fill: number, epoch: number) => {
      const deputy = childOf(ownerOf(world), seedOf(fill), { scope: LEVEL.noFlash });
      const session = await connected(world, deputy, world.lan(`10.0.3.${fill}`));
      world.advance(3000);
      const answer = await session.request({ op: "raise-floor", epoch });
      await session.close();
      return faultOf(answer);
    };
    // Sixteen keys, of which one place is the maker's, one the unit's own, and one the owner's.
    for (let fill = 20; fill < 33; fill++) expect([fill, await raise(fill, 1)]).toEqual([fill, "accepted"]);
    expect(await raise(33, 1)).toBe("REVOCATION_FULL");
    expect(await raise(20, 2)).toBe("accepted");
    const revoked = cti();
    const makers = signRevocation(issuer, issuer.kid, {
      ...{ audience: { kind: "device", id: world.id } as const, sequence: 1, floor: 0, revoked },
    });
    const owner = await connected(world, ownerOf(world));
    const delivery = encodeDelivery([{ statement: makers }]);
    expect(faultOf(await owner.request({ op: "revoke", delivery }))).toBe("accepted");
    expect(faultOf(await connect(world, childOf(ownerOf(world), seedOf(40), { cti: revoked })))).toBe("GRANT_REVOKED");
  });
});
