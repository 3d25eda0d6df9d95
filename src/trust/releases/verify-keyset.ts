/**
 * Verifies key sets. A unit accepts one that two of its three pinned roots signed, for its product, and not older
 * than its own.
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import { decodeSignedKeyset, type Keyset, keysetToBeSigned, type SignedKeyset } from "#wire/releases/keyset.ts";
import { keyNameOf } from "#wire/releases/role-envelope.ts";

const THRESHOLD = 2;

type Crypto = Pick<Primitives, "ed25519VerifyRaw" | "sha256">;

interface KeysetTrust {
  /** The three pinned root keys. */
  readonly roots: readonly Uint8Array[];
  readonly product: string;
  /** Version of the key set in use. */
  readonly versionFloor: number;
}

/**
 * Decides on a signed key set.
 * @returns The key set, or in this order: KEYSET_SHAPE, KEYSET_SIGNATURES, KEYSET_PRODUCT, KEYSET_VERSION. When its `roots`
 *   are set, two of those signed as well, and the caller pins them from then on.
 * @source PROTOCOL 8.11
 */
export function verifyKeyset(crypto: Crypto, bytes: Uint8Array, trust: KeysetTrust): Result<Keyset> {
  const signed = decodeSignedKeyset(bytes);
  if (!signed.ok) return signed;
  const { keyset } = signed.value;
  const roles = [trust.roots, ...(keyset.roots === undefined ? [] : [keyset.roots])];
  if (!roles.every((roots) => signers(crypto, signed.value, roots) >= THRESHOLD)) return refuse("KEYSET_SIGNATURES");
  if (keyset.product !== trust.product) return refuse("KEYSET_PRODUCT");
  if (keyset.version < trust.versionFloor) return refuse("KEYSET_VERSION");
  return ok(keyset);
}

/** How many different roots of these signed. */
function signers(crypto: Crypto, signed: SignedKeyset, roots: readonly Uint8Array[]): number {
  const isSignedBy = (root: Uint8Array) => {
    const name = keyNameOf(crypto.sha256, root);
    return signed.signatures.some(
      ({ keyName, signature }) =>
        equal(keyName, name) && verifyEd25519(crypto, keysetToBeSigned(name, signed.payload), signature, root),
    );
  };
  const different = roots.filter((root, i) => roots.findIndex((other) => equal(other, root)) === i);
  return different.filter(isSignedBy).length;
}
