/**
 * Reissues a lost card on the maker's authority (PROTOCOL 4.14): signs a new grant for a new card and revokes the old
 * grant.
 */
import { type GrantClaims, type IssuingSigner, issueGrant } from "./mint.ts";
import { signRevocation } from "./revoke.ts";

interface Reissued {
  readonly grant: Uint8Array;
  /** To be published, retained, or carried to the unit: it ends the old grant and all beneath it. */
  readonly revocation: Uint8Array;
}

/**
 * Issues a grant in the place of another.
 * @param claims  Of the new grant: the new card's holder key, a fresh cti.
 * @param oldCti  Of the grant that is over.
 * @param list    Sequence and floor for the issuer's statement about this device, the sequence not used before.
 */
export function reissue(
  issuer: IssuingSigner,
  claims: GrantClaims,
  oldCti: Uint8Array,
  list: { readonly sequence: number; readonly floor: number },
): Reissued {
  const revocation = { audience: claims.audience, ...list, revoked: oldCti };
  return { grant: issueGrant(issuer, claims), revocation: signRevocation(issuer, issuer.kid, revocation) };
}
