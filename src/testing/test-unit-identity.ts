/** What the factory would have given the unit of a test, and the keys of those who call it. */
import { utf8 } from "#base/utf8.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { type Signer, seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { LEVEL, type Right, scopeOf } from "#wire/grants/scope.ts";

export interface TestCaller {
  readonly seed: Uint8Array;
  readonly chain: Uint8Array;
}

/** What a guest may do. */
export interface GuestLimits {
  /** Rights by the names of functions, variables and events. */
  readonly rights: Readonly<Record<string, readonly Right[]>>;
  /** Conditions (PROTOCOL 4.6). */
  readonly caveats?: readonly Caveat[];
  /** Unix seconds. */
  readonly expiresAtS?: number;
}

interface TestIdentity {
  readonly id: Uint8Array;
  readonly owner: TestCaller;
  readonly timeSigner: Signer;
  /** What lies in the unit's flash. */
  readonly values: ReadonlyMap<string, Uint8Array>;
}

const ISSUED_S = 1_790_000_000;

export function createTestIdentity(product: string): TestIdentity {
  const seed = primitives.random(32);
  const id = deviceIdOf(primitives, primitives.ed25519PublicKey(seed));
  const secret = primitives.random(16);
  const ownerSeed = holderSeed(primitives, secret, id);
  const issuer = { ...seedSigner(primitives, primitives.random(32)), kid: Uint8Array.of(1) };
  const timeSigner = seedSigner(primitives, primitives.random(32));
  const grant = issueGrant(issuer, {
    audience: { kind: "device", id },
    ...{ issuedAtS: ISSUED_S, cti: primitives.random(8), scope: LEVEL.noFlash, epoch: 0, caveats: [] },
    holder: primitives.ed25519PublicKey(ownerSeed),
  });
  const values = new Map<string, Uint8Array>([
    [OWN.key, seed],
    [OWN.provisioned, encodeCbor([])],
    [PROVISIONED.product, utf8(product)],
    [PROVISIONED.fleet, utf8(product)],
    [PROVISIONED.ownerGrant, grant],
    [PROVISIONED.airKey, airKey(primitives, secret, id)],
    [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
    [PROVISIONED.timeKey, timeSigner.publicKey],
  ]);
  return { id, owner: { seed: ownerSeed, chain: chainOf(grant) }, timeSigner, values };
}

/** A key that the owner delegates. */
export function guestOf({ owner }: TestIdentity, { rights, caveats = [], expiresAtS }: GuestLimits): TestCaller {
  const seed = primitives.random(32);
  const chain = issueChild(primitives, owner.chain, seedSigner(primitives, owner.seed), {
    ...{ cti: primitives.random(8), scope: scopeOf(rights), epoch: 0, caveats },
    holder: primitives.ed25519PublicKey(seed),
    ...(expiresAtS !== undefined && { expiresAtS }),
  });
  return { seed, chain };
}
