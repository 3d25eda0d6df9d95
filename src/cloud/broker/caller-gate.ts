/**
 * Admits remote callers: a caller must prove that it holds the last key of a chain that is valid for an enrolled
 * unit.
 */
import { equal, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Device, Fleet } from "#cloud/fleet.ts";
import { createPace } from "#cloud/rollout/pace.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { type GrantIssuer, type OpenChain, type OpenLink, OWN_KID, openChain } from "#trust/grants/open-chain.ts";
import type { RevocationList } from "#trust/grants/revocations.ts";
import { applyDelivery } from "#trust/grants/revoke.ts";
import { inForce, type Trust } from "#trust/grants/verify-grant.ts";
import type { Primitives } from "#trust/primitives.ts";
import { isMeant } from "#wire/grants/audience.ts";
import { encodeDelivery, readDelivery } from "#wire/grants/revocation.ts";
import { callerName, callerToBeSigned, decodeCallerProof } from "#wire/link/caller-auth.ts";
import { linkPassword } from "#wire/link/link-auth.ts";
import type { LinkedDevice } from "./broker.ts";
import type { Nonces } from "./nonces.ts";
import { createSpentNonces } from "./spent-nonces.ts";

/** Signature checks that callers may cost: so many from one address, so many from all. Units' own proofs aren't counted. */
const PROOFS_EACH = { burst: 20, everyMs: 500 };
const PROOFS_ALL = { burst: 200, everyMs: 10 };

/** One session of somebody who may speak with one unit. Nothing of it is ever written down. */
export interface Caller {
  /** Client ID, user name and place of its topics, for this session alone. */
  readonly name: string;
  /** What it shows the broker, once. */
  readonly password: string;
  readonly device: LinkedDevice;
  /** The grant that an issuer signed, whatever units it is for. */
  readonly root: string;
  /**
   * Who is counted together on this unit: everybody beneath the same link that the holder of a grant for this one unit
   * signed, or beneath the same grant for many units. So nobody who may sign keys can multiply.
   */
  readonly branch: string;
  /** Whether this is the holder of a grant for this one unit itself, as its owner is. */
  readonly isFirst: boolean;
  /** When the chain runs out, Unix seconds. */
  readonly expiresAtS: number | undefined;
  readonly chain: OpenChain;
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
   *   many sessions of this branch within a minute.
   * @source PROTOCOL 7.6
   */
  check(bytes: Uint8Array, peer: string, time: { readonly nowMs: number; readonly wallMs: number }): Result<Caller>;
  /** Whether a caller who was let in would be let in with the same chain now: asked when something was revoked. */
  mayStay(caller: Caller, wallMs: number): boolean;
}

/**
 * What the statements of a delivery revoke. The unit may have climbed floors that the cloud never saw, and then takes
 * statements that can't be judged here: those are passed over, the others count.
 */
function revokedBy(delivery: Uint8Array | undefined, trust: Trust): RevocationList {
  const delivered = delivery === undefined ? undefined : readDelivery(delivery);
  let { revocations } = trust;
  for (const each of delivered?.ok ? delivered.value : []) {
    const applied = applyDelivery(encodeDelivery([each]), { ...trust, revocations });
    if (applied.ok) revocations = applied.value.revocations;
  }
  return revocations;
}

/** How a caller is counted. A link is known by its number and who signed it, since each signer chooses its own numbers. */
function countedAs(deviceId: string, { links }: OpenChain): Pick<Caller, "root" | "branch" | "isFirst" | "expiresAtS"> {
  const [grant, child] = links as readonly [OpenLink, ...OpenLink[]];
  const root = `${toHex(grant.signer)}/${toHex(grant.claims.cti)}`;
  const isForOne = grant.claims.audience?.kind === "device";
  const below = isForOne && child !== undefined ? `/${toHex(child.claims.cti)}` : "";
  const expiries = links.flatMap(({ claims }) => claims.expiresAtS ?? []);
  return {
    root,
    branch: `${deviceId}/${root}${below}`,
    isFirst: isForOne && child === undefined,
    expiresAtS: expiries.length === 0 ? undefined : Math.min(...expiries),
  };
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
  issuersOf: (product: string) => readonly GrantIssuer[],
  deliveryFor: (device: Device) => Uint8Array | undefined,
  primitives: Primitives,
  startedMs: number,
): CallerGate {
  const spent = createSpentNonces(startedMs);
  const each = createPace(PROOFS_EACH);
  const all = createPace(PROOFS_ALL);

  const trustFor = (device: Device, wallMs: number): Trust => {
    const issuers = [{ kid: OWN_KID, publicKey: device.publicKey }, ...issuersOf(device.product)];
    const id = deviceIdOf(primitives, device.publicKey);
    const roots = { primitives, issuers, id, product: device.product, fleet: device.fleet };
    const nowS = wallMs / 1000;
    const time = { grade: "trusted", earliestS: nowS, latestS: nowS } as const;
    return { ...roots, revocations: [], time, claimed: true, fleetCalls: true };
  };

  const standing = (device: Device, open: OpenChain, trust: Trust): Result<OpenChain> =>
    inForce(open, { ...trust, revocations: revokedBy(deliveryFor(device), trust) });

  const openFor = (device: Device, chain: Uint8Array, wallMs: number): Result<OpenChain> => {
    const trust = trustFor(device, wallMs);
    const open = openChain(chain, trust);
    return open.ok ? standing(device, open.value, trust) : open;
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
      const open = openFor(device, chain, wallMs);
      if (!open.ok) return open;
      if (!equal(open.value.holder, publicKey)) return refuse("LINK_SIGNATURE");
      const counted = countedAs(device.id, open.value);
      const { branch } = counted;
      const outcome = spent.spend(branch, toHex(nonce), givenMs, nowMs);
      if (outcome !== "ok") return refuse(outcome === "full" ? "SESSION_RATE" : "LINK_NONCE");
      return ok({
        name: callerName(nonce),
        password: linkPassword(proof),
        device: { id: device.id, fleet: device.fleet },
        ...counted,
        chain: open.value,
      });
    },
    mayStay({ device: { id }, chain }, wallMs) {
      const device = fleet.get(id);
      if (device === undefined) return false;
      const trust = trustFor(device, wallMs);
      const isMeantStill = chain.links.every(
        ({ claims }) => claims.audience === undefined || isMeant(claims.audience, trust),
      );
      const isPinned = trust.issuers.some(({ publicKey }) => equal(publicKey, (chain.links[0] as OpenLink).signer));
      return isMeantStill && isPinned && standing(device, chain, trust).ok;
    },
  };
}
