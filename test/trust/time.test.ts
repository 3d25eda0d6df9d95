import { describe, expect, test } from "vitest";
import { checkDischarge, signDischarge } from "#trust/grants/discharge.ts";
import { issueChild } from "#trust/grants/mint.ts";
import { openChain } from "#trust/grants/open-chain.ts";
import { verifyChain } from "#trust/grants/verify-grant.ts";
import { checkTime, checkVouch, signTime } from "#trust/signed-time.ts";
import { acceptTime, floorToPersist, intervalOf, persisted, startTime, timeAt, widened } from "#trust/time-floor.ts";
import {
  call,
  childClaims,
  ctiOf,
  grantChain,
  guest,
  guestWith,
  installer,
  issuer,
  NOW,
  owner,
  ownerChain,
  person,
  primitives,
  trust,
  YEAR_S,
} from "./grants/household.ts";

const nonce = primitives.sha256(new Uint8Array(1)).slice(0, 16);
const other = nonce.map((byte) => byte ^ 1);
const clock = person("clock");
const timeKeys = [{ kid: Uint8Array.of(3), publicKey: clock.publicKey }];
const KID = Uint8Array.of(3);

function faultOf(result: { ok: boolean; fault?: string }): string {
  return result.ok ? "ok" : (result.fault as string);
}
function open(chain: Uint8Array) {
  const result = openChain(chain, trust);
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

describe("grades", () => {
  test("nothing, then a floor, then trusted; after a restart a floor again", () => {
    expect(timeAt(startTime(undefined, undefined), 0)).toEqual({ grade: "unknown" });
    const state = startTime(NOW - 900, NOW - 500);
    expect(timeAt(state, 1e9)).toEqual({ grade: "floor", earliestS: NOW - 500 });
    const told = acceptTime(state, NOW, 1000, 3000);
    if (!told.ok) throw new Error(told.fault);
    expect(timeAt(told.value, 3000)).toEqual({ grade: "trusted", earliestS: NOW, latestS: NOW + 4, ageS: 2 });
    const restarted = startTime(NOW - 900, floorToPersist(told.value) ?? NOW - 500);
    expect(timeAt(restarted, 0)).toMatchObject({ grade: "floor" });
  });

  test("the interval widens by the drift, and always holds the true time", () => {
    const told = acceptTime(startTime(0, undefined), NOW, 0, 500);
    if (!told.ok) throw new Error(told.fault);
    const month = 30 * 86400;
    for (const rate of [1 - 490e-6, 1, 1 + 490e-6]) {
      // The board counts `rate` seconds a second.
      const time = timeAt(told.value, 500 + month * rate * 1000);
      if (time.grade !== "trusted") throw new Error(time.grade);
      expect(time.earliestS).toBeLessThanOrEqual(NOW + month);
      expect(time.latestS).toBeGreaterThanOrEqual(NOW + month);
      expect(time.latestS - time.earliestS).toBeLessThan(month * 0.002);
    }
  });

  test("a second just below the floor, which its way here may explain, is taken and leaves the floor where it is", () => {
    const told = acceptTime(startTime(NOW, undefined), NOW - 1, 0, 2000);
    if (!told.ok) throw new Error(told.fault);
    expect(told.value.floorS).toBe(NOW);
    expect(timeAt(told.value, 2000)).toEqual({ grade: "trusted", earliestS: NOW, latestS: NOW + 3, ageS: 2 });
    expect(timeAt({ ...told.value, signed: undefined }, 2000)).toEqual({ grade: "floor", earliestS: NOW });
  });

  test("the past does not come back, and late answers don't count", () => {
    const state = startTime(NOW, undefined);
    expect(faultOf(acceptTime(state, NOW - 100, 0, 10))).toBe("TIME_BEFORE_FLOOR");
    expect(faultOf(acceptTime(state, NOW, 0, 60_001))).toBe("TIME_STALE");
    expect(faultOf(acceptTime(state, NOW, 10, 0))).toBe("TIME_STALE");
  });

  test("the floor goes to flash when it has risen enough, and never falls", () => {
    const state = startTime(NOW, NOW);
    const soon = acceptTime(state, NOW + 60, 0, 0);
    const later = acceptTime(state, NOW + 86400, 0, 0);
    if (!soon.ok || !later.ok) throw new Error("refused");
    expect(floorToPersist(soon.value)).toBeUndefined();
    expect(floorToPersist(later.value)).toBe(NOW + 86400);
    expect(floorToPersist(persisted(later.value))).toBeUndefined();
    expect(floorToPersist(startTime(NOW, undefined))).toBe(NOW);
  });
});

describe("signed time", () => {
  const good = signTime(clock, KID, { timeS: NOW, nonce });
  test("the maker's time key over this nonce, and nothing else", () => {
    expect(checkTime(primitives, good, nonce, timeKeys)).toEqual({ ok: true, value: NOW });
    expect(faultOf(checkTime(primitives, good, other, timeKeys))).toBe("TIME_NONCE");
    expect(
      faultOf(checkTime(primitives, signTime(clock, Uint8Array.of(4), { timeS: NOW, nonce }), nonce, timeKeys)),
    ).toBe("TIME_SIGNATURE");
    expect(faultOf(checkTime(primitives, signTime(guest, KID, { timeS: NOW, nonce }), nonce, timeKeys))).toBe(
      "TIME_SIGNATURE",
    );
    // An issuer is no clock, and a vouching raises no floor.
    expect(faultOf(checkTime(primitives, signTime(issuer, issuer.kid, { timeS: NOW, nonce }), nonce, timeKeys))).toBe(
      "TIME_SIGNATURE",
    );
    expect(faultOf(checkTime(primitives, signTime(clock, undefined, { timeS: NOW, nonce }), nonce, timeKeys))).toBe(
      "TIME_SIGNATURE",
    );
  });
});

describe("vouching", () => {
  const floor = { grade: "floor", earliestS: NOW - 1000 } as const;
  const until = { kind: "notAfter", timeS: NOW + 100 } as const;
  const guestOnly = guestWith(until);

  /** The floor-only verdict when the holder of a key vouches NOW for the links that it signed. */
  function vouchedVerdict(chain: Uint8Array, key: Uint8Array, timeS = NOW): string {
    const interval = intervalOf(timeS, 0, 100);
    if (!interval.ok) throw new Error(interval.fault);
    const vouched = [{ key, time: widened(interval.value, 100, floor.earliestS) }];
    return faultOf(verifyChain(chain, call, { ...trust, time: floor, vouched }));
  }

  test("the signer of a link, for that link alone", () => {
    const chain = open(guestOnly);
    const byOwner = signTime(owner, undefined, { timeS: NOW, nonce });
    expect(checkVouch(primitives, byOwner, nonce, chain, 1)).toEqual({ ok: true, value: NOW });
    expect(faultOf(checkVouch(primitives, byOwner, nonce, chain, 0))).toBe("TIME_SIGNATURE");
    expect(faultOf(checkVouch(primitives, byOwner, nonce, chain, 2))).toBe("TIME_SIGNATURE");
    expect(faultOf(checkVouch(primitives, byOwner, other, chain, 1))).toBe("TIME_NONCE");
    const byGuest = signTime(guest, undefined, { timeS: NOW, nonce });
    for (const link of [0, 1])
      expect(faultOf(checkVouch(primitives, byGuest, nonce, chain, link))).toBe("TIME_SIGNATURE");
    const withKid = signTime(owner, KID, { timeS: NOW, nonce });
    expect(faultOf(checkVouch(primitives, withKid, nonce, chain, 1))).toBe("TIME_SIGNATURE");
  });

  test("guests work after the maker is gone: the owner's time serves the conditions that the owner set", () => {
    expect(faultOf(verifyChain(guestOnly, call, { ...trust, time: floor }))).toBe("CAVEAT_TIME_UNKNOWN");
    expect(vouchedVerdict(guestOnly, owner.publicKey)).toBe("ok");
    expect(vouchedVerdict(guestOnly, owner.publicKey, NOW + 100)).toBe("CAVEAT_NOT_AFTER");
    expect(vouchedVerdict(guestOnly, issuer.publicKey)).toBe("CAVEAT_TIME_UNKNOWN");
  });

  test("it never serves another link's conditions", () => {
    const parent = issueChild(
      primitives,
      ownerChain,
      owner,
      childClaims("p", guest, { scope: [{ name: "*", rights: 31 }], caveats: [until] }),
    );
    const chain = issueChild(primitives, parent, guest, childClaims("c", installer, { caveats: [until] }));
    // The guest vouches for the link that the guest signed; the owner's condition above stays unproved.
    expect(vouchedVerdict(chain, guest.publicKey)).toBe("CAVEAT_TIME_UNKNOWN");
  });

  test("the unit's own trusted time goes before any word", () => {
    const interval = intervalOf(NOW, 0, 0);
    if (!interval.ok) throw new Error(interval.fault);
    const vouched = [{ key: owner.publicKey, time: widened(interval.value, 0, undefined) }];
    const time = { grade: "trusted", earliestS: NOW + 500, latestS: NOW + 501 } as const;
    expect(faultOf(verifyChain(guestOnly, call, { ...trust, time, vouched }))).toBe("CAVEAT_NOT_AFTER");
  });
});

describe("the hint of an Air broadcast", () => {
  const floor = { grade: "floor", earliestS: NOW - 1000 } as const;
  const unknown = { grade: "unknown" } as const;
  const guestUntil = issueChild(primitives, ownerChain, owner, childClaims("h", guest, { expiresAtS: NOW }));
  const verdict = (chain: Uint8Array, change: Partial<typeof trust>) =>
    faultOf(verifyChain(chain, call, { ...trust, ...change }));

  test("ends what a holder handed out, from its exp on, whatever little else is known", () => {
    for (const time of [unknown, floor]) {
      expect(verdict(guestUntil, { time })).toBe("ok");
      expect(verdict(guestUntil, { time, hintS: NOW - 1 })).toBe("ok");
      expect(verdict(guestUntil, { time, hintS: NOW })).toBe("GRANT_EXPIRED");
    }
  });

  test("widens nothing: no condition of time is proved by it, early or late", () => {
    for (const caveat of [
      { kind: "notAfter", timeS: NOW + 100 },
      { kind: "notBefore", timeS: NOW - 100 },
    ] as const) {
      const chain = guestWith(caveat);
      for (const hintS of [0, NOW, 2 ** 39]) {
        expect(verdict(chain, { time: unknown, hintS })).toBe("CAVEAT_TIME_UNKNOWN");
        expect(verdict(chain, { time: floor, hintS })).toBe(verdict(chain, { time: floor }));
      }
    }
    // What the floor has ended stays so under an early hint.
    expect(verdict(guestUntil, { time: { grade: "floor", earliestS: NOW }, hintS: 0 })).toBe("GRANT_EXPIRED");
  });

  test("never ends the grant that came with the card: a phone with a wrong clock shuts nobody out for good", () => {
    expect(verdict(ownerChain, { time: floor, hintS: 2 ** 40 - 1 })).toBe("ok");
    // Nor one that runs out by itself, as a card of twenty years does.
    const card = grantChain({ expiresAtS: NOW + 20 * YEAR_S });
    expect(verdict(card, { time: floor, hintS: 2 ** 40 - 1 })).toBe("ok");
    expect(verdict(card, { time: { grade: "floor", earliestS: NOW + 20 * YEAR_S } })).toBe("GRANT_EXPIRED");
  });

  test("gives way to a signed time, and to the word of the link's own signer", () => {
    const late = { grade: "trusted", earliestS: NOW - 20, latestS: NOW - 10 } as const;
    expect(verdict(guestUntil, { time: late, hintS: 2 ** 39 })).toBe("ok");
    expect(verdict(guestUntil, { time: floor, hintS: 2 ** 39, vouched: [{ key: owner.publicKey, time: late }] })).toBe(
      "ok",
    );
    expect(verdict(guestUntil, { time: floor, hintS: 2 ** 39, vouched: [{ key: issuer.publicKey, time: late }] })).toBe(
      "GRANT_EXPIRED",
    );
  });
});

describe("discharge", () => {
  const second = person("second factor");
  const chain = guestWith({ kind: "discharge", publicKey: second.publicKey, ageS: 60 });
  const good = signDischarge(second, { cti: ctiOf("guest"), nonce });

  test("a fresh statement by the named key about this link", () => {
    const discharged = checkDischarge(primitives, good, nonce, open(chain));
    if (!discharged.ok) throw new Error(discharged.fault);
    const ask = (ageS: number) => ({ ...call, discharged: [{ ...discharged.value, ageS }] });
    expect(faultOf(verifyChain(chain, call, trust))).toBe("CAVEAT_DISCHARGE");
    expect(faultOf(verifyChain(chain, ask(60), trust))).toBe("ok");
    expect(faultOf(verifyChain(chain, ask(61), trust))).toBe("CAVEAT_DISCHARGE");
  });

  test("no other key, nonce or link will do", () => {
    const sign = (signer: typeof second, cti: Uint8Array, over: Uint8Array) =>
      faultOf(checkDischarge(primitives, signDischarge(signer, { cti, nonce: over }), nonce, open(chain)));
    expect(sign(guest, ctiOf("guest"), nonce)).toBe("DISCHARGE_SIGNATURE");
    expect(sign(second, ctiOf("guest"), other)).toBe("DISCHARGE_NONCE");
    expect(sign(second, ctiOf("owner-grant"), nonce)).toBe("DISCHARGE_LINK");
    expect(faultOf(checkDischarge(primitives, good, nonce, open(ownerChain)))).toBe("DISCHARGE_LINK");
    // A key that two guests' caveats name is asked for each of them.
    const elsewhere = { cti: ctiOf("another guest"), publicKey: second.publicKey, ageS: 1 };
    expect(faultOf(verifyChain(chain, { ...call, discharged: [elsewhere] }, trust))).toBe("CAVEAT_DISCHARGE");
  });

  test("a link that asks for two keys' consent gets it from both or not at all", () => {
    const third = person("third factor");
    const both = guestWith(
      { kind: "discharge", publicKey: second.publicKey, ageS: 60 },
      { kind: "discharge", publicKey: third.publicKey, ageS: 60 },
    );
    const by = (signer: typeof second) => {
      const made = checkDischarge(primitives, signDischarge(signer, { cti: ctiOf("guest"), nonce }), nonce, open(both));
      if (!made.ok) throw new Error(made.fault);
      return { ...made.value, ageS: 1 };
    };
    const verdict = (...discharged: ReturnType<typeof by>[]) =>
      faultOf(verifyChain(both, { ...call, discharged }, trust));
    expect(verdict(by(second))).toBe("CAVEAT_DISCHARGE");
    expect(verdict(by(third), by(third))).toBe("CAVEAT_DISCHARGE");
    expect(verdict(by(second), by(third))).toBe("ok");
  });

  test("a time over the same nonce by the same key is no discharge", () => {
    const time = signTime(second, undefined, { timeS: NOW, nonce });
    expect(faultOf(checkDischarge(primitives, time, nonce, open(chain)))).toBe("DISCHARGE_SHAPE");
  });
});
