/** Ways to a unit: on the local network first, then through the relay of its cloud. */
import { fromHex, toHex } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { discover } from "#phone/discover.ts";
import { openSession, type Session } from "#phone/session.ts";
import type { Transport } from "#phone/transport.ts";
import { cloudRelayTransport, tlsToldBy } from "#phone/transports/cloud-relay.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { type CloudAddress, readCloudTls } from "#wire/link/cloud-address.ts";

/** What is known of where a unit is. */
export interface UnitPlace {
  readonly host: string;
  readonly port: number;
  readonly cloud: CloudAddress | undefined;
  /** In hexadecimal digits, as the unit told it; empty for a cloud in the clear. */
  readonly cloudTls: string;
}

interface UnitKeys {
  readonly deviceId: Uint8Array;
  readonly chain: Uint8Array;
  /** The gateway's own seed. */
  readonly holderSeed: Uint8Array;
}

interface OpenedSession {
  readonly session: Session;
  readonly way: "local" | "relay";
  /** Where it was found, when that is another address than before. */
  readonly foundAt?: { readonly host: string; readonly port: number };
}

async function over(transport: Transport, { deviceId, chain, holderSeed }: UnitKeys): Promise<Result<Session>> {
  const opened = await openSession({ primitives, transport, deviceId, holderSeed, chain });
  // A unit has few connections: one that a refused attempt kept open would be missing for the next.
  if (!opened.ok) await transport.close();
  return opened;
}

async function overRelay(keys: UnitKeys, cloud: CloudAddress, cloudTls: string): Promise<Result<Session>> {
  const bytes = cloudTls === "" ? undefined : fromHex(cloudTls);
  const read = bytes && readCloudTls(bytes);
  const tls = read && tlsToldBy(read);
  // A unit that can't read it has no link either (PROTOCOL 7.8): never in the clear instead.
  if (cloudTls !== "" && tls === undefined) return refuse("LINK_TLS_ISSUER");
  const transport = await cloudRelayTransport({ primitives, cloud, ...keys, ...(tls && { tls }) });
  return transport.ok ? over(transport.value, keys) : transport;
}

/** @returns An open session, or what refused it: the local network's reason unless the unit can't be reached there. */
export async function openWay(place: UnitPlace, keys: UnitKeys): Promise<Result<OpenedSession>> {
  let fault: Fault = "SESSION_UNREACHABLE";
  if (place.port !== 0) {
    const local = await over(httpTransport(place), keys);
    if (local.ok) return ok({ session: local.value, way: "local" });
    fault = local.fault;
    if (fault !== "SESSION_UNREACHABLE") return local;
  }
  const device = toHex(keys.deviceId);
  const found = (await discover({ device })).find((each) => toHex(each.deviceId) === device);
  if (found !== undefined && (found.host !== place.host || found.port !== place.port)) {
    const { host, port } = found;
    const local = await over(httpTransport({ host, port }), keys);
    if (local.ok) return ok({ session: local.value, way: "local", foundAt: { host, port } });
    if (local.fault !== "SESSION_UNREACHABLE") return local;
  }
  if (place.cloud === undefined) return refuse(fault);
  const relayed = await overRelay(keys, place.cloud, place.cloudTls);
  return relayed.ok ? ok({ session: relayed.value, way: "relay" }) : relayed;
}
