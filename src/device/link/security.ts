/**
 * Under which TLS the link connects: what the factory pinned, and what the unit knows of the time at that moment.
 * @source PROTOCOL 7.8
 */
import type { Stored } from "#device/machine.ts";
import type { Secure } from "#device/port.ts";
import { type TimeState, timeAt } from "#trust/time-floor.ts";
import { readCloudTls } from "#wire/link/cloud-address.ts";
import { cloudOf } from "./cloud.ts";

export type Pinned = Pick<Secure, "serverName" | "certificate">;

/** What a connection is held to. */
export interface Security {
  readonly pinned: Pinned | "none";
  readonly time: TimeState;
}

/** The authorities of the unit's cloud; "none" for a link in the clear, undefined when it can't be read: then there is no link. */
export function readPinned(stored: Stored): Pinned | "none" | undefined {
  const bytes = cloudOf(stored).tls;
  if (bytes === undefined) return "none";
  const tls = readCloudTls(bytes);
  return tls && { serverName: tls.serverName, certificate: tls.authorities };
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
