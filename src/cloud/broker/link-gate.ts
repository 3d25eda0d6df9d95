/** Lets devices in: gives nonces, each good for one proof, and checks the proofs. */
import { toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import { decodeLinkProof, linkToBeSigned, NONCE_BYTES } from "#wire/link/link-auth.ts";
import type { LinkedDevice } from "./broker.ts";

const NONCE_LIFE_MS = 60_000;
/** Nonces outstanding at most, so that asking for them can't fill our memory: about 10 MB. */
const NONCES_MAX = 65_536;

export interface LinkGate {
  /** A nonce for a device, valid once within a minute; or LINK_NONCE when too many are outstanding. */
  nonce(deviceId: string, nowMs: number): Result<Uint8Array>;
  /** Uses up a nonce; false when it is unknown, used, too old or was given to another. */
  spend(nonce: Uint8Array, deviceId: string, nowMs: number): boolean;
  /**
   * Checks a proof of `deviceId`; undefined: of the device whose ID the proof's key hashes to.
   * @returns The device; or LINK_PROOF (length), LINK_NONCE (unknown, used, too old or given to another), LINK_DEVICE
   *   (not enrolled, or with another key), LINK_SIGNATURE.
   * @source PROTOCOL 7.2
   */
  check(deviceId: string | undefined, proof: Uint8Array, nowMs: number): Result<LinkedDevice>;
}

/** @param broker The broker's name, which proofs are bound to. */
export function createLinkGate(broker: string, fleet: Fleet, primitives: Primitives): LinkGate {
  const nonces = new Map<string, { readonly deviceId: string; readonly untilMs: number }>();
  const spend = (nonce: Uint8Array, deviceId: string, nowMs: number): boolean => {
    const given = nonces.get(toHex(nonce));
    nonces.delete(toHex(nonce));
    return given !== undefined && given.untilMs > nowMs && given.deviceId === deviceId;
  };
  return {
    spend,
    nonce(deviceId, nowMs) {
      // A map keeps the order of insertion, so the oldest stand in front.
      for (const [nonce, { untilMs }] of nonces) {
        if (untilMs > nowMs) break;
        nonces.delete(nonce);
      }
      if (nonces.size >= NONCES_MAX) return refuse("LINK_NONCE");
      const nonce = primitives.random(NONCE_BYTES);
      nonces.set(toHex(nonce), { deviceId, untilMs: nowMs + NONCE_LIFE_MS });
      return ok(nonce);
    },
    check(claimedId, bytes, nowMs) {
      const proof = decodeLinkProof(bytes);
      if (!proof.ok) return proof;
      const { nonce, publicKey, signature } = proof.value;
      const deviceId = claimedId ?? toHex(deviceIdOf(primitives, publicKey));
      if (!spend(nonce, deviceId, nowMs)) return refuse("LINK_NONCE");
      const device = fleet.get(deviceId);
      if (device === undefined || Buffer.compare(device.publicKey, publicKey) !== 0) return refuse("LINK_DEVICE");
      const signed = linkToBeSigned(broker, deviceId, nonce);
      if (!verifyEd25519(primitives, signed, signature, publicKey)) return refuse("LINK_SIGNATURE");
      return ok({ id: device.id, fleet: device.fleet });
    },
  };
}
