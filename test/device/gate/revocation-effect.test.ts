/** A unit's answers to revocation statements without effect, and its list of what is revoked (PROTOCOL 4.8, 5.37). */
import { describe, expect, it } from "vitest";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, seedOf, type World } from "./world.ts";

describe("revocation", () => {
  const byIssuer = (world: World, revoked: Uint8Array, sequence = 1) =>
    encodeDelivery([
      {
        statement: signRevocation(issuer, issuer.kid, {
          audience: { kind: "device", id: world.id },
          sequence,
          floor: 0,
          revoked: joinCtis([revoked]),
        }),
      },
    ]);

  it("that a phone carries is refused when it changes nothing, and by another fault when it comes too late", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const [first, second] = [cti(), cti()];
    const carry = async (revoked: Uint8Array, sequence: number) =>
      faultOf(await owner.request({ op: "revoke", delivery: byIssuer(world, revoked, sequence) }));
    expect(await carry(first, 5)).toBe("accepted");
    const stored = world.stored.get(OWN.revocations);
    expect(await carry(first, 5)).toBe("REVOCATION_UNCHANGED");
    expect(await carry(first, 6)).toBe("REVOCATION_UNCHANGED");
    expect(await carry(second, 5)).toBe("REVOCATION_SEQUENCE");
    expect(await carry(second, 4)).toBe("REVOCATION_SEQUENCE");
    expect(world.stored.get(OWN.revocations)).toEqual(stored);
    expect(await carry(second, 6)).toBe("accepted");
  });

  it("that the cloud hands over is not said to be taken while one of its statements has no effect", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const [carried, late, next] = [cti(), cti(), cti()];
    expect((await owner.request({ op: "revoke", delivery: byIssuer(world, carried, 12) })).ok).toBe(true);
    const guest = childOf(ownerOf(world), seedOf(9), { cti: late });
    const other = childOf(ownerOf(world), seedOf(10), { cti: next });
    const statementOf = (revoked: Uint8Array, sequence: number) =>
      signRevocation(issuer, issuer.kid, {
        ...{ audience: { kind: "device", id: world.id } as const, sequence, floor: 0, revoked },
      });
    const show = (...statements: readonly Uint8Array[]) => {
      const payload = encodeDelivery(statements.map((statement) => ({ statement })));
      world.show({ kind: "link-message", topic: "revocation", payload });
    };
    const taken = () => world.emitted.filter(({ kind }) => kind === "revocations-taken").length;
    show(statementOf(late, 11), statementOf(next, 13));
    expect(taken()).toBe(0);
    expect(faultOf(await connect(world, other))).toBe("GRANT_REVOKED");
    expect(faultOf(await connect(world, guest))).toBe("accepted");
    show(statementOf(joinCtis([late, next]), 14));
    expect(taken()).toBe(1);
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
  });

  it("is told to whoever asks: the last sequence and floor of the own key, and which numbers are revoked", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const [mine, makers, none] = [cti(), cti(), cti()];
    const ask = async () => {
      const answer = await owner.request({ op: "revoked", ctis: joinCtis([mine, makers, none]) });
      return answer.ok ? answer.value : answer.fault;
    };
    expect(await ask()).toEqual([-1, 0, new Uint8Array(0)]);
    const statement = signRevocation(seedSigner(primitives, world.owner.seed), undefined, {
      ...{ audience: { kind: "device", id: world.id } as const, sequence: 7, floor: 1, revoked: mine },
    });
    const chain = ownerOf(world).chain as Uint8Array;
    const delivery = encodeDelivery([{ statement, chain }]);
    expect((await owner.request({ op: "revoke", delivery })).ok).toBe(true);
    expect((await owner.request({ op: "revoke", delivery: byIssuer(world, makers) })).ok).toBe(true);
    expect(await ask()).toEqual([7, 1, joinCtis([mine, makers])]);
    const odd = await owner.request({ op: "revoked", ctis: new Uint8Array(7) });
    expect(odd).toEqual({ ok: false, fault: "SESSION_REQUEST" });
  });
});
