/** What the unit's owner does while power fails: hands over a network, opens sessions, raises the floor of what is revoked. */
import { utf8 } from "#base/utf8.ts";
import { call } from "#phone/call.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { revokedAt } from "#phone/revoke.ts";
import { openSession, type Session } from "#phone/session.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { chainOf } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { forwardedTransport } from "./forwarded.ts";
import type { Running } from "./running.ts";
import type { Subject } from "./subject.ts";

const LOOK_MS = 100;
const PATIENCE_MS = 300_000;
const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens a session as the owner; undefined while the unit can't be reached, or is asked too often. */
async function tryOpen({ deviceId, ownerSeed }: Subject, { at }: Running): Promise<Session | undefined> {
  const transport = forwardedTransport(at);
  const opened = await openSession({ primitives, transport, deviceId, holderSeed: ownerSeed, sendingsMax: 1 });
  if (opened.ok) return opened.value;
  await transport.close();
  if (opened.fault === "SESSION_UNREACHABLE" || opened.fault === "SESSION_RATE") return undefined;
  throw new Error(`the unit opens no session for its owner (${opened.fault})`);
}

/** @param isOver Gives up then, and returns undefined. @throws when there is no session for long. */
export async function sessionWith(
  subject: Subject,
  running: Running,
  isOver = () => false,
): Promise<Session | undefined> {
  for (const endMs = Date.now() + PATIENCE_MS; !isOver(); await pause(LOOK_MS)) {
    const session = await tryOpen(subject, running);
    if (session !== undefined) return session;
    if (Date.now() > endMs) throw new Error(`the unit opens no session; it said: ${running.said()}`);
  }
  return undefined;
}

/** The unit did not answer, or knows the session no more: it may have started anew, as updates do. */
const isAway = (fault: string) =>
  fault === "SESSION_UNREACHABLE" || fault === "SESSION_UNKNOWN" || fault === "SESSION_ANSWER";

/**
 * Switches the unit's lamp, and asks it for the owner's floor.
 * @returns undefined when the unit went away meanwhile. @throws when it refuses.
 */
export async function useSession(session: Session): Promise<number | undefined> {
  const done = await call(session, "setLamp", { on: true });
  const told = done.ok ? await revokedAt(session, []) : done;
  if (!told.ok && !isAway(told.fault)) throw new Error(`the unit refuses its owner (${told.fault})`);
  return told.ok ? told.value.floor : undefined;
}

/** Raises the floor by one. @returns The floor that the unit acknowledged; undefined when it did not answer. */
export async function raiseFloor({ deviceId, ownerSeed }: Subject, session: Session): Promise<number | undefined> {
  const told = await revokedAt(session, []);
  const grant = await session.request({ op: "grant" });
  if (!told.ok || !grant.ok) return undefined;
  const floor = told.value.floor + 1;
  const statement = signRevocation(seedSigner(primitives, ownerSeed), undefined, {
    ...{ audience: { kind: "device", id: deviceId }, sequence: told.value.sequence + 1, floor, revoked: joinCtis([]) },
  });
  const delivery = encodeDelivery([{ statement, chain: chainOf(grant.value as Uint8Array) }]);
  const answer = await session.request({ op: "revoke", delivery });
  return answer.ok ? floor : undefined;
}

export interface Network {
  readonly ssid: string;
  readonly passphrase: string;
}

/** A message by Air under way. */
interface HandOver {
  /** What the unit has to count up to. */
  readonly counter: number;
  /** Whether the unit has said hello; false for a message that was ended before. */
  readonly answered: Promise<boolean>;
  end(): void;
}

/** Broadcasts a network until the unit says hello. @param broadcast Where the air listens. */
export function handOver(
  { airKey, deviceId }: Subject,
  { ssid, passphrase }: Network,
  broadcast: string,
  lastCounter: number,
): HandOver {
  const nowS = Math.floor(Date.now() / 1000);
  const given = {
    ssid: utf8(ssid),
    passphrase: utf8(passphrase),
    bssid: BSSID,
    air: { key: airKey, lastCounter, nowS },
  };
  const message = messageFor("air", given, primitives);
  if (!message.ok) throw new Error(message.fault);
  const asked = { ...message.value, host: broadcast, deviceId, timeoutMs: PATIENCE_MS };
  let isEnded = false;
  async function send(): Promise<boolean> {
    const transport = await openUdpTransport();
    const wait = async (ms: number) => {
      if (isEnded) throw new Error("ended");
      await transport.wait(ms);
    };
    try {
      const answer = await onboard(asked, { ...transport, wait }, primitives);
      return answer.ok && answer.value.proved;
    } catch (error) {
      if (isEnded) return false;
      throw error;
    } finally {
      transport.close();
    }
  }
  return {
    counter: Math.max(nowS, lastCounter + 1),
    answered: send(),
    end: () => {
      isEnded = true;
    },
  };
}
