/** Revokes links at the unit itself, and reports success only after reading the result back from the unit. */
import { equal } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { chainOf } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import type { Primitives } from "#trust/primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { encodeDelivery, isCtis, joinCtis, REVOKED_MAX, splitCtis } from "#wire/grants/revocation.ts";
import type { Session } from "./session.ts";

/** What a unit holds of the revocations that the session's key signed (PROTOCOL 5.37). */
interface Revoked {
  /** Of the last statement; -1 before the first. */
  readonly sequence: number;
  readonly floor: number;
  /** Which of the ctis that were asked about are revoked, by this key or by an issuer. */
  readonly ctis: readonly Uint8Array[];
}

/** Asks the unit which of these links it holds for revoked; any number, in as many requests as it takes. */
export async function revokedAt(session: Session, ctis: readonly Uint8Array[]): Promise<Result<Revoked>> {
  let told: Revoked | undefined;
  for (let at = 0; told === undefined || at < ctis.length; at += REVOKED_MAX) {
    const answer = await session.request({ op: "revoked", ctis: joinCtis(ctis.slice(at, at + REVOKED_MAX)) });
    if (!answer.ok) return answer;
    const [sequence, floor, revoked] = Array.isArray(answer.value) ? (answer.value as readonly Cbor[]) : [];
    if (typeof sequence !== "number" || typeof floor !== "number" || revoked === undefined || !isCtis(revoked)) {
      return refuse("SESSION_ANSWER");
    }
    told = { sequence, floor, ctis: [...(told?.ctis ?? []), ...splitCtis(revoked)] };
  }
  return ok(told);
}

const includesAll = ({ ctis: revoked }: Revoked, ctis: readonly Uint8Array[]): boolean =>
  ctis.every((cti) => revoked.some((each) => equal(each, cti)));

/** Another phone with the same card may take the sequence that we were about to use. */
const TRIES = 4;
/** How a unit says that another statement was faster. */
const OVERTAKEN: readonly Fault[] = ["REVOCATION_SEQUENCE", "REVOCATION_UNCHANGED"];

/**
 * Revokes links beneath the owner's grant: a statement signed by the card's key, with the sequence after the last one that
 * the unit took. No clock is asked, so a wrong one does no harm.
 * @returns Whether it was news to the unit, once the unit says that each of these links is revoked; or why it is not.
 */
export async function revokeLinks(
  primitives: Primitives,
  session: Session,
  ownerSeed: Uint8Array,
  deviceId: Uint8Array,
  ctis: readonly Uint8Array[],
): Promise<Result<{ readonly isNews: boolean }>> {
  let last: Fault = "REVOCATION_UNCHANGED";
  for (let tries = 0; tries <= TRIES; tries++) {
    const told = await revokedAt(session, ctis);
    if (!told.ok) return told;
    if (includesAll(told.value, ctis)) return ok({ isNews: tries > 0 });
    if (tries === TRIES || told.value.sequence >= Number.MAX_SAFE_INTEGER) break;
    const grant = await session.request({ op: "grant" });
    if (!grant.ok) return grant;
    if (!(grant.value instanceof Uint8Array)) return refuse("SESSION_ANSWER");
    const statement = signRevocation(seedSigner(primitives, ownerSeed), undefined, {
      audience: { kind: "device", id: deviceId },
      sequence: told.value.sequence + 1,
      floor: told.value.floor,
      revoked: joinCtis(ctis),
    });
    const delivery = encodeDelivery([{ statement, chain: chainOf(grant.value) }]);
    const answer = await session.request({ op: "revoke", delivery });
    if (answer.ok) continue;
    if (!OVERTAKEN.includes(answer.fault)) return answer;
    last = answer.fault;
  }
  return refuse(last);
}
