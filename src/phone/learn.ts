/**
 * Asks a unit on the local network, once, for what a phone needs to reach it remotely: the cloud's address and the
 * owner's grant.
 */
import { ok, type Result } from "#base/faults.ts";
import type { Cbor, CborKey } from "#codec/cbor.ts";
import { type CloudAddress, readCloudAddress } from "#wire/link/cloud-address.ts";
import type { Session } from "./session.ts";

export interface Learned {
  /** Undefined for a unit without a cloud. */
  readonly cloud: CloudAddress | undefined;
  /**
   * Which TLS certificates to accept there, as the unit does (wire/link/cloud-address.ts); undefined for a cloud in
   * the clear.
   */
  readonly cloudTls: Uint8Array | undefined;
  /** The owner's own grant, which the cloud wants to see and doesn't have; undefined for a guest, who has a chain. */
  readonly grant: Uint8Array | undefined;
}

/** Whether a socket takes this number for a port. */
export const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;

/** Asks within a session. @returns What was learned, or what became of the session. */
export async function learn(session: Session): Promise<Result<Learned>> {
  const described = await session.request({ op: "describe" });
  if (!described.ok) return described;
  const facts: ReadonlyMap<CborKey, Cbor> = described.value instanceof Map ? described.value : new Map();
  const bytesOf = (fact: Cbor) => (fact instanceof Uint8Array ? fact : undefined);
  const grant = facts.get("owner") === true ? await session.request({ op: "grant" }) : undefined;
  if (grant?.ok === false) return grant;
  const cloud = readCloudAddress(bytesOf(facts.get("cloud")));
  return ok({
    // Whoever made the unit wrote it: what no socket takes is no address.
    cloud: cloud !== undefined && isPort(cloud.mqttPort) && isPort(cloud.httpPort) ? cloud : undefined,
    cloudTls: bytesOf(facts.get("cloudTls")),
    grant: bytesOf(grant?.value),
  });
}
