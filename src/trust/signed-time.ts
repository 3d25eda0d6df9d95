/**
 * Signs and verifies times. Only the maker's time key raises a unit's time floor; the signer of a link may only
 * vouch.
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { GrantIssuer, OpenChain } from "#trust/grants/open-chain.ts";
import { encodeTime, readTime, type SignedTime } from "#wire/grants/signed-time.ts";
import { CONTEXT, composeSigned, STATEMENT_TAGS, toBeSigned } from "#wire/signed.ts";
import { verifyEd25519 } from "./ed25519-strict.ts";
import type { Primitives } from "./primitives.ts";
import type { Signer } from "./signer.ts";

type Verifier = Pick<Primitives, "ed25519VerifyRaw">;

/** Signs a second over a unit's nonce; with a kid as a time key of the maker's, without one as a link's signer. */
export function signTime(signer: Signer, kid: Uint8Array | undefined, time: SignedTime): Uint8Array {
  return composeSigned(STATEMENT_TAGS, kid, encodeTime(time), utf8(CONTEXT.time), (message) => signer.sign(message));
}

/**
 * Checks a time of the maker's over the nonce that this unit gave.
 * @param timeKeys Pinned keys of the time role, and no others.
 * @returns The second, or what readTime refuses, TIME_NONCE, TIME_SIGNATURE (also: no such key).
 * @source PROTOCOL 4.10
 */
export function checkTime(
  primitives: Verifier,
  statement: Uint8Array,
  nonce: Uint8Array,
  timeKeys: readonly GrantIssuer[],
): Result<number> {
  const time = readTime(statement);
  if (!time.ok) return time;
  const { kid } = time.value.signed;
  const key = kid === undefined ? undefined : timeKeys.find((each) => equal(each.kid, kid));
  return checkSignature(primitives, time.value, nonce, key?.publicKey);
}

/** The key that signed a link of a chain; for the place behind the last link, the holder, who signs what is beneath. */
export function vouchSigner({ links, holder }: OpenChain, link: number): Uint8Array | undefined {
  return link === links.length ? holder : links[link]?.signer;
}

/**
 * Checks what the signer of one link says about the time. It holds for the links that this key signed.
 * @param link Place of the link in the chain, 0 for the grant; behind the last one for the links that the holder signs.
 * @returns The second, or as checkTime. A statement with a kid is never a vouching.
 * @source PROTOCOL 4.10
 */
export function checkVouch(
  primitives: Verifier,
  statement: Uint8Array,
  nonce: Uint8Array,
  open: OpenChain,
  link: number,
): Result<number> {
  const time = readTime(statement);
  if (!time.ok) return time;
  const signer = time.value.signed.kid === undefined ? vouchSigner(open, link) : undefined;
  return checkSignature(primitives, time.value, nonce, signer);
}

function checkSignature(
  primitives: Verifier,
  { signed, content }: Extract<ReturnType<typeof readTime>, { ok: true }>["value"],
  nonce: Uint8Array,
  key: Uint8Array | undefined,
): Result<number> {
  if (!equal(content.nonce, nonce)) return refuse("TIME_NONCE");
  if (key === undefined) return refuse("TIME_SIGNATURE");
  const message = toBeSigned(signed, utf8(CONTEXT.time));
  return verifyEd25519(primitives, message, signed.signature, key) ? ok(content.timeS) : refuse("TIME_SIGNATURE");
}
