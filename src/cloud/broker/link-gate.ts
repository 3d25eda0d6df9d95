/** Admits devices: issues nonces and verifies the devices' signatures over them. */
import { toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { createPace } from "#cloud/rollout/pace.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import { decodeLinkProof, linkToBeSigned } from "#wire/link/link-auth.ts";
import type { LinkedDevice } from "./broker.ts";
import type { Nonces } from "./nonces.ts";

/** Good proofs of one device: each is written to the store. A unit that loses its link waits longer each time (7.5). */
const PROOFS_EACH = { burst: 60, everyMs: 1_000 };
/** Devices whose rate is remembered: more than one cloud serves. */
const STREAMS_MAX = 1_000_000;

export interface LinkGate {
  /**
   * Checks a proof of `deviceId`; undefined: of the device whose ID the proof's key hashes to. The nonce is spent by a
   * proof that is good in every other respect; when this resolves, that is on the disk.
   * @returns The device; or LINK_PROOF (length), LINK_NONCE (not given to this device, or too long ago), LINK_DEVICE (not
   *   enrolled, or with another key), LINK_SIGNATURE, LINK_NONCE (spent, or older than one that was), SESSION_RATE.
   * @source PROTOCOL 7.2, 7.20
   */
  check(deviceId: string | undefined, proof: Uint8Array, nowMs: number): Promise<Result<LinkedDevice>>;
}

interface LinkGateParts {
  /** The broker's name, which proofs are bound to. */
  readonly broker: string;
  readonly fleet: Pick<Fleet, "get" | "spendNonce">;
  readonly nonces: Nonces;
  readonly primitives: Primitives;
  /** Resolves once what was changed before is durable. */
  commit(): Promise<void>;
}

export function createLinkGate({ broker, fleet, nonces, primitives, commit }: LinkGateParts): LinkGate {
  const proofs = createPace(PROOFS_EACH, STREAMS_MAX);
  return {
    async check(claimedId, bytes, nowMs) {
      const proof = decodeLinkProof(bytes);
      if (!proof.ok) return proof;
      const { nonce, publicKey, signature } = proof.value;
      const deviceId = claimedId ?? toHex(deviceIdOf(primitives, publicKey));
      const givenMs = nonces.givenMs(nonce, deviceId, nowMs);
      if (givenMs === undefined) return refuse("LINK_NONCE");
      const device = fleet.get(deviceId);
      if (device === undefined || Buffer.compare(device.publicKey, publicKey) !== 0) return refuse("LINK_DEVICE");
      const signed = linkToBeSigned(broker, deviceId, nonce);
      if (!verifyEd25519(primitives, signed, signature, publicKey)) return refuse("LINK_SIGNATURE");
      if (proofs.take(deviceId, nowMs) === undefined) return refuse("SESSION_RATE");
      if (!fleet.spendNonce(device, givenMs)) return refuse("LINK_NONCE");
      await commit();
      return ok({ id: device.id, fleet: device.fleet });
    },
  };
}
