/**
 * The times that signers of links have stated, each for the links that it signed: an interval that is gone after a
 * restart, and a floor that stays (PROTOCOL 4.10). There is room for the owner and a few others.
 */
import { equal } from "#base/bytes.ts";
import type { StoredSignerTime } from "#device/store/codecs.ts";
import { remember, type StoreEffect } from "#device/store/store.ts";
import type { Vouched } from "#trust/grants/verify-grant.ts";
import { type SignedInterval, widened } from "#trust/time-floor.ts";

/** Signers whose floors are stored, the owner among them. Each of the others was given its key by the owner or an issuer. */
const SIGNERS_MAX = 8;
/** Signers whose keys a guest may have made: they are kept in memory alone, and take no places from the others. */
const DEEP_MAX = 2;
/** Links up to this place are signed by keys that guests cannot make. */
const SHALLOW_LINK_MAX = 2;

export interface SignerTime {
  readonly key: Uint8Array;
  readonly isDeep: boolean;
  floorS: number | undefined;
  signed: SignedInterval | undefined;
}

/** The effect that keeps what is past by their words. */
export function rememberSigners(signers: readonly SignerTime[]): StoreEffect {
  const kept: StoredSignerTime[] = [];
  for (const { key, isDeep, floorS } of signers) if (!isDeep && floorS !== undefined) kept.push({ key, floorS });
  return remember("signerTimes", kept);
}

export function signerTimeOf(signers: readonly SignerTime[], key: Uint8Array): SignerTime | undefined {
  return signers.find((signer) => equal(signer.key, key));
}

/**
 * The entry of the key that signed a link, made where there is none. When all places are taken, whoever was heard longest ago
 * gives way, but never the owner.
 * @param link Place of the link in its chain.
 */
export function addSigner(
  signers: SignerTime[],
  key: Uint8Array,
  link: number,
  owner: Uint8Array | undefined,
): SignerTime {
  const known = signerTimeOf(signers, key);
  const isDeep = known?.isDeep ?? link > SHALLOW_LINK_MAX;
  const entry = known ?? { key: key.slice(), isDeep, floorS: undefined, signed: undefined };
  if (known !== undefined) signers.splice(signers.indexOf(known), 1);
  const alike = signers.filter((signer) => signer.isDeep === isDeep);
  if (alike.length >= (isDeep ? DEEP_MAX : SIGNERS_MAX)) {
    const gone = alike.find((signer) => owner === undefined || !equal(signer.key, owner)) as SignerTime;
    signers.splice(signers.indexOf(gone), 1);
  }
  signers.push(entry);
  return entry;
}

/** What decisions may take from them now. */
export function vouchedAt(signers: readonly SignerTime[], unitFloorS: number | undefined, nowMs: number): Vouched[] {
  return signers.map(({ key, floorS, signed }) => {
    const leastS = Math.max(unitFloorS ?? 0, floorS ?? 0);
    return {
      key,
      ...(floorS !== undefined && { floorS }),
      ...(signed !== undefined && { time: widened(signed, nowMs, leastS) }),
    };
  });
}
