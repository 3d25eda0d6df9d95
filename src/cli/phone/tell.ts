/** Tells the unit, in every session, the time for the keys that this phone gave, and the unit's time zone. */

import type { Known } from "#phone/memory.ts";
import type { Session } from "#phone/session.ts";
import { type Telling, tellUnit } from "#phone/tell-time.ts";
import { ownZoneName, ruleOf, zoneNamed } from "#phone/zone-rule.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readChain } from "#wire/grants/grant.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";

/** Whose session it is. */
interface PhoneFacts {
  readonly holderSeed: Uint8Array;
  /** Absent for the owner. */
  readonly chain: Uint8Array | undefined;
  readonly known: Known | undefined;
}

/** The number of links that lead to the session's key, and whether the key may delegate. */
function linksOf(chain: Uint8Array | undefined): { readonly links: number; readonly mayDelegate: boolean } {
  const read = chain === undefined ? undefined : readChain(chain);
  const last = read?.ok ? read.value.at(-1) : undefined;
  const rights = last === undefined ? RIGHT.delegate : rightsFor(last.claims.scope, undefined);
  return { links: read?.ok ? read.value.length : 1, mayDelegate: (rights & RIGHT.delegate) !== 0 };
}

export const nowS = (): number => Math.floor(Date.now() / 1000);

/** The rule of this phone's own zone, where summer time follows one. */
export function ownZoneRule(): string | undefined {
  const offsetS = zoneNamed(ownZoneName());
  return offsetS && ruleOf(offsetS, nowS());
}

export function tellingOf({ holderSeed, chain }: PhoneFacts): Telling {
  return { primitives: nodePrimitives, holderSeed, links: linksOf(chain).links, nowS: nowS() };
}

/** Tells the unit what it asks for. A failure doesn't end the session; a wrong clock is reported. */
export async function tellFromPhone(session: Session, phone: PhoneFacts, isAtHome: boolean): Promise<void> {
  if (!linksOf(phone.chain).mayDelegate) return;
  const zoneRule = () => (isAtHome ? (phone.known?.zone ?? ownZoneRule()) : undefined);
  const told = await tellUnit(session, { ...tellingOf(phone), zoneRule });
  if (told.ok || (told.fault !== "TIME_BEFORE_FLOOR" && told.fault !== "TIME_AHEAD")) return;
  const way = told.fault === "TIME_AHEAD" ? "ahead of" : "behind";
  process.stderr.write(
    `latchkey: this phone's clock is ${way} what the unit knows of the time (${told.fault}): set it right, or keys that end will not work as you meant\n`,
  );
}
