/** The update machine's settings at its start: product, keys, the journal, the release in progress. */
import { equal } from "#base/bytes.ts";
import type { Facts } from "#device/store/facts.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import type { Job } from "#wire/flash/journal.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { imagesIdOf, type Release, releaseIdOf } from "#wire/releases/release.ts";

/** Who the unit is, for updates. */
export interface Maker {
  /** The unit's own ID, 12 bytes; zeros for a unit without a key, which never has a link. */
  readonly deviceId: Uint8Array;
  readonly product: string;
  readonly hardware: number;
  readonly roots: readonly Uint8Array[];
  readonly keyset: Keyset;
  /** The key set as it was signed. */
  readonly signedKeyset: Uint8Array;
  readonly timeFloorS: number;
}

/** A release that passed every check but freshness and consent. */
export interface Offer {
  readonly signed: Uint8Array;
  readonly id: Uint8Array;
  readonly release: Release;
  /** Brought by hand: no timestamp is asked for, only newer than what runs. */
  readonly isCarried: boolean;
  readonly isAgreed: boolean;
}

/** Undefined for a unit that no factory gave keys: it takes no updates. */
export function readMaker(crypto: Primitives, facts: Facts): Maker | undefined {
  const { product, hardware, roots, keySet: signedKeyset } = facts;
  if (product === undefined || hardware === undefined || roots === undefined) return undefined;
  if (signedKeyset === undefined) return undefined;
  const keyset = verifyKeyset(crypto, signedKeyset, { roots, product, versionFloor: 0 });
  if (!keyset.ok) return undefined;
  const deviceId =
    facts.key === undefined ? new Uint8Array(12) : deviceIdOf(crypto, crypto.ed25519PublicKey(facts.key));
  const timeFloorS = facts.timeFloor ?? 0;
  return { deviceId, product, hardware, roots, keyset: keyset.value, signedKeyset, timeFloorS };
}

/**
 * The key sets by which the boot stage verifies images: the one in use, then the one before it, under which what runs may
 * have been signed. Empty on a flash that no factory wrote.
 */
export function readKeysets(
  crypto: Pick<Primitives, "sha256" | "ed25519VerifyRaw">,
  { product, roots, keySet, keySetBefore }: Facts,
): readonly Keyset[] {
  if (product === undefined || roots === undefined) return [];
  const trust = { roots, product, versionFloor: 0 };
  return [keySet, keySetBefore].flatMap((signed) => {
    const keyset = signed && verifyKeyset(crypto, signed, trust);
    return keyset?.ok ? [keyset.value] : [];
  });
}

/** The stored release when it still verifies and is the one that the journal is about. */
export function readOffer(crypto: Primitives, { update }: Facts, maker: Maker, job: Job): Offer | undefined {
  if (update === undefined) return undefined;
  const { signed, isCarried } = update;
  const release = openRelease(crypto, signed, maker.keyset);
  if (!release.ok || !equal(imagesIdOf(crypto.sha256, release.value), job.images)) return undefined;
  return { signed, id: releaseIdOf(crypto.sha256, signed), release: release.value, isCarried, isAgreed: true };
}
