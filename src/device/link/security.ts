/**
 * The TLS settings of the link: the certificates that the factory pinned, and the time as the unit knows it.
 * @source PROTOCOL 7.8
 */
import type { Secure } from "#device/port.ts";
import { type TimeState, timeAt } from "#trust/time-floor.ts";
import type { CloudChoice } from "./cloud.ts";

type Pinned = Pick<Secure, "serverName" | "certificate">;

/** What a connection is held to. */
export interface Security {
  readonly pinned: Pinned | "none";
  readonly time: TimeState;
}

/** The authorities of the unit's cloud; "none" for a link in the clear. */
export function readPinned({ tls }: CloudChoice): Pinned | "none" {
  return tls === undefined ? "none" : { serverName: tls.serverName, certificate: tls.authorities };
}

/** The wish for one connection: a floor refuses what is over, a trusted time also what has not begun. */
export function secureAt({ pinned, time }: Security, nowMs: number): Secure | undefined {
  if (pinned === "none") return undefined;
  const known = timeAt(time, nowMs);
  return {
    ...pinned,
    earliestS: known.grade === "unknown" ? 0 : known.earliestS,
    latestS: known.grade === "trusted" ? known.latestS : Number.POSITIVE_INFINITY,
  };
}
