import { describe, expect, test } from "vitest";
import type { Result } from "#base/faults.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { openChain } from "#trust/grants/open-chain.ts";
import { reissue } from "#trust/grants/reissue.ts";
import { resell, withoutGuests } from "#trust/grants/resale.ts";
import { encodeRevocations, entryOf, type RevocationList, readRevocations } from "#trust/grants/revocations.ts";
import { applyDelivery, applyRevocation, signRevocation } from "#trust/grants/revoke.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import type { Signer } from "#trust/signer.ts";
import { encodeDelivery, joinCtis, type Revocation } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import {
  call,
  childClaims,
  ctiOf,
  grantChain,
  guest,
  guestChain,
  installer,
  issuer,
  NOW,
  owner,
  ownerChain,
  ownerClaims,
  person,
  primitives,
  trust,
  unitId,
  unitKey,
} from "./household.ts";

const NONE = new Uint8Array(0);
const device = { kind: "device", id: unitId } as const;
const statement = (change: Partial<Revocation>) => ({
  ...{ audience: device, sequence: 1, floor: 0, revoked: NONE, ...change },
});
const byIssuer = (change: Partial<Revocation>) => signRevocation(issuer, issuer.kid, statement(change));
const byHolder = (signer: Signer, change: Partial<Revocation>) => signRevocation(signer, undefined, statement(change));

const faultOf = (result: Result<unknown>) => (result.ok ? "ok" : result.fault);
function applied(result: Result<RevocationList>): RevocationList {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}
function delivered(delivery: Uint8Array, known: Partial<Trust> = {}): RevocationList {
  const result = applyDelivery(delivery, { ...trust, ...known });
  if (!result.ok) throw new Error(result.fault);
  return result.value.revocations;
}
function verdict(chain: Uint8Array, known: Partial<Trust>): string {
  return faultOf(verifyChain(chain, call, { ...trust, ...known }));
}
function open(chain: Uint8Array) {
  const result = openChain(chain, trust);
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

/** The owner lets a neighbour invite; the neighbour invites a child. */
const neighbour = person("neighbour");
const neighbourChain = issueChild(
  primitives,
  ownerChain,
  owner,
  childClaims("neighbour", neighbour, { scope: LEVEL.noFlash }),
);
const childChain = issueChild(primitives, neighbourChain, neighbour, childClaims("child", guest));

describe("by cti", () => {
  test("an issuer revokes any link", () => {
    for (const [revoked, dies, lives] of [
      ["owner-grant", ownerChain, undefined],
      ["neighbour", neighbourChain, ownerChain],
      ["child", childChain, neighbourChain],
    ] as const) {
      const revocations = applied(applyRevocation([], byIssuer({ revoked: ctiOf(revoked) }), trust));
      expect(verdict(dies, { revocations })).toBe("GRANT_REVOKED");
      if (lives !== undefined) expect(verdict(lives, { revocations })).toBe("ok");
    }
    const revocations = applied(applyRevocation([], byIssuer({ revoked: ctiOf("owner-grant") }), trust));
    expect(verdict(childChain, { revocations })).toBe("GRANT_REVOKED");
  });

  test("a holder revokes links beneath the holder's own, and no others", () => {
    const own = applied(
      applyRevocation([], byHolder(neighbour, { revoked: ctiOf("child") }), trust, open(neighbourChain)),
    );
    expect(verdict(childChain, { revocations: own })).toBe("GRANT_REVOKED");
    expect(verdict(neighbourChain, { revocations: own })).toBe("ok");
    // Naming the holder's own link, the parent's or a cousin's changes nothing.
    const cousin = issueChild(primitives, ownerChain, owner, childClaims("cousin", guest));
    const others = joinCtis([ctiOf("neighbour"), ctiOf("owner-grant"), ctiOf("cousin")]);
    const wide = applied(applyRevocation([], byHolder(neighbour, { revoked: others }), trust, open(neighbourChain)));
    for (const chain of [ownerChain, neighbourChain, cousin]) expect(verdict(chain, { revocations: wide })).toBe("ok");
    const byOwner = applied(applyRevocation([], byHolder(owner, { revoked: others }), trust, open(ownerChain)));
    expect(verdict(cousin, { revocations: byOwner })).toBe("GRANT_REVOKED");
    expect(verdict(childChain, { revocations: byOwner })).toBe("GRANT_REVOKED");
    expect(verdict(ownerChain, { revocations: byOwner })).toBe("ok");
  });

  test("a later statement adds; a holder's list lasts until the floor has risen over it", () => {
    const byOwner = (known: RevocationList, change: Partial<Revocation>) =>
      applied(applyRevocation(known, byHolder(owner, change), trust, open(ownerChain)));
    const second = byOwner(byOwner([], { revoked: ctiOf("neighbour") }), { sequence: 2, revoked: ctiOf("x") });
    expect(verdict(neighbourChain, { revocations: second })).toBe("GRANT_REVOKED");
    const third = byOwner(second, { sequence: 3, floor: 1 });
    expect(entryOf(third, owner.publicKey).revoked).toEqual(NONE);
    expect(verdict(neighbourChain, { revocations: third })).toBe("GRANT_EPOCH");
  });

  test("an issuer's list outlives its floor: what other keys signed stays revoked", () => {
    const revoked = ctiOf("neighbour");
    const first = applied(applyRevocation([], byIssuer({ revoked }), trust));
    const renewed = issueChild(primitives, grantChain({ epoch: 1 }), owner, childClaims("neighbour", neighbour));
    expect(verdict(renewed, { revocations: first })).toBe("GRANT_REVOKED");
    const risen = applied(applyRevocation(first, byIssuer({ sequence: 2, floor: 1 }), trust));
    expect(verdict(ownerChain, { revocations: risen })).toBe("GRANT_EPOCH");
    expect(verdict(renewed, { revocations: risen })).toBe("GRANT_REVOKED");
    // What comes late names links that no floor has ended.
    const late = byIssuer({ revoked: ctiOf("cousin") });
    expect(faultOf(applyRevocation(risen, late, trust))).toBe("REVOCATION_SEQUENCE");
  });

  test("never by hash: another grant with the same cti is the same to the list", () => {
    const revocations = applied(applyRevocation([], byIssuer({ revoked: ctiOf("owner-grant") }), trust));
    expect(verdict(grantChain({ issuedAtS: NOW }), { revocations })).toBe("GRANT_REVOKED");
  });
});

describe("by floor", () => {
  test("an owner who raises the floor ends every guest, and the card survives", () => {
    const revocations = applied(applyRevocation([], byHolder(owner, { floor: 1 }), trust, open(ownerChain)));
    expect(verdict(guestChain(), { revocations })).toBe("GRANT_EPOCH");
    expect(verdict(childChain, { revocations })).toBe("GRANT_EPOCH");
    expect(verdict(ownerChain, { revocations })).toBe("ok");
    expect(verdict(guestChain({ epoch: 1 }), { revocations })).toBe("ok");
  });

  test("a floor is the signing key's own", () => {
    const revocations = applied(applyRevocation([], byHolder(neighbour, { floor: 1 }), trust, open(neighbourChain)));
    expect(verdict(childChain, { revocations })).toBe("GRANT_EPOCH");
    expect(verdict(guestChain(), { revocations })).toBe("ok");
    expect(verdict(neighbourChain, { revocations })).toBe("ok");
  });

  test("it rises by exactly one, and never falls", () => {
    expect(faultOf(applyRevocation([], byIssuer({ floor: 2 }), trust))).toBe("REVOCATION_FLOOR");
    const one = applied(applyRevocation([], byIssuer({ floor: 1 }), trust));
    expect(faultOf(applyRevocation(one, byIssuer({ sequence: 2, floor: 3 }), trust))).toBe("REVOCATION_FLOOR");
    const two = applied(applyRevocation(one, byIssuer({ sequence: 2, floor: 2 }), trust));
    const same = applied(applyRevocation(two, byIssuer({ sequence: 3, floor: 0, revoked: ctiOf("x") }), trust));
    expect(entryOf(same, issuer.publicKey).floor).toBe(2);
    expect(verdict(grantChain({ epoch: 1 }), { revocations: same })).toBe("GRANT_EPOCH");
    expect(verdict(grantChain({ epoch: 2 }), { revocations: same })).toBe("ok");
  });
});

describe("statements", () => {
  test("need a known signer, a good signature and this unit", () => {
    const list = { revoked: ctiOf("owner-grant") };
    expect(faultOf(applyRevocation([], signRevocation(issuer, Uint8Array.of(9), statement(list)), trust))).toBe(
      "REVOCATION_SIGNER",
    );
    expect(faultOf(applyRevocation([], signRevocation(guest, issuer.kid, statement(list)), trust))).toBe(
      "REVOCATION_SIGNATURE",
    );
    expect(faultOf(applyRevocation([], byHolder(owner, list), trust))).toBe("REVOCATION_SIGNER");
    expect(faultOf(applyRevocation([], byHolder(guest, list), trust, open(ownerChain)))).toBe("REVOCATION_SIGNATURE");
    // A guest without the right to delegate has no links beneath to revoke.
    expect(faultOf(applyRevocation([], byHolder(guest, list), trust, open(guestChain())))).toBe("REVOCATION_SIGNATURE");
    const elsewhere = { ...list, audience: { kind: "device", id: new Uint8Array(12) } } as const;
    expect(faultOf(applyRevocation([], byIssuer(elsewhere), trust))).toBe("REVOCATION_AUDIENCE");
    const fleet = { ...list, audience: { kind: "fleet", name: "acme" } } as const;
    expect(faultOf(applyRevocation([], byIssuer(fleet), trust))).toBe("ok");
  });

  test("never outgrow the unit: 64 ctis a key, 16 keys, the last places kept for issuers", () => {
    const many = joinCtis(Array.from({ length: 64 }, (_, i) => ctiOf(`r${i}`)));
    const full = applied(applyRevocation([], byIssuer({ revoked: many }), trust));
    for (const floor of [0, 1]) {
      const more = byIssuer({ sequence: 2, floor, revoked: ctiOf("one more") });
      expect(faultOf(applyRevocation(full, more, trust))).toBe("REVOCATION_FULL");
    }
    expect(faultOf(applyRevocation(full, byIssuer({ sequence: 2, floor: 1 }), trust))).toBe("ok");
    const owners = applied(applyRevocation([], byHolder(owner, { revoked: many }), trust, open(ownerChain)));
    const emptied = byHolder(owner, { sequence: 2, floor: 1, revoked: ctiOf("one more") });
    expect(faultOf(applyRevocation(owners, emptied, trust, open(ownerChain)))).toBe("ok");
    let revocations: RevocationList = [];
    for (let i = 0; i < 14; i++) {
      const holder = person(`crowd ${i}`);
      const chain = issueChild(primitives, ownerChain, owner, childClaims(`c${i}`, holder, { scope: LEVEL.noFlash }));
      revocations = applied(applyRevocation(revocations, byHolder(holder, { floor: 1 }), trust, open(chain)));
    }
    expect(faultOf(applyRevocation(revocations, byHolder(owner, { floor: 1 }), trust, open(ownerChain)))).toBe(
      "REVOCATION_FULL",
    );
    revocations = applied(applyRevocation(revocations, byIssuer({ floor: 1 }), trust));
    // A reset and a resale find room nevertheless, and all of it comes back after a restart.
    const next = { holder: installer.publicKey, cti: ctiOf("next") };
    const known = { ...trust, revocations: withoutGuests(revocations, owner.publicKey) };
    const sold = resell(unitKey, open(ownerChain), next, known);
    expect(sold.revocations).toHaveLength(17);
    expect(readRevocations(encodeRevocations(sold.revocations))).toEqual({ ok: true, value: sold.revocations });
  });

  test("are stored and read back", () => {
    const revocations = applied(applyRevocation([], byIssuer({ floor: 1, revoked: ctiOf("x") }), trust));
    expect(readRevocations(encodeRevocations(revocations))).toEqual({ ok: true, value: revocations });
    expect(faultOf(readRevocations(Uint8Array.of(0x81, 0x80)))).toBe("REVOCATION_SHAPE");
  });

  test("arrive in deliveries: retained by the broker, or carried by a phone with the signer's chain", () => {
    const delivery = encodeDelivery([
      { statement: byIssuer({ sequence: 1, floor: 1, revoked: NONE }) },
      { statement: byIssuer({ sequence: 2, floor: 2 }) },
      { statement: byIssuer({ sequence: 2, floor: 2 }) },
    ]);
    const revocations = delivered(delivery);
    expect(entryOf(revocations, issuer.publicKey)).toMatchObject({ sequence: 2, floor: 2 });
    expect(faultOf(applyDelivery(encodeDelivery([{ statement: byHolder(owner, {}) }]), trust))).toBe(
      "REVOCATION_SIGNER",
    );
    const carried = encodeDelivery([{ statement: byHolder(owner, { floor: 1 }), chain: ownerChain }]);
    expect(entryOf(delivered(carried), owner.publicKey).floor).toBe(1);
    // A revoked holder revokes nobody.
    expect(faultOf(applyDelivery(carried, { ...trust, revocations }))).toBe("GRANT_EPOCH");
  });
});

test("lost paper: a reissue gives a new grant and ends the old one", () => {
  const next = person("owner, new card");
  const claims = ownerClaims({ cti: ctiOf("second"), holder: next.publicKey, issuedAtS: NOW });
  const { grant, revocation } = reissue(issuer, claims, ctiOf("owner-grant"), { sequence: NOW, floor: 0 });
  const revocations = applied(applyRevocation([], revocation, trust));
  expect(verdict(ownerChain, { revocations })).toBe("GRANT_REVOKED");
  expect(verdict(guestChain(), { revocations })).toBe("GRANT_REVOKED");
  expect(verdict(chainOf(grant), { revocations })).toBe("ok");
});

describe("resale", () => {
  const buyer = person("buyer");
  const sold = resell(unitKey, open(ownerChain), { holder: buyer.publicKey, cti: ctiOf("sold") }, trust);
  const after: Partial<Trust> = { revocations: sold.revocations, resoldAtS: sold.resoldAtS };

  test("the new holder's chain works, with the old grant's rights; old chains die", () => {
    expect(verdict(chainOf(sold.grant), after)).toBe("ok");
    const flash = { right: "flash", arrival: "lan" } as const;
    expect(faultOf(verifyChain(chainOf(sold.grant), flash, { ...trust, ...after }))).toBe("GRANT_FLASH");
    expect(verdict(ownerChain, after)).toBe("GRANT_RESOLD");
    expect(verdict(guestChain(), after)).toBe("GRANT_RESOLD");
    // Also one that the maker had reissued to the seller before.
    expect(verdict(grantChain({ cti: ctiOf("earlier"), issuedAtS: NOW - 1 }), after)).toBe("GRANT_RESOLD");
  });

  test("the maker's exception still works after it, and fleet grants are not touched", () => {
    expect(verdict(grantChain({ cti: ctiOf("reissued"), issuedAtS: NOW }), after)).toBe("ok");
    const fleet = grantChain({ audience: { kind: "fleet", name: "acme" } });
    expect(verdict(fleet, { ...after, fleetCalls: true })).toBe("ok");
  });

  test("it can be sold again and again; nobody gets it back", () => {
    let known = { ...trust, ...after } as Trust;
    let chain = chainOf(sold.grant);
    const past = [chain];
    for (const name of ["third", "fourth", "fifth", "sixth"]) {
      const opened = openChain(chain, known);
      if (!opened.ok) throw new Error(opened.fault);
      const next = resell(unitKey, opened.value, { holder: person(name).publicKey, cti: ctiOf(name) }, known);
      known = { ...known, revocations: next.revocations, resoldAtS: next.resoldAtS };
      chain = chainOf(next.grant);
      expect(verdict(chain, known)).toBe("ok");
      for (const old of past) expect(verdict(old, known)).toBe("GRANT_EPOCH");
      past.push(chain);
    }
    expect(verdict(ownerChain, known)).toBe("GRANT_RESOLD");
  });

  test("without any knowledge of the time it ends at least the seller's own grant", () => {
    const blind = { ...trust, time: { grade: "unknown" } } as const;
    const quiet = resell(unitKey, open(ownerChain), { holder: buyer.publicKey, cti: ctiOf("sold") }, blind);
    const known = { ...blind, revocations: quiet.revocations, resoldAtS: quiet.resoldAtS };
    expect(verdict(ownerChain, known)).toBe("GRANT_RESOLD");
    expect(verdict(chainOf(quiet.grant), known)).toBe("ok");
  });
});

test("a reset ends the guests of the current owner, and leaves floors and the owner's grant", () => {
  const raised = applied(applyRevocation([], byHolder(owner, { floor: 1 }), trust, open(ownerChain)));
  const revocations = withoutGuests(raised, owner.publicKey);
  expect(verdict(guestChain({ epoch: 1 }), { revocations })).toBe("GRANT_EPOCH");
  expect(verdict(guestChain({ epoch: 2 }), { revocations })).toBe("ok");
  expect(verdict(ownerChain, { revocations })).toBe("ok");
  expect(entryOf(revocations, owner.publicKey).sequence).toBe(1);
});

test("a unit's key signs for no other unit", () => {
  const foreign = issueGrant({ ...installer, kid: Uint8Array.of(0) }, ownerClaims());
  expect(verdict(chainOf(foreign), {})).toBe("GRANT_SIGNATURE");
});
