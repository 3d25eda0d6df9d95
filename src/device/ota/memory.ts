/** What the update machine knows when it starts: product, keys, the journal, the release in hand. */
import { equal } from "#base/bytes.ts";
import { fromUtf8 } from "#base/utf8.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { Stored } from "#device/machine.ts";
import type { Primitives } from "#trust/primitives.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import type { Job } from "#wire/flash/journal.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { imagesIdOf, type Release, releaseIdOf } from "#wire/releases/release.ts";

/** Who the unit is, for updates. */
export interface Maker {
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
export function readMaker(crypto: Primitives, stored: Stored): Maker | undefined {
  const product = fromUtf8(stored.get(PROVISIONED.product) ?? new Uint8Array(0));
  const hardware = stored.get(PROVISIONED.hardware);
  const roots = decodeCbor(stored.get(PROVISIONED.roots) ?? new Uint8Array(0));
  const signed = stored.get(PROVISIONED.keySet);
  if (product === undefined || hardware?.length !== 2 || signed === undefined) return undefined;
  if (!roots.ok || !Array.isArray(roots.value)) return undefined;
  const pinned = roots.value as readonly Uint8Array[];
  const keyset = verifyKeyset(crypto, signed, { roots: pinned, product, versionFloor: 0 });
  if (!keyset.ok) return undefined;
  const floor = decodeCbor(stored.get(OWN.timeFloor) ?? new Uint8Array(0));
  return {
    product,
    hardware: (hardware[0] as number) | ((hardware[1] as number) << 8),
    roots: pinned,
    keyset: keyset.value,
    signedKeyset: signed,
    timeFloorS: floor.ok && typeof floor.value === "number" ? floor.value : 0,
  };
}

/**
 * The key sets by which the boot stage verifies images: the one in use, then the one before it, under which what runs may
 * have been signed. Empty on a flash that no factory wrote.
 */
export function readKeysets(
  crypto: Pick<Primitives, "sha256" | "ed25519VerifyRaw">,
  stored: Stored,
): readonly Keyset[] {
  const product = fromUtf8(stored.get(PROVISIONED.product) ?? new Uint8Array(0));
  const roots = decodeCbor(stored.get(PROVISIONED.roots) ?? new Uint8Array(0));
  if (product === undefined || !roots.ok || !Array.isArray(roots.value)) return [];
  const trust = { roots: roots.value as readonly Uint8Array[], product, versionFloor: 0 };
  return [PROVISIONED.keySet, OWN.keySetBefore].flatMap((name) => {
    const keyset = verifyKeyset(crypto, stored.get(name) ?? new Uint8Array(0), trust);
    return keyset.ok ? [keyset.value] : [];
  });
}

/** What is stored before BEGIN, so that a release in hand survives a power cut: CBOR [signed, carried]. */
export function encodeOffer(offer: Offer): Uint8Array {
  return encodeCbor([offer.signed, offer.isCarried]);
}

/** The stored release when it still verifies and is the one that the journal is about. */
export function readOffer(crypto: Primitives, stored: Stored, maker: Maker, job: Job): Offer | undefined {
  const item = decodeCbor(stored.get(OWN.update) ?? new Uint8Array(0));
  if (!item.ok || !Array.isArray(item.value)) return undefined;
  const [signed, isCarried] = item.value;
  if (!(signed instanceof Uint8Array) || typeof isCarried !== "boolean") return undefined;
  const release = openRelease(crypto, signed, maker.keyset);
  if (!release.ok || !equal(imagesIdOf(crypto.sha256, release.value), job.images)) return undefined;
  return { signed, id: releaseIdOf(crypto.sha256, signed), release: release.value, isCarried, isAgreed: true };
}
