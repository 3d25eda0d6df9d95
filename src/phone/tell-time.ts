/** Tells a unit the time and the time zone, in every session in which the unit asks for them. */
import { ok, type Result } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { Primitives } from "#trust/primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import type { Session } from "./session.ts";

export interface Telling {
  readonly primitives: Primitives;
  /** Seed of the session's key. */
  readonly holderSeed: Uint8Array;
  /** Links of the session's chain: what the holder signs stands at this place. */
  readonly links: number;
  /** By the phone's own clock, Unix seconds. */
  readonly nowS: number;
  /** The rule of the zone where the unit is, where the phone knows it. */
  readonly zoneRule?: () => string | undefined;
}

interface Told {
  readonly isTimeTold: boolean;
  readonly isZoneTold: boolean;
}

/** Signs the time over a nonce of the unit's and hands it to the unit, for the links that the session's key signs. */
export function vouchFor(session: Session, nonce: Uint8Array, telling: Telling): Promise<Result<Cbor>> {
  const { primitives, holderSeed, links: link, nowS: timeS } = telling;
  const statement = signTime(seedSigner(primitives, holderSeed), undefined, { timeS, nonce });
  return session.request({ op: "vouch", link, statement });
}

/**
 * Asks the unit what it wants to be told, and tells it.
 * @returns What was told; or the first refusal, as TIME_BEFORE_FLOOR from a unit that knows this clock to be slow.
 * @source PROTOCOL 5.35
 */
export async function tellUnit(session: Session, telling: Telling): Promise<Result<Told>> {
  const wanted = await session.request({ op: "wanted" });
  if (!wanted.ok) return wanted;
  const [nonce, wantsZone] = Array.isArray(wanted.value) ? (wanted.value as readonly Cbor[]) : [];
  const isTimeTold = nonce instanceof Uint8Array;
  if (isTimeTold) {
    const told = await vouchFor(session, nonce, telling);
    if (!told.ok) return told;
  }
  const rule = wantsZone === true ? telling.zoneRule?.() : undefined;
  if (rule !== undefined) {
    const told = await session.request({ op: "zone", rule });
    if (!told.ok) return told;
  }
  return ok({ isTimeTold, isZoneTold: rule !== undefined });
}
