/** Sessions, delegation, revocation and the reissued card as a Maude model: searched, broken on purpose, and repeated with the code. */
import { describe, expect, it } from "vitest";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { reissue } from "#trust/grants/reissue.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { credentialItem, UNIT_KID } from "#wire/sessions/session.ts";
import { type Caller, childOf, connect, connected, faultOf, ownerOf } from "../device/gate/callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf } from "../device/gate/world.ts";
import { searchMaude } from "./maude.ts";

const MODEL = "test/models/sessions/sessions.maude";
const RULES = {
  ...{ unitProof: true, callerProof: true, namesUnit: true, audience: true, binding: true },
  ...{ delegating: true, narrowing: true, eachCall: true, adoptsOwn: true },
};
const BAD = "search [1] init =>* S:State such that bad(S:State)";
const without = (rule: keyof typeof RULES) => searchMaude(MODEL, { ...RULES, [rule]: false }, BAD);

describe("two units, two honest holders, one dishonest, three sessions, an attacker who is broker and network", () => {
  it("never come to a state in which a session is forged, a caller misled, a right taken or an owner displaced", async () => {
    const found = await searchMaude(MODEL, RULES, BAD);
    expect(found.isFound).toBe(false);
    expect(found.states).toBeGreaterThan(100_000);
  });

  it("come to the honest one, in which all three sessions are open", async () => {
    const goal =
      "search [1] init =>* { F:Facts, open(1, U1, x(1), C1:Chain, A), open(2, U1, e, C2:Chain, D), open(3, U2, x(2), C3:Chain, B) } " +
      "such that C1:Chain == gA1 and C2:Chain == gA1 ; cAD and C3:Chain == gB2";
    expect((await searchMaude(MODEL, RULES, goal)).isFound).toBe(true);
  });
});

const DISHONEST = seedOf(13);
const on = (session: Session) => call(session, "setLamp", { on: true });

/** Two units with their owners A and B. */
function twoUnits() {
  const [one, two] = [createWorld({ unitSeed: seedOf(51) }), createWorld({ unitSeed: seedOf(52) })];
  const [a, b] = [ownerOf(one), ownerOf(two)];
  return { one, two, a, b };
}
/** A fleet grant for the dishonest holder, as for a service that starts installs. */
const fleetGrant = (claims: object = {}): Caller => ({
  seed: DISHONEST,
  chain: chainOf(
    issueGrant(issuer, {
      ...{ audience: { kind: "fleet", name: "lamps" }, issuedAtS: NOW_S + 60, cti: cti(), epoch: 0, caveats: [] },
      ...{ holder: primitives.ed25519PublicKey(DISHONEST), scope: scopeOf({ "*": ["flash"] }) },
      ...claims,
    } as never),
  ),
});

it("the honest run opens the three sessions with the code", async () => {
  const { one, two, a, b } = twoUnits();
  const guest = childOf(a, DISHONEST);
  for (const [world, caller] of [
    [one, a],
    [one, guest],
    [two, b],
  ] as const) {
    expect((await on(await connected(world, caller, world.lan(`10.0.0.${caller.seed[0]}`)))).ok).toBe(true);
  }
});

describe("a model without one of the rules has an attack, which the code withstands", () => {
  it("a unit proves itself: an answer with another's key is not taken", async () => {
    expect((await without("unitProof")).state).toContain("done(");
    const { one, a } = twoUnits();
    const real = one.lan();
    const forged = {
      ...real,
      exchange: async (...[path, body]: Parameters<typeof real.exchange>) => {
        if (path !== "edhoc") return real.exchange(path, body);
        const message1 = readMessage1(body.subarray(1), [SUITE_4]);
        if (!message1.ok) throw new Error(message1.fault);
        const key = primitives.ed25519PublicKey(seedOf(51));
        const own = {
          id: kidMap(UNIT_KID),
          item: credentialItem(key),
          sign: (m: Uint8Array) => primitives.ed25519Sign(m, DISHONEST),
        };
        const responded = respond(primitives, message1.value, Uint8Array.of(0x20), own);
        return responded.ok ? { ok: true as const, value: responded.value.message2 } : responded;
      },
    };
    expect(faultOf(await connect(one, a, forged))).toBe("EDHOC_SIGNATURE");
  });

  it("a caller proves the chain's last key: a guest does not become the owner by the owner's grant", async () => {
    expect((await without("callerProof")).state).toMatch(/open\(\d, U\d, e, [^}]*, A\)/);
    const { one, a } = twoUnits();
    expect(faultOf(await connect(one, { seed: DISHONEST, chain: a.chain }))).toBe("EDHOC_SIGNATURE");
  });

  it("what is signed names the unit: what was meant for another unit is not taken", async () => {
    expect((await without("namesUnit")).state).toMatch(/open\(\d, U\d, x\(\d\)[^}]*UD|UD[^}]*open\(\d, U\d, x\(\d\)/);
    const { one, a } = twoUnits();
    // The attacker's own unit hands message 1 on to the real one.
    const key = primitives.ed25519PublicKey(DISHONEST);
    const real = one.lan();
    const misbound = {
      ...real,
      exchange: (...[path, body]: Parameters<typeof real.exchange>) =>
        path === "key" ? Promise.resolve({ ok: true as const, value: key }) : real.exchange(path, body),
    };
    expect(faultOf(await connect(one, a, misbound, deviceIdOf(primitives, key)))).toBe("EDHOC_SIGNATURE");
    expect(one.state.table.open).toHaveLength(0);
  });

  it("a grant names its unit: a guest of one is none of another", async () => {
    expect((await without("audience")).state).toMatch(/open\(3, U2, e, [^}]*, D\)/);
    const { two, a } = twoUnits();
    expect(faultOf(await connect(two, childOf(a, DISHONEST)))).toBe("GRANT_AUDIENCE");
  });

  it("a child is bound to its parent: a link is not moved beneath another grant of the same signer", async () => {
    expect((await without("binding")).state).toMatch(/open\(3, U2, e, [^}]*, D\)/);
    const { two, a, b } = twoUnits();
    const aAtTwo = childOf(b, a.seed, { scope: LEVEL.noFlash });
    const guest = childOf(a, DISHONEST);
    const linksOf = (chain: Uint8Array) => {
      const item = decodeCbor(chain, { bytesMax: 2048, depthMax: 8 });
      if (!item.ok) throw new Error(item.fault);
      return (item.value as [number, unknown[]])[1];
    };
    const links = [...linksOf(aAtTwo.chain), linksOf(guest.chain)[1]];
    const moved = { seed: DISHONEST, chain: encodeCbor([1, links] as never) };
    expect(faultOf(await connect(two, aAtTwo, two.lan("10.0.0.7")))).toBe("accepted");
    expect(faultOf(await connect(two, moved))).toBe("GRANT_SIGNATURE");
  });

  it("only who may delegate does: a service's accomplice is not let in", async () => {
    expect((await without("delegating")).state).toMatch(/open\(\d, U\d, e, [^}]*, Z\)/);
    const { one } = twoUnits();
    const service = fleetGrant();
    const accomplice = childOf(service, seedOf(14), { scope: scopeOf({ "*": ["flash"] }) });
    expect(faultOf(await connect(one, accomplice))).toBe("GRANT_DELEGATE");
  });

  it("a child is within its parent: a guest can't widen its own rights", async () => {
    expect((await without("narrowing")).state).toMatch(/open\(\d, U1, e, [^}]*, D\)/);
    const { one, a } = twoUnits();
    const guest = childOf(a, DISHONEST, { scope: scopeOf({ "*": ["call", "delegate"] }) });
    const wider = childOf(guest, DISHONEST, { scope: LEVEL.noFlash });
    expect(faultOf(await connect(one, wider))).toBe("GRANT_WIDENED");
    expect(faultOf(await connect(one, guest))).toBe("accepted");
  });

  it("each call is decided anew: who is revoked stays out of an open session", async () => {
    expect((await without("eachCall")).state).toContain("guest");
    const { one, a } = twoUnits();
    const number = cti();
    const guest = childOf(a, DISHONEST, { cti: number });
    const session = await connected(one, guest);
    const owner = await connected(one, a, one.lan("10.0.0.3"));
    expect((await on(session)).ok).toBe(true);
    const statement = signRevocation(issuer, issuer.kid, {
      ...{ audience: { kind: "device", id: one.id } as const, sequence: 1, floor: 0, revoked: joinCtis([number]) },
    });
    expect((await owner.request({ op: "revoke", delivery: encodeDelivery([{ statement }]) })).ok).toBe(true);
    const calls = one.calls.length;
    expect((await on(session)).ok).toBe(false);
    expect(one.calls).toHaveLength(calls);
    expect(faultOf(await connect(one, guest, one.lan("10.0.0.5")))).toBe("GRANT_REVOKED");
  });

  it("a card is adopted by a grant for this unit alone: a service does not become the owner of a lost one", async () => {
    expect((await without("adoptsOwn")).state).toMatch(/card[\s\S]*owns\(U2, link\(I, D, flash, fleet, root\)\)/);
    const { two, b } = twoUnits();
    const link = readGrant(two.owner.grant);
    if (!link.ok) throw new Error(link.fault);
    const owner = await connected(two, b);
    const claims = {
      ...{
        audience: { kind: "device", id: two.id } as const,
        issuedAtS: NOW_S + 60,
        cti: cti(),
        epoch: 0,
        caveats: [],
      },
      ...{ holder: primitives.ed25519PublicKey(seedOf(15)), scope: LEVEL.noFlash },
    };
    const made = reissue(issuer, claims, link.value.claims.cti, { sequence: 1, floor: 0 });
    await owner.request({ op: "revoke", delivery: encodeDelivery([{ statement: made.revocation }]) });
    await connect(two, fleetGrant({ scope: LEVEL.all }), two.lan("10.0.0.6"));
    expect(two.stored.get(PROVISIONED.ownerGrant)).toEqual(two.owner.grant);
    expect(faultOf(await connect(two, { seed: seedOf(15), chain: chainOf(made.grant) }, two.lan("10.0.0.7")))).toBe(
      "accepted",
    );
    expect(two.stored.get(PROVISIONED.ownerGrant)).toEqual(made.grant);
  });
});
