/** How often what holders sign of revocation is written to flash. */
import { describe, expect, it } from "vitest";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

describe("a guest who may hand keys on", () => {
  const deputyOf = (world: World) => childOf(ownerOf(world), seedOf(9), { scope: LEVEL.noFlash });
  const raised = async (session: Session, epoch: number) =>
    faultOf(await session.request({ op: "raise-floor", epoch }));

  it("can't wear the flash out by raising his floor, nor by statements, nor keep the owner from either", async () => {
    const world = createWorld();
    const deputy = deputyOf(world);
    const session = await connected(world, deputy);
    for (let epoch = 1; epoch <= 16; epoch++) expect(await raised(session, epoch)).toBe("accepted");
    const stored = world.stored.get(OWN.revocations);
    expect(await raised(session, 17)).toBe("SESSION_RATE");
    const statement = (sequence: number) =>
      signRevocation(seedSigner(primitives, deputy.seed), undefined, {
        ...{ audience: { kind: "device", id: world.id } as const, sequence, floor: 0, revoked: cti() },
      });
    const carry = async (by: Session, sequence: number) => {
      const delivery = encodeDelivery([{ statement: statement(sequence), chain: deputy.chain }]);
      return faultOf(await by.request({ op: "revoke", delivery }));
    };
    expect(await carry(session, 1)).toBe("SESSION_RATE");
    // Another key of his has no turns of its own.
    const other = await connected(world, childOf(ownerOf(world), seedOf(10), { scope: LEVEL.noFlash }));
    expect(await raised(other, 1)).toBe("SESSION_RATE");
    expect(world.stored.get(OWN.revocations)).toEqual(stored);

    // The maker's word is still taken from anybody.
    const makers = signRevocation(issuer, issuer.kid, {
      ...{ audience: { kind: "device", id: world.id } as const, sequence: 1, floor: 0, revoked: cti() },
    });
    const delivery = encodeDelivery([{ statement: makers }]);
    expect(faultOf(await other.request({ op: "revoke", delivery }))).toBe("accepted");

    const owner = await connected(world, ownerOf(world), world.lan("10.0.0.9"));
    expect(await carry(owner, 1)).toBe("accepted");
    // A turn comes back every ten minutes; sessions rest no longer than five.
    for (let i = 0; i < 3; i++) {
      world.advance(200_000);
      expect((await on(session)).ok).toBe(true);
    }
    expect([await raised(session, 17), await raised(session, 18)]).toEqual(["accepted", "SESSION_RATE"]);
    const again = await connected(world, ownerOf(world), world.lan("10.0.0.9"));
    expect(await raised(again, 1)).toBe("accepted");
  });
});
