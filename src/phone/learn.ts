/** What a phone asks a unit at home, once, so that it reaches it from anywhere: where its cloud is, and the owner's grant. */
import { ok, type Result } from "#base/faults.ts";
import { type CloudAddress, readCloudAddress } from "#wire/link/cloud-address.ts";
import type { Session } from "./session.ts";

export interface Learned {
  /** Undefined for a unit without a cloud. */
  readonly cloud: CloudAddress | undefined;
  /** The owner's own grant, which the cloud wants to see and doesn't have; undefined for a guest, who has his chain. */
  readonly grant: Uint8Array | undefined;
}

/** Asks within a session. @returns What was learned, or what became of the session. */
export async function learn(session: Session): Promise<Result<Learned>> {
  const described = await session.request({ op: "describe" });
  if (!described.ok) return described;
  const facts = described.value instanceof Map ? described.value : new Map();
  const cloud = facts.get("cloud");
  const grant = facts.get("owner") === true ? await session.request({ op: "grant" }) : undefined;
  if (grant?.ok === false) return grant;
  return ok({
    cloud: readCloudAddress(cloud instanceof Uint8Array ? cloud : undefined),
    grant: grant?.value instanceof Uint8Array ? grant.value : undefined,
  });
}
