/** Passing a unit on without its maker (PROTOCOL 4.13): the unit itself signs the next owner's grant. */
import { assert } from "#base/assert.ts";
import { equal } from "#base/bytes.ts";
import type { Signer } from "#trust/signer.ts";
import type { Time } from "#trust/time-floor.ts";
import { type GrantClaims, issueGrant } from "./mint.ts";
import { type OpenChain, type OpenLink, OWN_KID } from "./open-chain.ts";
import { entryOf, type RevocationEntry, type RevocationList } from "./revocations.ts";

interface Resold {
  /** The new owner's grant, to be stored in the old one's place. */
  readonly grant: Uint8Array;
  readonly revocations: RevocationList;
  /** To be stored: see Trust.resoldAtS. */
  readonly resoldAtS: number;
}

/**
 * Makes the unit its next owner's. The caller has checked the old holder's session and the button, and stores the air
 * key of the new secret along with what this gives.
 * @param old    The old holder's chain, open and in force. The new grant says what its grant says, for another key.
 * @param next   Holder's public key of the new secret S', and 8 fresh random bytes.
 * @returns A grant by the unit's own key. Every older grant for this device is over: the unit's own by its floor, the
 *   issuers' by their date. Children end with their grants.
 * @source PROTOCOL 4.13
 */
export function resell(
  unit: Signer,
  old: OpenChain,
  next: { readonly holder: Uint8Array; readonly cti: Uint8Array },
  known: { readonly revocations: RevocationList; readonly time: Time },
): Resold {
  const { claims } = old.links[0] as OpenLink;
  assert(claims.audience?.kind === "device", "only a grant for one device can be passed on");
  const issuedAtS = claims.issuedAtS as number;
  const presentS = known.time.grade === "unknown" ? 0 : known.time.earliestS;
  // Being in force, the old grant is not from before the last resale: this one is later.
  const resoldAtS = Math.max(presentS, issuedAtS + 1);
  const own = entryOf(known.revocations, unit.publicKey);
  const grantClaims: GrantClaims = {
    ...claims,
    audience: claims.audience,
    issuedAtS: resoldAtS,
    cti: next.cti,
    holder: next.holder,
    epoch: own.floor + 1,
  };
  return {
    grant: issueGrant({ ...unit, kid: OWN_KID }, grantClaims),
    revocations: replaced(known.revocations, { ...own, floor: own.floor + 1 }),
    resoldAtS,
  };
}

/**
 * Ends all guests of a holder, as a reset by the button does: the holder's floor rises by one. The holder's own grant
 * stays valid.
 * @param holder Public key of the current owner.
 */
export function withoutGuests(revocations: RevocationList, holder: Uint8Array): RevocationList {
  const entry = entryOf(revocations, holder);
  return replaced(revocations, { ...entry, floor: entry.floor + 1 });
}

function replaced(revocations: RevocationList, changed: RevocationEntry): RevocationList {
  return [...revocations.filter((each) => !equal(each.key, changed.key)), changed];
}
