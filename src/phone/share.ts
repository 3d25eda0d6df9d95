/** Delegates a narrower key to a guest, on the owner's phone. To revoke it: phone/revoke.ts. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { chainOf, issueChild } from "#trust/grants/mint.ts";
import type { Primitives } from "#trust/primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import type { Audience } from "#wire/grants/audience.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import type { Scope } from "#wire/grants/scope.ts";
import type { Session } from "./session.ts";

interface Share {
  /** The guest's own Ed25519 public key: the owner never holds the guest's seed. */
  readonly guestKey: Uint8Array;
  readonly scope: Scope;
  /** Unix seconds. */
  readonly expiresAtS?: number;
  /** Only where it narrows: another unit than the grant's makes a chain that nobody takes. */
  readonly audience?: Audience;
  readonly caveats: readonly Caveat[];
}

/** What the guest receives, besides the key that the guest already has. Nothing in it is secret. */
export interface Shared {
  readonly chain: Uint8Array;
  /** Names the link, for its revocation. */
  readonly cti: Uint8Array;
}

/**
 * Mints a guest's link beneath the owner's grant.
 * @param ownerSeed Seed of the card's holder key.
 * @param epoch The owner's floor: a link below it would be dead from the start.
 */
export function mintShare(
  primitives: Primitives,
  grant: Uint8Array,
  epoch: number,
  ownerSeed: Uint8Array,
  { guestKey, scope, expiresAtS, audience, caveats }: Share,
): Shared {
  const cti = primitives.random(CTI_BYTES);
  const chain = issueChild(primitives, chainOf(grant), seedSigner(primitives, ownerSeed), {
    ...(expiresAtS === undefined ? {} : { expiresAtS }),
    ...(audience === undefined ? {} : { audience }),
    ...{ cti, holder: guestKey, scope, epoch, caveats },
  });
  return { chain, cti };
}

/**
 * Mints a guest's link from the owner's grant, which the unit gives to its owner only, and from the owner's current
 * floor.
 * @returns The chain, or the fault with which the unit refuses to give the grant (SESSION_OWNER for a guest's session).
 */
export async function shareWith(
  primitives: Primitives,
  session: Session,
  ownerSeed: Uint8Array,
  share: Share,
): Promise<Result<Shared>> {
  const grant = await session.request({ op: "grant" });
  if (!grant.ok) return grant;
  const described = await session.request({ op: "describe" });
  if (!described.ok) return described;
  const epoch = described.value instanceof Map ? described.value.get("floor") : undefined;
  if (!(grant.value instanceof Uint8Array) || typeof epoch !== "number") return refuse("SESSION_ANSWER");
  return ok(mintShare(primitives, grant.value, epoch, ownerSeed, share));
}
