/** What callers are told, and what then holds, when the unit's flash takes no more or gives back what can't be read. */
import { describe, expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { chainOf } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { type Caller, childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, NOW_S, seedOf, timeSigner, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });
const worn = (world: World) => {
  world.refuses = () => true;
};
const press = (world: World, heldMs: number) => world.show({ kind: "button", heldMs });
const guestOf = (world: World, claims: Partial<Claims> = {}) => childOf(ownerOf(world), seedOf(9), claims);
const GARBAGE = Uint8Array.of(0xff, 0xff);

/** The owner's statement that ends a guest's key, as the phone carries it. */
function revocationOf(world: World, revoked: Uint8Array) {
  const statement = signRevocation(seedSigner(primitives, world.owner.seed), undefined, {
    ...{ audience: { kind: "device", id: world.id } as const, sequence: 1, floor: 0, revoked },
  });
  return encodeDelivery([{ statement, chain: ownerOf(world).chain }]);
}

describe("a value that the flash does not take", () => {
  it("revocation: the owner is told so under the session's seal, and can try again", async () => {
    const world = createWorld();
    const revoked = cti();
    const guest = guestOf(world, { cti: revoked });
    const session = await connected(world, ownerOf(world));
    worn(world);
    const delivery = revocationOf(world, revoked);
    expect(faultOf(await session.request({ op: "revoke", delivery }))).toBe("STORE_FAILED");
    expect(world.stored.has(OWN.revocations)).toBe(false);
    world.refuses = () => false;
    // The same statement counts when it comes again, since the first time nothing came of it.
    expect(faultOf(await session.request({ op: "revoke", delivery }))).toBe("accepted");
    world.restart();
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
  });

  it("a delivery over the link is not told to the cloud as taken", () => {
    const world = createWorld();
    worn(world);
    world.show({ kind: "link-message", topic: "revocation", payload: revocationOf(world, cti()) });
    expect(world.emitted.some(({ kind }) => kind === "revocations-taken")).toBe(false);
  });

  it("a use that can't be counted is refused, and the app never hears of it", async () => {
    const world = createWorld();
    const session = await connected(world, guestOf(world, { caveats: [{ kind: "uses", count: 5 }] }));
    worn(world);
    expect(faultOf(await on(session))).toBe("STORE_FAILED");
    expect(world.calls).toEqual([]);
    world.refuses = () => false;
    expect((await on(session)).ok).toBe(true);
  });

  it("a session that would claim the unit does not open; one that changes nothing does", async () => {
    const world = createWorld();
    worn(world);
    expect(faultOf(await connect(world, ownerOf(world)))).toBe("STORE_FAILED");
    expect(world.state.table.open).toEqual([]);
    expect(world.stored.has(OWN.claimed)).toBe(false);
    expect((await on(await connected(world, guestOf(world)))).ok).toBe(true);
    world.refuses = () => false;
    expect((await connect(world, ownerOf(world), world.lan("10.0.0.7"))).ok).toBe(true);
    expect(world.stored.has(OWN.claimed)).toBe(true);
  });

  it("what the owner wills stays as it was: consent, air key, place, floor", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    const airKey = world.stored.get(PROVISIONED.airKey);
    worn(world);
    expect(faultOf(await session.request({ op: "agree", agreed: true }))).toBe("STORE_FAILED");
    expect(faultOf(await session.request({ op: "air-key", airKey: new Uint8Array(32).fill(1) }))).toBe("STORE_FAILED");
    expect(faultOf(await session.request({ op: "place", place: [1, 2] }))).toBe("STORE_FAILED");
    expect(faultOf(await session.request({ op: "raise-floor", epoch: 1 }))).toBe("STORE_FAILED");
    const { memory } = world.state;
    expect([memory?.fleetCalls, memory?.place, memory?.revocations]).toEqual([false, undefined, []]);
    expect(world.stored.get(PROVISIONED.airKey)).toEqual(airKey);
    // The session is as good as before.
    expect((await on(session)).ok).toBe(true);
  });

  it("signed time: the statement is not taken, and the link machine hears nothing of it", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    const nonce = await session.request({ op: "nonce" });
    const statement = signTime(timeSigner, Uint8Array.of(1), {
      ...{ timeS: NOW_S, nonce: (nonce as { value: Uint8Array }).value },
    });
    worn(world);
    expect(faultOf(await session.request({ op: "time", statement }))).toBe("STORE_FAILED");
    expect(world.emitted.some(({ kind }) => kind === "time-taken")).toBe(false);
  });

  it("resale: whichever write fails, the unit has one owner, who is who was told so", async () => {
    const writes = [OWN.resale, OWN.revocations, OWN.resoldAt, PROVISIONED.airKey, PROVISIONED.ownerGrant, OWN.place];
    for (const name of [...writes, "forgetting"]) {
      const world = createWorld();
      const next: Caller = { seed: seedOf(77), chain: new Uint8Array(0) };
      const owner = await connected(world, ownerOf(world));
      press(world, 4000);
      let isRecorded = false;
      world.refuses = (each) => {
        if (name === "forgetting") {
          // The record's second appearance is its end.
          const isEnd = each === OWN.resale && isRecorded;
          isRecorded ||= each === OWN.resale;
          return isEnd;
        }
        return each === name;
      };
      const holder = primitives.ed25519PublicKey(next.seed);
      const answer = await owner.request({ op: "resale", holder, airKey: new Uint8Array(32).fill(4) });
      expect(faultOf(answer), name).toBe(name === OWN.resale ? "STORE_FAILED" : "accepted");
      for (const restarts of [0, 1, 2]) {
        if (restarts > 0) world.restart();
        if (restarts === 2) world.refuses = () => false;
        if (restarts === 2) world.restart();
        const old = await connect(world, ownerOf(world), world.lan("10.0.0.6"));
        const sold = await connect(world, next, world.lan("10.0.0.7"));
        expect([old.ok, sold.ok], `${name}, ${restarts} restarts`).toEqual([!answer.ok, answer.ok]);
      }
      expect(world.stored.has(OWN.resale), name).toBe(false);
    }
  });

  it("an unfinished resale is finished before anything else is written", async () => {
    const world = createWorld();
    const next: Caller = { seed: seedOf(77), chain: new Uint8Array(0) };
    const owner = await connected(world, ownerOf(world));
    press(world, 4000);
    world.refuses = (name) => name === PROVISIONED.ownerGrant;
    const holder = primitives.ed25519PublicKey(next.seed);
    expect((await owner.request({ op: "resale", holder, airKey: new Uint8Array(32).fill(4) })).ok).toBe(true);
    const session = await connected(world, next);
    // Still no room for the new owner's grant: a floor that were written now would be lost at the next start.
    expect(faultOf(await session.request({ op: "raise-floor", epoch: 1 }))).toBe("STORE_FAILED");
    world.refuses = () => false;
    expect((await session.request({ op: "raise-floor", epoch: 1 })).ok).toBe(true);
    const grant = world.stored.get(PROVISIONED.ownerGrant) as Uint8Array;
    world.restart();
    const guest = childOf({ seed: next.seed, chain: chainOf(grant) }, seedOf(9));
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EPOCH");
  });
});

describe("a value that can't be read", () => {
  const spoiled = (name: string, prepare: (world: World) => void = () => undefined) => {
    const world = createWorld();
    prepare(world);
    world.stored.set(name, GARBAGE);
    world.restart();
    return world;
  };

  it("revocations: the owner's own grant alone opens sessions, and nothing is written over them", async () => {
    const world = spoiled(OWN.revocations);
    expect(faultOf(await connect(world, guestOf(world)))).toBe("STORE_UNREADABLE");
    const owner = await connected(world, ownerOf(world));
    expect((await on(owner)).ok).toBe(true);
    expect(faultOf(await owner.request({ op: "revoke", delivery: revocationOf(world, cti()) }))).toBe(
      "STORE_UNREADABLE",
    );
    expect(faultOf(await owner.request({ op: "raise-floor", epoch: 1 }))).toBe("STORE_UNREADABLE");
    press(world, 10_000);
    expect(world.stored.get(OWN.revocations)).toEqual(GARBAGE);
  });

  it("revocations: a resale still ends the old owner", async () => {
    const world = spoiled(OWN.revocations);
    const owner = await connected(world, ownerOf(world));
    press(world, 4000);
    const holder = primitives.ed25519PublicKey(seedOf(77));
    expect((await owner.request({ op: "resale", holder, airKey: new Uint8Array(32).fill(4) })).ok).toBe(true);
    for (let restarts = 0; restarts < 2; restarts++) {
      expect((await connect(world, ownerOf(world), world.lan("10.0.0.6"))).ok).toBe(false);
      expect((await connect(world, { seed: seedOf(77), chain: new Uint8Array(0) }, world.lan("10.0.0.7"))).ok).toBe(
        true,
      );
      world.restart();
    }
    expect(world.stored.get(OWN.revocations)).toEqual(GARBAGE);
  });

  it("counts of uses: every link that counts them is used up, others are not", async () => {
    const world = spoiled(OWN.usage);
    const counted = await connected(world, guestOf(world, { caveats: [{ kind: "uses", count: 5 }] }));
    expect(faultOf(await on(counted))).toBe("CAVEAT_USES");
    expect((await on(await connected(world, guestOf(world), world.lan("10.0.0.7")))).ok).toBe(true);
  });

  it("the time's floor: a guest's key that ends is over until the time is trusted; the owner is not locked out", async () => {
    const world = spoiled(OWN.timeFloor);
    const guest = guestOf(world, { expiresAtS: NOW_S + 3600 });
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EXPIRED");
    const owner = await connected(world, ownerOf(world));
    const nonce = await owner.request({ op: "nonce" });
    const statement = signTime(timeSigner, Uint8Array.of(1), {
      ...{ timeS: NOW_S, nonce: (nonce as { value: Uint8Array }).value },
    });
    expect((await owner.request({ op: "time", statement })).ok).toBe(true);
    expect((await on(await connected(world, guest, world.lan("10.0.0.7")))).ok).toBe(true);
    expect(world.stored.get(OWN.timeFloor)).toEqual(encodeCbor(NOW_S));
  });

  it("the moment of the last resale: older grants of the issuer are over, the owner's is not", async () => {
    const world = spoiled(OWN.resoldAt);
    expect((await on(await connected(world, ownerOf(world)))).ok).toBe(true);
  });

  it("the owner's consent: it was not given", () => {
    expect(spoiled(OWN.fleetCalls).state.memory?.fleetCalls).toBe(false);
  });

  it("the owner's grant: nobody is the owner", async () => {
    const world = spoiled(PROVISIONED.ownerGrant);
    expect((await connect(world, { seed: world.owner.seed, chain: new Uint8Array(0) })).ok).toBe(false);
  });

  it("issuers' keys: no grant of theirs counts", async () => {
    const world = spoiled(PROVISIONED.issuers);
    const other = { ...ownerOf(world), seed: seedOf(9) };
    expect(faultOf(await connect(world, other))).not.toBe("accepted");
  });

  it("the mark of the factory: the unit counts as provisioned, and its place as unknown", () => {
    expect(spoiled(OWN.provisioned).state.memory).toBeDefined();
    expect(spoiled(OWN.place).state.memory?.place).toBeUndefined();
    expect(spoiled(OWN.key).state.memory).toBeUndefined();
  });

  it("whether it is claimed: it is", () => {
    expect(spoiled(OWN.claimed).state.memory?.claimed).toBe(true);
  });
});
