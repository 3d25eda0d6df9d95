/** The callers of the unit of gate-world.ts: its owner, and the guests of the owner. */
import { concat } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { openSession, type Session } from "#phone/session.ts";
import type { Transport } from "#phone/transport.ts";
import { chainOf, issueChild } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import type { Ead } from "#trust/sessions/edhoc.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { type Answered, answerMessage2, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { seedSigner } from "#trust/signer.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import {
  CALLER_ID,
  CALLER_KID,
  CHAIN_EAD_LABEL,
  credentialItem,
  MESSAGE_1_MARK,
  UNIT_KID,
} from "#wire/sessions/session.ts";
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

/** A handshake by hand: message 1 is sent now; message 3 is made when and with what it is asked to, and sent by whoever has it. */
export async function handshake(caller: Caller, transport: Transport) {
  const key = await transport.exchange("key", new Uint8Array(0));
  const initiated = initiate(primitives, SUITE_4, CALLER_ID);
  const message2 = await transport.exchange("edhoc", concat(Uint8Array.of(MESSAGE_1_MARK), initiated.message1));
  if (!key.ok || !message2.ok) throw new Error("no message 2");
  const opened = openMessage2(primitives, initiated, message2.value);
  if (!opened.ok) throw new Error(opened.fault);
  const unit = { id: kidMap(UNIT_KID), item: credentialItem(key.value), publicKey: key.value };
  const own = {
    id: kidMap(CALLER_KID),
    item: credentialItem(primitives.ed25519PublicKey(caller.seed)),
    sign: (message: Uint8Array) => primitives.ed25519Sign(message, caller.seed),
  };
  return (...more: readonly Ead[]): Answered => {
    const ead = [{ label: -CHAIN_EAD_LABEL, value: caller.chain }, ...more];
    const answered = answerMessage2(primitives, opened.value, unit, own, ead);
    if (!answered.ok) throw new Error(answered.fault);
    return answered.value;
  };
}
