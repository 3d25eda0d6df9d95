/** Verifies the signatures of a chain once, when a session opens, and returns who signed it (PROTOCOL 4.5). */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { isAcceptablePoint, verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import { isMeant, type Unit } from "#wire/grants/audience.ts";
import { type Link, readChain } from "#wire/grants/grant.ts";
import { isWithin, RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { toBeSigned } from "#wire/signed.ts";

/** A pinned key that may sign grants. The unit's own key is one, under the kid h'00' (resale). */
export interface GrantIssuer {
  readonly kid: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The kid under which a unit signs grants for itself. */
export const OWN_KID = Uint8Array.of(0);

export interface Roots extends Unit {
  readonly primitives: Pick<Primitives, "ed25519VerifyRaw" | "sha512">;
  readonly issuers: readonly GrantIssuer[];
  /** A grant that needs no verifying, since it comes from where the issuers' keys come from: the owner's, as stored. */
  readonly known?: Link;
}

/** A link whose signature was good, and the key that made it. */
export interface OpenLink {
  readonly claims: Link["claims"];
  readonly signer: Uint8Array;
}

/** A chain whose signatures were good. Nothing in it is known to be still in force; `decide` asks that every time. */
export interface OpenChain {
  readonly links: readonly OpenLink[];
  /** Key of whoever may use the chain: the last link's. */
  readonly holder: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** What a child's signature is bound to: the first 32 bytes of SHA-512 of its parent as encoded. */
export function parentBinding(primitives: Pick<Primitives, "sha512">, parent: Uint8Array): Uint8Array {
  return primitives.sha512(parent).subarray(0, 32);
}

/**
 * Reads a chain and checks what does not change with time.
 * @param chain CBOR of [1, [grant, child...]], at most CHAIN_BYTES_MAX bytes, depth 1 to 4.
 * @returns The chain; or what readChain refuses; then for each link from the grant on: GRANT_ISSUER (no pinned key has
 *   the grant's kid), GRANT_KEY_WEAK (a holder's key of small order or not canonical), GRANT_SIGNATURE (also: a child of
 *   another parent), GRANT_AUDIENCE, GRANT_DELEGATE (the parent may not have children), GRANT_WIDENED.
 * @source PROTOCOL 4.5; RFC 9052 section 4.4
 */
export function openChain(chain: Uint8Array, roots: Roots): Result<OpenChain> {
  const links = readChain(chain, roots.known);
  if (!links.ok) return links;
  const open: OpenLink[] = [];
  let parent: Link | undefined;
  for (const link of links.value) {
    const signer = parent === undefined ? issuerKey(roots, link) : parent.claims.holder;
    if (signer === undefined) return refuse("GRANT_ISSUER");
    if (!isAcceptablePoint(link.claims.holder)) return refuse("GRANT_KEY_WEAK");
    if (link !== roots.known && !isSignedBy(roots, link, parent, signer)) return refuse("GRANT_SIGNATURE");
    const { audience } = link.claims;
    if (audience !== undefined && !isMeant(audience, roots)) return refuse("GRANT_AUDIENCE");
    if (parent !== undefined) {
      if ((rightsFor(parent.claims.scope, undefined) & RIGHT.delegate) === 0) return refuse("GRANT_DELEGATE");
      if (!isWithin(link.claims.scope, parent.claims.scope)) return refuse("GRANT_WIDENED");
    }
    open.push({ claims: link.claims, signer });
    parent = link;
  }
  return ok({ links: open, holder: (parent as Link).claims.holder });
}

function isSignedBy({ primitives }: Roots, link: Link, parent: Link | undefined, signer: Uint8Array): boolean {
  const binding = parent === undefined ? NOTHING : parentBinding(primitives, parent.bytes);
  return verifyEd25519(primitives, toBeSigned(link.signed, binding), link.signed.signature, signer);
}

function issuerKey(roots: Roots, grant: Link): Uint8Array | undefined {
  const kid = grant.signed.kid as Uint8Array;
  return roots.issuers.find((issuer) => equal(issuer.kid, kid))?.publicKey;
}
