/** Onboarding's settings: what it listens for, from the factory's settings and from the unit's memory. */
import type { Facts } from "#device/store/facts.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";

/** What this product listens for. */
export interface Allowed {
  readonly protocols: readonly AirProtocol[];
  readonly isSoftApOn: boolean;
  readonly airKey?: Uint8Array;
  readonly aesKey?: Uint8Array;
}

const LEGACY: readonly AirProtocol[] = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"];
/** Of 40 bits, as messages carry it. */
const COUNTER_MAX = 2 ** 40 - 1;

/** Air whenever the unit has an air key; older protocols and SoftAP only where the factory switched them on. */
export function allowedBy({ airKey, onboarding }: Facts): Allowed {
  const { legacy: names = [], isSoftApOn = false, aesKey } = onboarding ?? {};
  const legacy = LEGACY.filter((protocol) => names.includes(protocol));
  return {
    protocols: airKey === undefined ? legacy : ["air", ...legacy],
    isSoftApOn,
    ...(airKey === undefined ? {} : { airKey }),
    ...(aesKey === undefined ? {} : { aesKey }),
  };
}

/** Which protocols count now: a unit that has a network takes a new one from its card-holder alone. */
export function listenedFor(facts: Facts, hasNetwork: boolean): Allowed {
  const allowed = allowedBy(facts);
  const hadNetwork = hasNetwork || facts.unreadable.has("wifi");
  return hadNetwork ? { ...allowed, protocols: allowed.protocols.filter((protocol) => protocol === "air") } : allowed;
}

/** The counter of the last Air message that was used: only a higher one counts. */
export function lastCounter({ airCounter, unreadable }: Facts): number {
  return unreadable.has("airCounter") ? COUNTER_MAX : (airCounter ?? 0);
}
