/** Handles key sets: accepts new ones, and tells which of them signed the running release (PROTOCOL 8.11). */
import { faultText } from "#base/faults.ts";
import { decodeCbor } from "#codec/cbor.ts";
import { remember } from "#device/store/store.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import { readSlotHead } from "#wire/flash/slot.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import type { OtaState } from "./state.ts";
import { emit, type Ota, say, slotOf } from "./tools.ts";

/** Whether every slot of these is empty or holds a release that a key of the set signed. */
export function isSignedBy(ota: Ota, keyset: Keyset, slotBits: number): boolean {
  return [...ota.slots.keys()].every((kind) => {
    const signed = readSlotHead(slotOf(ota, kind, slotBits), ota.read);
    return signed === undefined || openRelease(ota.crypto, signed, keyset).ok;
  });
}

/**
 * Takes what all of the fleet hears: a key set, or several in a row, each signed by the roots that the one before named, so
 * that a unit which missed some gets to the newest. @returns Whether one of them is new.
 */
export function onKeysets(ota: Ota, state: OtaState, payload: Uint8Array): boolean {
  const list = decodeCbor(payload);
  const sets: readonly unknown[] = list.ok && Array.isArray(list.value) ? list.value : [payload];
  return sets.filter((each) => each instanceof Uint8Array && onKeyset(ota, state, each)).length > 0;
}

/** Takes a key set when it is newer. @returns Whether it is in use from now on. */
function onKeyset(ota: Ota, state: OtaState, signed: Uint8Array): boolean {
  const { maker } = state;
  if (maker === undefined) return false;
  const { roots, product, keyset } = maker;
  const verdict = verifyKeyset(ota.crypto, signed, { roots, product, versionFloor: keyset.version });
  if (!verdict.ok) {
    // A chain begins with sets that the unit has long had: passing over them is no news.
    if (verdict.fault !== "KEYSET_VERSION") say(ota, `key set refused: ${faultText(verdict.fault)}`);
    return false;
  }
  if (verdict.value.version === keyset.version) return false;
  // What runs may be signed by a key that the new set no longer has: the boot stage then goes on by the set before it.
  const { slots } = state.journal.state.confirmed;
  if (!isSignedBy(ota, verdict.value, slots) && isSignedBy(ota, keyset, slots)) {
    ota.effects.push(remember("keySetBefore", maker.signedKeyset));
  }
  // The set first: it verifies under the old roots and under its own, so a power cut between the two does no harm.
  ota.effects.push(remember("keySet", signed));
  if (verdict.value.roots !== undefined) {
    ota.effects.push(remember("roots", verdict.value.roots));
  }
  state.maker = {
    ...maker,
    keyset: verdict.value,
    signedKeyset: signed.slice(),
    roots: verdict.value.roots ?? roots,
  };
  emit(ota, { kind: "key-set-known", version: verdict.value.version });
  say(ota, `key set ${verdict.value.version} in use`);
  return true;
}
