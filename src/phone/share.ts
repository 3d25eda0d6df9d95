/** How an owner's phone delegates a narrower key to someone else. To revoke it: phone/revoke.ts. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { chainOf, issueChild } from "#trust/grants/mint.ts";
import type { Primitives } from "#trust/primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import type { Audience } from "#wire/grants/audience.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import type { Scope } from "#wire/grants/scope.ts";
import type { Session } from "./session.ts";

export interface Share {
  /** The guest's own Ed25519 public key: the owner never holds the guest's seed. */
  readonly guestKey: Uint8Array;
  readonly scope: Scope;
  /** Unix seconds. */
  readonly expiresAtS?: number;
  /** Only where it narrows: another unit than the grant's makes a chain that nobody takes. */
  readonly audience?: Audience;
  readonly caveats: readonly Caveat[];
}

/** What the guest gets, besides having his key: nothing of it is secret. */
export interface Shared {
  readonly chain: Uint8Array;
  /** Names the link, for its revocation. */
  readonly cti: Uint8Array;
}

/**
 * Mints a guest's link beneath the owner's grant, which the unit hands out to its owner alone.
 * @param ownerSeed Seed of the card's holder key.
 * @returns The chain, or why the unit doesn't hand out the grant (SESSION_OWNER for a guest's session).
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
  // A link below the floor that the owner, or the button, has raised would be dead from the start.
  const epoch = described.value instanceof Map ? described.value.get("floor") : undefined;
  if (!(grant.value instanceof Uint8Array) || typeof epoch !== "number") return refuse("SESSION_ANSWER");
  const cti = primitives.random(CTI_BYTES);
  const { guestKey, scope, expiresAtS, audience, caveats } = share;
  const chain = issueChild(primitives, chainOf(grant.value), seedSigner(primitives, ownerSeed), {
    ...(expiresAtS === undefined ? {} : { expiresAtS }),
    ...(audience === undefined ? {} : { audience }),
    ...{ cti, holder: guestKey, scope, epoch, caveats },
  });
  return ok({ chain, cti });
}
