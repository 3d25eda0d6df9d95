/** Which keys count: key sets as they come, and by which of them what runs was signed (PROTOCOL 8.11). */
import { encodeCbor } from "#codec/cbor.ts";
import { verifyKeyset } from "#trust/verify-keyset.ts";
import { openRelease } from "#trust/verify-release.ts";
import type { Keyset } from "#wire/keyset.ts";
import { readSlotHead } from "#wire/slot.ts";
import { OWN, PROVISIONED } from "#wire/stored-names.ts";
import type { OtaState } from "./ota-state.ts";
import type { OtaTools } from "./ota-tools.ts";

export interface OtaKeys {
  /** Takes a key set for all of the fleet when it is newer. @returns Whether it is in use from now on. */
  onKeyset(state: OtaState, signed: Uint8Array): boolean;
  /** Whether every slot of these is empty or holds a release that a key of the set signed. */
  isSignedBy(keyset: Keyset, slotBits: number): boolean;
}

export function createOtaKeys(tools: OtaTools): OtaKeys {
  const { crypto } = tools;

  function isSignedBy(keyset: Keyset, slotBits: number): boolean {
    return [...tools.slots.keys()].every((kind) => {
      const signed = readSlotHead(tools.slotOf(kind, slotBits), tools.read);
      return signed === undefined || openRelease(crypto, signed, keyset).ok;
    });
  }

  function onKeyset(state: OtaState, signed: Uint8Array): boolean {
    const { maker } = state;
    if (maker === undefined) return false;
    const { roots, product, keyset } = maker;
    const verdict = verifyKeyset(crypto, signed, { roots, product, versionFloor: keyset.version });
    if (!verdict.ok) {
      tools.say(`key set refused: ${verdict.fault}`);
      return false;
    }
    if (verdict.value.version === keyset.version) return false;
    // What runs may be signed by a key that the new set no longer has: the boot stage then goes on by the set before it.
    const { slots } = state.journal.state.confirmed;
    if (!isSignedBy(verdict.value, slots) && isSignedBy(keyset, slots)) {
      tools.push({ kind: "store", name: OWN.keySetBefore, value: maker.signedKeyset });
    }
    // The set first: it verifies under the old roots and under its own, so a power cut between the two does no harm.
    tools.push({ kind: "store", name: PROVISIONED.keySet, value: signed });
    if (verdict.value.roots !== undefined) {
      tools.push({ kind: "store", name: PROVISIONED.roots, value: encodeCbor(verdict.value.roots) });
    }
    state.maker = {
      ...maker,
      keyset: verdict.value,
      signedKeyset: signed.slice(),
      roots: verdict.value.roots ?? roots,
    };
    tools.say(`key set ${verdict.value.version} in use`);
    return true;
  }

  return { onKeyset, isSignedBy };
}
