/** Makes revocation statements, and applies them to a unit's revocation list (PROTOCOL 4.7, 4.8). */
import { equal } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Signer } from "#trust/signer.ts";
import { isMeant } from "#wire/grants/audience.ts";
import {
  encodeRevocation,
  joinCtis,
  REVOKED_MAX,
  type Revocation,
  readDelivery,
  readRevocation,
  splitCtis,
} from "#wire/grants/revocation.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { CONTEXT, composeSigned, type Signed, STATEMENT_TAGS, toBeSigned } from "#wire/signed.ts";
import { type OpenChain, openChain, type Roots } from "./open-chain.ts";
import { ENTRIES_MAX, entryOf, isRevokedBy, type RevocationEntry, type RevocationList } from "./revocations.ts";
import { inForce, type Trust } from "./verify-grant.ts";

/** Signs a statement; with a kid as an issuer, without one as the holder of a link. */
export function signRevocation(signer: Signer, kid: Uint8Array | undefined, revocation: Revocation): Uint8Array {
  const payload = encodeRevocation(revocation);
  return composeSigned(STATEMENT_TAGS, kid, payload, utf8(CONTEXT.revocation), (message) => signer.sign(message));
}

/**
 * Takes one statement in.
 * @param chain The signer's own chain, open and in force; needed where the signer is no issuer.
 * @returns What the unit now remembers, or what readRevocation refuses, then in order:
 *   REVOCATION_SIGNER (no pinned key, or no holder who may have children), REVOCATION_SIGNATURE, REVOCATION_AUDIENCE,
 *   REVOCATION_UNCHANGED (all that it says is in force already, whatever its sequence), REVOCATION_SEQUENCE (not above the
 *   last one, although it would change something), REVOCATION_FLOOR (more than one above what it is; below is no change),
 *   REVOCATION_FULL (too many keys, or too many ctis: a holder's risen floor empties the list, an issuer's does not).
 * @source PROTOCOL 4.7
 */
export function applyRevocation(
  revocations: RevocationList,
  statement: Uint8Array,
  roots: Roots,
  chain?: OpenChain,
): Result<RevocationList> {
  const read = readRevocation(statement);
  if (!read.ok) return read;
  const { signed, content } = read.value;
  const candidates = signersOf(signed, roots, chain);
  if (candidates.length === 0) return refuse("REVOCATION_SIGNER");
  const message = toBeSigned(signed, utf8(CONTEXT.revocation));
  const key = candidates.find((each) => verifyEd25519(roots.primitives, message, signed.signature, each));
  if (key === undefined) return refuse("REVOCATION_SIGNATURE");
  if (!isMeant(content.audience, roots)) return refuse("REVOCATION_AUDIENCE");
  const entry = entryOf(revocations, key);
  const isNewer = content.sequence > entry.sequence;
  const isIssuer = roots.issuers.some(({ publicKey }) => equal(publicKey, key));
  if (isInForce(content, entry, isNewer, isIssuer)) return refuse("REVOCATION_UNCHANGED");
  if (!isNewer) return refuse("REVOCATION_SEQUENCE");
  // A key in the wrong hands for a day must not end all that it will ever sign.
  if (content.floor > entry.floor + 1) return refuse("REVOCATION_FLOOR");
  // A holder's risen floor has revoked what the old list named. An issuer's list reaches links of other keys, which it has not.
  const revoked =
    content.floor > entry.floor && !isIssuer
      ? content.revoked
      : joinCtis([...splitCtis(entry.revoked), ...splitCtis(content.revoked)]);
  if (splitCtis(revoked).length > REVOKED_MAX) return refuse("REVOCATION_FULL");
  const floor = Math.max(entry.floor, content.floor);
  const changed: RevocationEntry = { key, sequence: content.sequence, floor, revoked };
  const others = revocations.filter((each) => !equal(each.key, key));
  if (others.length === revocations.length && others.length >= roomFor(key, roots)) return refuse("REVOCATION_FULL");
  return ok([...others, changed]);
}

/**
 * Whether a statement would change nothing. A holder's list of an older floor is gone, since the floor that rose over it
 * ended those links: an old statement of such a floor counts as in force.
 */
function isInForce(
  { floor, revoked }: Revocation,
  entry: RevocationEntry,
  isNewer: boolean,
  isIssuer: boolean,
): boolean {
  if (floor > entry.floor) return false;
  if (floor < entry.floor && !isNewer && !isIssuer) return true;
  return splitCtis(revoked).every((cti) => isRevokedBy([entry], [entry.key], cti));
}

/**
 * How many keys may be remembered when one more comes. The last places are kept for issuers and the owner, so that no crowd
 * of guests can keep their word out.
 */
export function roomFor(key: Uint8Array, { issuers, known }: Pick<Roots, "issuers" | "known">): number {
  if (issuers.some(({ publicKey }) => equal(publicKey, key))) return ENTRIES_MAX;
  const room = ENTRIES_MAX - issuers.length;
  return known !== undefined && !equal(known.claims.holder, key) ? room - 1 : room;
}

/** Keys that could have signed: the issuer of that kid, or holders in the chain who may have children. */
function signersOf(signed: Signed, roots: Roots, chain: OpenChain | undefined): readonly Uint8Array[] {
  const { kid } = signed;
  if (kid !== undefined) return roots.issuers.filter((each) => equal(each.kid, kid)).map((each) => each.publicKey);
  return (chain?.links ?? [])
    .filter(({ claims }) => (rightsFor(claims.scope, undefined) & RIGHT.delegate) !== 0)
    .map(({ claims }) => claims.holder);
}

/** What came of a delivery. */
interface AppliedDelivery {
  /** What the unit now remembers; the very same object when nothing changed. */
  readonly revocations: RevocationList;
  /** REVOCATION_SEQUENCE when a statement was passed over although it would have changed something. */
  readonly passedOver: Fault | undefined;
}

/**
 * Takes in a delivery (a retained message, or what a phone carried): each statement in turn. A statement that is in force
 * already is passed over, and so is one whose sequence is not above the last; only the latter is reported.
 * @returns What came of it, or the delivery's own refusal, or that of the first statement which is refused for another
 *   reason, or of the chain that came with it (openChain, inForce). Then nothing is taken.
 * @source PROTOCOL 4.8
 */
export function applyDelivery(delivery: Uint8Array, trust: Trust): Result<AppliedDelivery> {
  const delivered = readDelivery(delivery);
  if (!delivered.ok) return delivered;
  let { revocations } = trust;
  let passedOver: Fault | undefined;
  for (const { statement, chain } of delivered.value) {
    const open = chain === undefined ? undefined : openChain(chain, trust);
    if (open?.ok === false) return open;
    const standing = open && inForce(open.value, { ...trust, revocations });
    if (standing?.ok === false) return standing;
    const applied = applyRevocation(revocations, statement, trust, open?.value);
    if (applied.ok) revocations = applied.value;
    else if (applied.fault === "REVOCATION_SEQUENCE") passedOver = applied.fault;
    else if (applied.fault !== "REVOCATION_UNCHANGED") return applied;
  }
  return ok({ revocations, passedOver });
}
