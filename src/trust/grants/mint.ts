/** Makes grants, children and chains. Signers are injected: the maker's issuer, an owner's phone, a unit at resale. */
import { assert } from "#base/assert.ts";
import { COSE_TAG } from "#codec/cose.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { Signer } from "#trust/signer.ts";
import type { Audience } from "#wire/grants/audience.ts";
import { type Claims, encodeChain, encodeClaims, readChain } from "#wire/grants/grant.ts";
import { composeSigned } from "#wire/signed.ts";
import { parentBinding } from "./open-chain.ts";

const NOTHING = new Uint8Array(0);

/** A signer whose key units have pinned under a kid. */
export interface IssuingSigner extends Signer {
  readonly kid: Uint8Array;
}

export type GrantClaims = Claims & { readonly audience: Audience; readonly issuedAtS: number };

/** Issues a grant. @returns tag 61(18(COSE_Sign1)). @source PROTOCOL 4.2 */
export function issueGrant(issuer: IssuingSigner, claims: GrantClaims): Uint8Array {
  return composeSigned([COSE_TAG.cwt, COSE_TAG.sign1], issuer.kid, encodeClaims(claims), NOTHING, (message) =>
    issuer.sign(message),
  );
}

/**
 * Adds a child beneath a chain's last link. The signer must hold that link's key, or no unit will take the chain.
 * @returns The longer chain.
 * @source PROTOCOL 4.5
 */
export function issueChild(
  primitives: Pick<Primitives, "sha512">,
  chain: Uint8Array,
  holder: Signer,
  claims: Claims,
): Uint8Array {
  const links = readChain(chain);
  assert(links.ok, "a child is issued beneath a chain that reads well");
  const bytes = links.value.map((link) => link.bytes);
  const binding = parentBinding(primitives, bytes[bytes.length - 1] as Uint8Array);
  const child = composeSigned([], undefined, encodeClaims(claims), binding, (message) => holder.sign(message));
  return encodeChain([...bytes, child]);
}

/** The chain of a grant alone. */
export function chainOf(grant: Uint8Array): Uint8Array {
  return encodeChain([grant]);
}
