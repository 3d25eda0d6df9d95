/** Phones and a cloud that tell the unit of world.ts the time, and callers whose requests depend on it. */
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { TIME_KID } from "#wire/grants/signed-time.ts";
import { UP } from "#wire/link/topics.ts";
import { type Caller, connect, connected } from "./callers.ts";
import { seedOf, timeSigner, type World } from "./world.ts";

export const on = (session: Session) => call(session, "setLamp", { on: true });
export const HOUR_S = 3600;
export const GUEST = seedOf(9);
export const signerOf = ({ seed }: Caller) => seedSigner(primitives, seed);

export async function nonceOf(session: Session): Promise<Uint8Array> {
  const answer = await session.request({ op: "nonce" });
  if (!answer.ok) throw new Error(answer.fault);
  return answer.value as Uint8Array;
}

/** What a phone does in every session: signs the time where the unit wants that. @returns Whether it wanted it, or a fault. */
export async function passBy(world: World, caller: Caller, timeS: number, link = 1): Promise<string> {
  const session = await connected(world, caller);
  const wanted = await session.request({ op: "wanted" });
  if (!wanted.ok) throw new Error(wanted.fault);
  const [nonce] = wanted.value as readonly [Uint8Array | null, boolean];
  if (nonce === null) return "not wanted";
  const statement = signTime(signerOf(caller), undefined, { timeS, nonce });
  const told = await session.request({ op: "vouch", link, statement });
  await session.close();
  return told.ok ? "told" : told.fault;
}

/** The verdict on a call in a new session: "done", or the fault that refused the session or the call. */
export async function tries(world: World, caller: Caller): Promise<string> {
  const session = await connect(world, caller, world.lan(`192.0.2.${1 + (world.calls.length % 200)}`));
  if (!session.ok) return session.fault;
  const answer = await on(session.value);
  await session.value.close();
  return answer.ok ? "done" : answer.fault;
}

/** The nonces over which the unit has asked its cloud. */
export function asked(world: World): readonly Uint8Array[] {
  return world.emitted.flatMap((event) =>
    event.kind === "publish" && event.topic === UP.askTime ? [event.payload] : [],
  );
}

export function cloudSays(world: World, timeS: number, nonce = asked(world).at(-1) ?? new Uint8Array(16)): Uint8Array {
  const payload = signTime(timeSigner, TIME_KID, { timeS, nonce });
  world.show({ kind: "link-message", topic: "time", payload });
  return payload;
}
