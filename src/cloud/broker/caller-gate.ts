/** Lets callers in who are away from home: whoever proves the last key of a chain that is good for an enrolled unit. */
import { equal, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Device, Fleet } from "#cloud/fleet.ts";
import { createPace } from "#cloud/rollout/pace.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { type Issuer, type OpenChain, OWN_KID, openChain } from "#trust/grants/open-chain.ts";
import type { Revocations } from "#trust/grants/revocations.ts";
import { applyDelivery } from "#trust/grants/revoke.ts";
import { inForce, type Trust } from "#trust/grants/verify-grant.ts";
import type { Primitives } from "#trust/primitives.ts";
import { encodeDelivery, readDelivery } from "#wire/grants/revocation.ts";
import { callerName, callerToBeSigned, decodeCallerProof } from "#wire/link/caller-auth.ts";
import { linkPassword } from "#wire/link/link-auth.ts";
import type { LinkedDevice } from "./broker.ts";
import type { Nonces } from "./nonces.ts";
import { createSpentNonces } from "./spent-nonces.ts";

/** Signature checks that callers may cost: so many from one address, so many from all. Units' own proofs aren't counted. */
const PROOFS_EACH = { burst: 20, everyMs: 500 };
const PROOFS_ALL = { burst: 200, everyMs: 10 };

/** One visit of somebody who may speak with one unit. Nothing of it is ever written down. */
export interface Caller {
  /** Client ID, user name and place of its topics, for this visit alone. */
  readonly name: string;
  /** What it shows the broker, once. */
  readonly password: string;
  readonly device: LinkedDevice;
  /**
   * Who is counted together: everybody beneath the same link of the one who was given the unit, so that whoever may hand
   * keys on can't multiply himself.
   */
  readonly branch: string;
}

export interface CallerGate {
  /**
   * Checks what a caller handed in.
   * @param peer The address that it came from.
   * @param time The nonce time, which never jumps, and the time of day, which says whether a grant has expired.
   * @returns The caller; or in order: LINK_PROOF (form), LINK_NONCE (not given to this key, or too long ago), SESSION_RATE
   *   (too many from there, or from all), LINK_DEVICE (no such unit here), LINK_SIGNATURE, what the chain is refused for
   *   (PROTOCOL 4.15: as far as a cloud can tell, which knows the revocations that it hands out, and none that only the unit was told),
   *   LINK_SIGNATURE again for a key that the chain doesn't end with, LINK_NONCE for a nonce that was spent, or SESSION_RATE for too
   *   many visits of this branch within a minute.
   * @source PROTOCOL 7.6
   */
  check(bytes: Uint8Array, peer: string, time: { readonly nowMs: number; readonly wallMs: number }): Result<Caller>;
}

/**
 * What the statements of a delivery revoke. The unit may have climbed floors that the cloud never saw, and then takes
 * statements that can't be judged here: those are passed over, the others count.
 */
function revokedBy(delivery: Uint8Array | undefined, trust: Trust): Revocations {
  const delivered = delivery === undefined ? undefined : readDelivery(delivery);
  let { revocations } = trust;
  for (const each of delivered?.ok ? delivered.value : []) {
    const applied = applyDelivery(encodeDelivery([each]), { ...trust, revocations });
    if (applied.ok) revocations = applied.value.revocations;
  }
  return revocations;
}

/**
 * @param broker  The broker's name, which proofs are bound to.
 * @param issuersOf Who may sign grants for a product.
 * @param deliveryFor What a unit is to know of revocation.
 * @param startedMs The nonce time at which this process started.
 */
export function createCallerGate(
  broker: string,
  fleet: Fleet,
  nonces: Nonces,
  issuersOf: (product: string) => readonly Issuer[],
  deliveryFor: (device: Device) => Uint8Array | undefined,
  primitives: Primitives,
  startedMs: number,
): CallerGate {
  const spent = createSpentNonces(startedMs);
  const each = createPace(PROOFS_EACH);
  const all = createPace(PROOFS_ALL);

  const openFor = (device: Device, id: Uint8Array, chain: Uint8Array, wallMs: number): Result<OpenChain> => {
    const issuers = [{ kid: OWN_KID, publicKey: device.publicKey }, ...issuersOf(device.product)];
    const roots = { primitives, issuers, id, product: device.product, fleet: device.fleet };
    const open = openChain(chain, roots);
    if (!open.ok) return open;
    const nowS = wallMs / 1000;
    const time = { grade: "trusted", earliestS: nowS, latestS: nowS } as const;
    const trust = { ...roots, revocations: [], time, claimed: true, fleetCalls: true };
    return inForce(open.value, { ...trust, revocations: revokedBy(deliveryFor(device), trust) });
  };

  return {
    check(bytes, peer, { nowMs, wallMs }) {
      const read = decodeCallerProof(bytes);
      if (!read.ok) return read;
      const { proof, deviceId, chain } = read.value;
      const { nonce, publicKey, signature } = proof;
      const givenMs = nonces.givenMs(nonce, toHex(deviceIdOf(primitives, publicKey)), nowMs);
      if (givenMs === undefined) return refuse("LINK_NONCE");
      if (each.take(peer, nowMs) === undefined || all.take("", nowMs) === undefined) return refuse("SESSION_RATE");
      const device = fleet.get(toHex(deviceId));
      if (device === undefined) return refuse("LINK_DEVICE");
      const signed = callerToBeSigned(broker, device.id, nonce);
      if (!verifyEd25519(primitives, signed, signature, publicKey)) return refuse("LINK_SIGNATURE");
      const open = openFor(device, deviceId, chain, wallMs);
      if (!open.ok) return open;
      if (!equal(open.value.holder, publicKey)) return refuse("LINK_SIGNATURE");
      const { links } = open.value;
      const branch = `${device.id}/${toHex((links[1] ?? links[0])?.claims.cti as Uint8Array)}`;
      const outcome = spent.spend(branch, toHex(nonce), givenMs, nowMs);
      if (outcome !== "ok") return refuse(outcome === "full" ? "SESSION_RATE" : "LINK_NONCE");
      return ok({
        name: callerName(nonce),
        password: linkPassword(proof),
        device: { id: device.id, fleet: device.fleet },
        branch,
      });
    },
  };
}
