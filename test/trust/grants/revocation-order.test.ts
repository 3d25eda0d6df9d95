/** Statements that come in the wrong order, twice, or too late to have their effect (PROTOCOL 4.7, 4.8). */
import { describe, expect, test } from "vitest";
import type { Result } from "#base/faults.ts";
import { entryOf, type RevocationList } from "#trust/grants/revocations.ts";
import { applyDelivery, applyRevocation, signRevocation } from "#trust/grants/revoke.ts";
import { encodeDelivery, joinCtis, type Revocation } from "#wire/grants/revocation.ts";
import { ctiOf, issuer, trust, unitId } from "./household.ts";

const NONE = new Uint8Array(0);
const device = { kind: "device", id: unitId } as const;
const byIssuer = (change: Partial<Revocation>) =>
  signRevocation(issuer, issuer.kid, { audience: device, sequence: 1, floor: 0, revoked: NONE, ...change });
const faultOf = (result: Result<unknown>) => (result.ok ? "ok" : result.fault);
function applied(result: Result<RevocationList>): RevocationList {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

describe("statements", () => {
  test("are numbered: one that comes too late to have its effect is told from one that is in force already", () => {
    const one = applied(applyRevocation([], byIssuer({ sequence: 7, revoked: ctiOf("a") }), trust));
    for (const sequence of [0, 6, 7]) {
      const late = byIssuer({ sequence, revoked: ctiOf("b") });
      expect(faultOf(applyRevocation(one, late, trust))).toBe("REVOCATION_SEQUENCE");
      expect(faultOf(applyRevocation(one, byIssuer({ sequence, floor: 1 }), trust))).toBe("REVOCATION_SEQUENCE");
    }
    for (const sequence of [0, 6, 7, 8]) {
      const known = byIssuer({ sequence, revoked: ctiOf("a") });
      expect(faultOf(applyRevocation(one, known, trust))).toBe("REVOCATION_UNCHANGED");
      expect(faultOf(applyRevocation(one, byIssuer({ sequence }), trust))).toBe("REVOCATION_UNCHANGED");
    }
    expect(faultOf(applyRevocation(one, byIssuer({ sequence: 8, revoked: ctiOf("b") }), trust))).toBe("ok");
    // The floor that rose took the old list with it, so that nobody can tell any more: the cloud repeats such a statement at each link.
    const risen = applied(applyRevocation(one, byIssuer({ sequence: 8, floor: 1 }), trust));
    expect(faultOf(applyRevocation(risen, byIssuer({ sequence: 7, revoked: ctiOf("a") }), trust))).toBe(
      "REVOCATION_UNCHANGED",
    );
  });

  test("of a delivery that were passed over without effect are reported, and the others are taken", () => {
    const last = applied(applyRevocation([], byIssuer({ sequence: 12, revoked: ctiOf("a") }), trust));
    const delivery = encodeDelivery([
      { statement: byIssuer({ sequence: 11, revoked: ctiOf("late") }) },
      { statement: byIssuer({ sequence: 13, revoked: ctiOf("b") }) },
    ]);
    const result = applyDelivery(delivery, { ...trust, revocations: last });
    expect(result.ok && result.value.passedOver).toBe("REVOCATION_SEQUENCE");
    const { revoked } = entryOf(result.ok ? result.value.revocations : [], issuer.publicKey);
    expect(revoked).toEqual(joinCtis([ctiOf("a"), ctiOf("b")]));
    const again = applyDelivery(encodeDelivery([{ statement: byIssuer({ revoked: ctiOf("a") }) }]), {
      ...trust,
      revocations: last,
    });
    expect(again).toEqual({ ok: true, value: { revocations: last, passedOver: undefined } });
    expect(again.ok && again.value.revocations).toBe(last);
  });
});
