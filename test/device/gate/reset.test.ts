/** Reset by the button: what it ends, and what it must keep, so that a thief gains nothing. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

const described = async (session: Session) => {
  const answer = await session.request({ op: "describe" });
  return (answer.ok ? answer.value : new Map()) as Map<string, Cbor>;
};

const press = (world: World, heldMs: number) => world.show({ kind: "button", heldMs });

describe("reset by the button", () => {
  it("ends guests and sessions, and tells the other machines to forget theirs", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), seedOf(9));
    const open = await connected(world, guest);
    press(world, 10_000);
    expect(world.emitted).toContainEqual({ kind: "reset" });
    expect(faultOf(await on(open))).toBe("SESSION_UNKNOWN");
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EPOCH");
  });

  it("ends the owner's session as well, and revokes the owner's consent to fleet grants for good", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    expect(faultOf(await owner.request({ op: "agree", agreed: true }))).toBe("accepted");
    expect(world.stored.has(OWN.fleetCalls)).toBe(true);
    press(world, 10_000);
    expect(faultOf(await on(owner))).toBe("SESSION_UNKNOWN");
    expect(world.stored.has(OWN.fleetCalls)).toBe(false);
  });

  it("keeps the owner, the owner's keys, floors and revocations, so a thief gains nothing", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    await owner.request({ op: "raise-floor", epoch: 1 });
    const guest = childOf(ownerOf(world), seedOf(9));
    const kept = [OWN.key, OWN.claimed, PROVISIONED.ownerGrant, PROVISIONED.airKey, PROVISIONED.issuers];
    const before = kept.map((name) => world.stored.get(name));
    press(world, 10_000);
    world.restart();
    expect(kept.map((name) => world.stored.get(name))).toEqual(before);
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EPOCH");
    expect(faultOf(await connect(world, { seed: seedOf(66), chain: new Uint8Array(0) }))).toBe("EDHOC_SIGNATURE");
    const again = await connected(world, ownerOf(world));
    expect((await on(again)).ok).toBe(true);
    expect((await described(again)).get("floor")).toBe(2);
  });

  it("gives no guest any uses back", async () => {
    const world = createWorld();
    const caveats = [{ kind: "uses", count: 1 }] as const;
    const grant = { audience: { kind: "device", id: world.id }, issuedAtS: NOW_S, cti: cti(), epoch: 0 } as const;
    const holder = primitives.ed25519PublicKey(seedOf(9));
    const scope = scopeOf({ setLamp: ["call"] });
    const chain = chainOf(issueGrant(issuer, { ...grant, holder, scope, caveats }));
    const caller = { seed: seedOf(9), chain };
    expect((await on(await connected(world, caller))).ok).toBe(true);
    press(world, 10_000);
    world.restart();
    expect(faultOf(await on(await connected(world, caller)))).toBe("CAVEAT_USES");
  });

  it("happens once for one long press, however often the board tells of it", async () => {
    const world = createWorld();
    for (const heldMs of [9_000, 10_000, 11_000, 12_000]) {
      press(world, heldMs);
      world.advance(1000);
    }
    expect(world.emitted.filter(({ kind }) => kind === "reset")).toHaveLength(1);
    world.advance(60_000);
    press(world, 10_000);
    expect(world.emitted.filter(({ kind }) => kind === "reset")).toHaveLength(2);
  });

  it("doesn't happen on a short press", () => {
    const world = createWorld();
    press(world, 9_999);
    expect(world.emitted).toEqual([]);
  });
});
