/** Asks a unit about its cloud and its maker's keys, and moves it to another cloud. */
import { type Fault, faultOf, ok, type Result } from "#base/faults.ts";
import { type Cbor, encodeCbor } from "#codec/cbor.ts";
import { type CloudAddress, readCloudAddress } from "#wire/link/cloud-address.ts";
import type { Session } from "./session.ts";

export interface UnitCloud {
  /** Undefined for a unit without a cloud. */
  readonly address: CloudAddress | undefined;
  /** Whether the unit authenticates that cloud by TLS. */
  readonly isTls: boolean;
  /** "up", the fault by which the last attempt ended, or undefined while the unit has not tried yet. */
  readonly link: "up" | Fault | undefined;
  /** Version of the maker's key set that the unit uses; undefined for a unit that takes no updates. */
  readonly keySet: number | undefined;
}

/** What a unit's description says of its cloud. */
export function cloudFrom(facts: ReadonlyMap<unknown, Cbor>): UnitCloud {
  const [cloud, link, keySet] = [facts.get("cloud"), facts.get("link"), facts.get("keySet")];
  return {
    address: cloud instanceof Uint8Array ? readCloudAddress(cloud) : undefined,
    isTls: facts.get("cloudTls") instanceof Uint8Array,
    link: link === 0 ? "up" : typeof link === "number" ? (faultOf(link) ?? "LINK_REFUSED") : undefined,
    keySet: typeof keySet === "number" ? keySet : undefined,
  };
}

/** Asks the unit within a session. @returns What it said, or the session's fault. */
export async function askCloud(session: Session): Promise<Result<UnitCloud>> {
  const described = await session.request({ op: "describe" });
  if (!described.ok) return described;
  return ok(cloudFrom(described.value instanceof Map ? described.value : new Map()));
}

/** Where a unit is to find its cloud from now on. */
export interface NewCloud extends CloudAddress {
  /** The name in the server's certificate, and the DER of one to three authorities; absent for a cloud in the clear. */
  readonly tls?: { readonly serverName: string; readonly authorities: Uint8Array };
}

/**
 * Tells the unit where its cloud is; undefined: where the factory said. Only the owner may.
 * @returns Null, or the unit's refusal: SESSION_OWNER, SESSION_CLOUD and those of the config right.
 */
export function moveCloud(session: Session, cloud: NewCloud | undefined): Promise<Result<Cbor>> {
  const nothing = new Uint8Array(0);
  if (cloud === undefined) return session.request({ op: "cloud", address: nothing, tls: nothing });
  const { host, mqttPort, httpPort, broker, tls } = cloud;
  return session.request({
    op: "cloud",
    address: encodeCbor([host, mqttPort, httpPort, broker]),
    tls: tls === undefined ? nothing : encodeCbor([tls.serverName, tls.authorities]),
  });
}

const ADVICE: Partial<Record<Fault, string>> = {
  LINK_TLS_ISSUER:
    "the server's certificate was signed by an authority that the unit doesn't know; get the maker's present authority file and run: latchkey phone cloud ADDRESS --cloud-ca FILE",
  LINK_TLS_NAME:
    "the server's certificate is for another name; ask the maker for its cloud's present address and run: latchkey phone cloud ADDRESS --cloud-ca FILE --cloud-server NAME",
  LINK_TLS_TIME:
    "the server's certificate has expired, or is not valid yet; the maker must renew it, and the unit then connects by itself",
  LINK_TLS_ABSENT:
    "this unit's firmware speaks no TLS; bring it a release that does, with: latchkey phone deliver RELEASE",
  LINK_TLS_MEMORY: "the unit had no memory for TLS; switch it off and on",
  LINK_DEVICE: "that cloud doesn't know the unit; its operator enrols it with: latchkey rollout enrol",
  LINK_TIMEOUT:
    "nobody answers there; if the maker moved its cloud, ask for the present address and run: latchkey phone cloud ADDRESS",
};
const REFUSED =
  "nobody answers there, or the unit was refused; if the maker moved its cloud, ask for the present address and run: latchkey phone cloud ADDRESS";

/** What the owner can do about a link that does not come up. */
export function linkAdvice(fault: Fault): string {
  return ADVICE[fault] ?? REFUSED;
}
