/** Statements that a session brings to the unit: signed time, vouching, discharge (the second factor), revocation. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { signDischarge } from "#trust/grants/discharge.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { deliveryTagOf, encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, timeSigner, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });
const guestWith = (world: World, ...caveats: Caveat[]) => childOf(ownerOf(world), seedOf(9), { caveats });
const TIME_KID = Uint8Array.of(1);

async function nonceOf(session: Session): Promise<Uint8Array> {
  const answer = await session.request({ op: "nonce" });
  return (answer.ok ? answer.value : new Uint8Array(0)) as Uint8Array;
}

async function tellTime(session: Session, timeS: number, signer = timeSigner, kid: Uint8Array | undefined = TIME_KID) {
  const statement = signTime(signer, kid, { timeS, nonce: await nonceOf(session) });
  return session.request({ op: "time", statement });
}

describe("time", () => {
  it("signed by the maker over the unit's nonce makes time conditions decidable", async () => {
    const world = createWorld();
    const guest = guestWith(world, { kind: "notAfter", timeS: NOW_S + 600 });
    const session = await connected(world, guest);
    expect(faultOf(await on(session))).toBe("CAVEAT_TIME_UNKNOWN");
    expect((await tellTime(session, NOW_S)).ok).toBe(true);
    expect((await on(session)).ok).toBe(true);
    world.advance(200_000);
    expect((await on(session)).ok).toBe(true);
    world.advance(200_000);
    expect((await on(session)).ok).toBe(true);
    world.advance(250_000);
    expect(faultOf(await on(session))).toBe("CAVEAT_NOT_AFTER");
  });

  it("raises the floor for good, and can't be turned back", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    expect((await tellTime(session, NOW_S)).ok).toBe(true);
    expect(world.stored.has(OWN.timeFloor)).toBe(true);
    world.restart();
    const again = await connected(world, ownerOf(world));
    expect(faultOf(await tellTime(again, NOW_S - 86_400))).toBe("TIME_BEFORE_FLOOR");
    const described = await again.request({ op: "describe" });
    expect(described.ok && (described.value as Map<string, Cbor>).get("time")).toBe("floor");
  });

  it("of another key, an old nonce, or without any nonce is refused", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    const early = signTime(timeSigner, TIME_KID, { timeS: NOW_S, nonce: new Uint8Array(16) });
    expect(faultOf(await session.request({ op: "time", statement: early }))).toBe("TIME_NONCE");
    expect(faultOf(await tellTime(session, NOW_S, seedSigner(primitives, seedOf(66))))).toBe("TIME_SIGNATURE");
    const old = signTime(timeSigner, TIME_KID, { timeS: NOW_S, nonce: await nonceOf(session) });
    world.restart();
    const after = await connected(world, ownerOf(world));
    expect(faultOf(await after.request({ op: "time", statement: old }))).toBe("TIME_NONCE");
    const late = signTime(timeSigner, TIME_KID, { timeS: NOW_S, nonce: await nonceOf(after) });
    world.advance(60_001);
    expect(faultOf(await after.request({ op: "time", statement: late }))).toBe("TIME_STALE");
    expect(world.stored.has(OWN.timeFloor)).toBe(false);
  });

  it("vouched for by a link's signer counts for the links that it signed until a restart, and moves no floor of the unit", async () => {
    const world = createWorld();
    const guest = guestWith(world, { kind: "notAfter", timeS: NOW_S + 600 });
    const session = await connected(world, guest);
    const owner = seedSigner(primitives, world.owner.seed);
    const vouch = async (link: number, signer = owner) => {
      const statement = signTime(signer, undefined, { timeS: NOW_S, nonce: await nonceOf(session) });
      return session.request({ op: "vouch", link, statement });
    };
    expect(faultOf(await vouch(1, seedSigner(primitives, seedOf(9))))).toBe("TIME_SIGNATURE");
    expect(faultOf(await vouch(0))).toBe("TIME_SIGNATURE");
    expect(faultOf(await vouch(7))).toBe("TIME_SIGNATURE");
    expect(faultOf(await on(session))).toBe("CAVEAT_TIME_UNKNOWN");
    expect((await vouch(1)).ok).toBe(true);
    expect((await on(session)).ok).toBe(true);
    expect(world.stored.has(OWN.timeFloor)).toBe(false);
    const other = await connected(world, guest, world.relay());
    expect((await on(other)).ok).toBe(true);
    world.restart();
    expect(faultOf(await on(await connected(world, guest)))).toBe("CAVEAT_TIME_UNKNOWN");
  });

  it("ends a grant that has run out, in an open session too", async () => {
    const world = createWorld();
    const guest = childOf(ownerOf(world), seedOf(9), { expiresAtS: NOW_S + 100 });
    const session = await connected(world, guest);
    expect((await tellTime(session, NOW_S)).ok).toBe(true);
    expect((await on(session)).ok).toBe(true);
    world.advance(120_000);
    expect(faultOf(await on(session))).toBe("GRANT_EXPIRED");
    expect(faultOf(await session.request({ op: "nonce" }))).toBe("GRANT_EXPIRED");
    expect(faultOf(await connect(world, guest))).toBe("GRANT_EXPIRED");
  });
});

describe("the hint of an Air broadcast", () => {
  it("ends a guest's key that ran out while the unit lay in a drawer; leaves the owner's, no floor, and goes with the power", async () => {
    const world = createWorld({ buildS: NOW_S - 1000 });
    const guest = childOf(ownerOf(world), seedOf(9), { expiresAtS: NOW_S + 100 });
    const session = await connected(world, guest);
    expect((await on(session)).ok).toBe(true);
    world.show({ kind: "time-hinted", hintS: NOW_S + 90 });
    expect((await on(session)).ok).toBe(true);
    world.advance(10_000);
    expect(faultOf(await on(session))).toBe("GRANT_EXPIRED");
    expect((await on(await connected(world, ownerOf(world), world.relay()))).ok).toBe(true);
    expect(world.stored.has(OWN.timeFloor)).toBe(false);
    world.restart();
    expect((await on(await connected(world, guest))).ok).toBe(true);
    // What the maker signed goes before it, also where the hint was ahead.
    world.show({ kind: "time-hinted", hintS: NOW_S + 5000 });
    const owner = await connected(world, ownerOf(world), world.relay());
    expect((await tellTime(owner, NOW_S)).ok).toBe(true);
    expect((await on(await connected(world, guest, world.lan("192.0.2.9")))).ok).toBe(true);
  });
});

describe("a second factor", () => {
  const factor = seedSigner(primitives, seedOf(60));

  it("says yes over the unit's nonce, freshly, for this link", async () => {
    const world = createWorld();
    const linkCti = cti();
    const caveats = [{ kind: "discharge", publicKey: factor.publicKey, ageS: 60 }] as const;
    const session = await connected(world, childOf(ownerOf(world), seedOf(9), { cti: linkCti, caveats }));
    expect(faultOf(await on(session))).toBe("CAVEAT_DISCHARGE");
    const say = async (signer = factor, about = linkCti) => {
      const statement = signDischarge(signer, { cti: about, nonce: await nonceOf(session) });
      return session.request({ op: "discharge", statement });
    };
    expect(faultOf(await say(seedSigner(primitives, seedOf(9))))).toBe("DISCHARGE_SIGNATURE");
    expect(faultOf(await say(factor, cti()))).toBe("DISCHARGE_LINK");
    expect((await say()).ok).toBe(true);
    expect((await on(session)).ok).toBe(true);
    world.advance(61_000);
    expect(faultOf(await on(session))).toBe("CAVEAT_DISCHARGE");
    const used = signDischarge(factor, { cti: linkCti, nonce: await nonceOf(session) });
    await nonceOf(session);
    expect(faultOf(await session.request({ op: "discharge", statement: used }))).toBe("DISCHARGE_NONCE");
  });
});

describe("many second factors", () => {
  const factors = Array.from({ length: 6 }, (_, i) => seedSigner(primitives, seedOf(60 + i)));

  it("count together, and one who says yes again and again takes no other's yes away", async () => {
    const world = createWorld();
    const linkCti = cti();
    const caveats = factors.map(({ publicKey }) => ({ kind: "discharge" as const, publicKey, ageS: 60 }));
    const session = await connected(world, childOf(ownerOf(world), seedOf(9), { cti: linkCti, caveats }));
    const nonce = await nonceOf(session);
    for (const factor of factors) {
      expect(faultOf(await on(session))).toBe("CAVEAT_DISCHARGE");
      const statement = signDischarge(factor, { cti: linkCti, nonce });
      expect(faultOf(await session.request({ op: "discharge", statement }))).toBe("accepted");
    }
    expect(faultOf(await on(session))).toBe("accepted");
    for (let i = 0; i < 8; i++) {
      const statement = signDischarge(factors[0] ?? issuer, { cti: linkCti, nonce: await nonceOf(session) });
      expect(faultOf(await session.request({ op: "discharge", statement }))).toBe("accepted");
    }
    expect(faultOf(await on(session))).toBe("accepted");
    // Whoever says yes all day fills no memory: one of each is kept.
    expect(world.state.table.open.map(({ discharged }) => discharged.length)).toEqual([factors.length]);
  });
});

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

  it("carried by a phone ends a session at once, and stays", async () => {
    const world = createWorld();
    const linkCti = cti();
    const guest = childOf(ownerOf(world), seedOf(9), { cti: linkCti });
    const session = await connected(world, guest);
    const owner = await connected(world, ownerOf(world));
    expect((await owner.request({ op: "revoke", delivery: byIssuer(world, linkCti) })).ok).toBe(true);
    expect(faultOf(await on(session))).toBe("SESSION_UNKNOWN");
    world.restart();
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
  });

  it("retained on the broker does the same without anyone near", async () => {
    const world = createWorld();
    const linkCti = cti();
    const guest = childOf(ownerOf(world), seedOf(9), { cti: linkCti });
    await connected(world, guest);
    world.show({ kind: "link-message", topic: "all/revocation", payload: byIssuer(world, linkCti) });
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
    world.show({ kind: "link-message", topic: "all/revocation", payload: new Uint8Array(3) });
    expect((await connect(world, ownerOf(world))).ok).toBe(true);
  });

  it("handed over by the cloud does the same, and the unit says which it took; what it refuses it says nothing of", async () => {
    const world = createWorld();
    const linkCti = cti();
    const guest = childOf(ownerOf(world), seedOf(9), { cti: linkCti });
    await connected(world, guest);
    const delivery = byIssuer(world, linkCti);
    const tag = deliveryTagOf(primitives.sha256, delivery);
    const taken = () => world.emitted.filter(({ kind }) => kind === "revocations-taken");
    world.show({ kind: "link-message", topic: "revocation", payload: delivery });
    expect(taken()).toEqual([{ kind: "revocations-taken", tag }]);
    expect(faultOf(await connect(world, guest))).toBe("GRANT_REVOKED");
    // Told again after a restart, it is old news, and taken all the same.
    world.restart();
    world.show({ kind: "link-message", topic: "revocation", payload: delivery });
    expect(taken()).toHaveLength(2);
    const foreign = delivery.slice();
    foreign[foreign.length - 1] = (foreign[foreign.length - 1] as number) ^ 1;
    world.show({ kind: "link-message", topic: "revocation", payload: foreign });
    expect(taken()).toHaveLength(2);
  });

  it("that is no statement of anyone's is refused", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const stranger = { ...seedSigner(primitives, seedOf(66)), kid: Uint8Array.of(1) };
    const revocation = { audience: { kind: "device", id: world.id }, sequence: 1, floor: 0, revoked: cti() } as const;
    const delivery = encodeDelivery([{ statement: signRevocation(stranger, stranger.kid, revocation) }]);
    expect(faultOf(await owner.request({ op: "revoke", delivery }))).toBe("REVOCATION_SIGNATURE");
    expect(world.stored.has(OWN.revocations)).toBe(false);
  });
});
