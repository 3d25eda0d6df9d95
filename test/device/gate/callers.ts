/** Who calls on the unit of gate-world.ts: its owner, and whoever he lets in. */
import type { Result } from "#base/faults.ts";
import { openSession, type Session } from "#phone/session.ts";
import type { Transport } from "#phone/transport.ts";
import { chainOf, issueChild } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { cti, type World } from "./world.ts";

export interface Caller {
  readonly seed: Uint8Array;
  readonly chain: Uint8Array;
}

export const ownerOf = (world: World): Caller => ({ seed: world.owner.seed, chain: chainOf(world.owner.grant) });

/** A child beneath a caller's chain, for the holder of another seed. */
export function childOf(parent: Caller, seed: Uint8Array, claims: Partial<Claims> = {}): Caller {
  const child: Claims = {
    cti: cti(),
    holder: primitives.ed25519PublicKey(seed),
    scope: scopeOf({ setLamp: ["call"] }),
    epoch: 0,
    caveats: [] as readonly Caveat[],
    ...claims,
  };
  return { seed, chain: issueChild(primitives, parent.chain, seedSigner(primitives, parent.seed), child) };
}

export function connect(
  world: World,
  caller: Caller,
  transport: Transport = world.lan(),
  deviceId = world.id,
): Promise<Result<Session>> {
  return openSession({ primitives, transport, deviceId, holderSeed: caller.seed, chain: caller.chain });
}

export async function connected(world: World, caller: Caller, transport?: Transport): Promise<Session> {
  const session = await connect(world, caller, transport);
  if (!session.ok) throw new Error(session.fault);
  return session.value;
}

export const faultOf = (result: Result<unknown>) => (result.ok ? "accepted" : result.fault);
