/** A unit's link and gate over real sockets to a real cloud process, and remote callers. */

import { fromHex, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import { createLink } from "#device/link/link.ts";
import type { Effect, Stored } from "#device/machine.ts";
import { performOp } from "#device/settings.ts";
import { openSession, type Session } from "#phone/session.ts";
import { type CloudRelayOptions, cloudRelayTransport } from "#phone/transports/cloud-relay.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { appNamed } from "../../device/app-named.ts";
import { emptyAuditFlash } from "../../device/gate/world.ts";
import { runOnSockets, type SocketRunner } from "../../device/socket-runner.ts";

export const seedOf = (fill: number) => new Uint8Array(32).fill(fill);
export const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
export const FLEET = "f1";
const PRODUCT = "lamp";
const text = (value: string) => new TextEncoder().encode(value);

export interface HomeUnit {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly owner: { readonly seed: Uint8Array; readonly chain: Uint8Array };
  readonly grant: Uint8Array;
  /** What its app was asked to do. */
  readonly calls: string[];
  /** What it remembers. */
  readonly stored: ReadonlyMap<string, Uint8Array>;
  /** What came to it by the relay. */
  readonly heard: Uint8Array[];
  /** Shows its gate what came by another way than the relay. */
  show(event: Parameters<SocketRunner["show"]>[0]): void;
  /** Says something below its own topic, as a unit that somebody took over would. */
  publish(topic: string, payload: Uint8Array): void;
  /** Whether the cloud has said that there is nothing more for it. */
  dismissed(): boolean;
  stop(): void;
}

/**
 * A unit that links to the cloud at this address and stays.
 * @param more What it has stored besides: what the factory gave, or what it wrote before the power went.
 */
export async function startHomeUnit(
  seed: Uint8Array,
  ownerSeed: Uint8Array,
  cloud: CloudAddress,
  more: Iterable<readonly [string, Uint8Array]> = [],
): Promise<HomeUnit> {
  const publicKey = primitives.ed25519PublicKey(seed);
  const id = deviceIdOf(primitives, publicKey);
  const grant = issueGrant(issuer, {
    audience: { kind: "device", id },
    issuedAtS: 1_795_435_200,
    cti: primitives.random(8),
    holder: primitives.ed25519PublicKey(ownerSeed),
    scope: LEVEL.noFlash,
    epoch: 0,
    caveats: [],
  });
  const values = new Map<string, Uint8Array>([
    [OWN.key, seed],
    [OWN.provisioned, encodeCbor([])],
    [PROVISIONED.fleet, text(FLEET)],
    [PROVISIONED.product, text(PRODUCT)],
    [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
    [PROVISIONED.ownerGrant, grant],
    [PROVISIONED.cloud, encodeCbor([cloud.host, cloud.mqttPort, cloud.httpPort, cloud.broker])],
    ...more,
  ]);
  const stored: Stored = { get: (name) => values.get(name), names: () => [...values.keys()] };
  const calls: string[] = [];
  const heard: Uint8Array[] = [];
  let isDismissed = false;
  const names = [
    ["setLamp", "call"],
    ["pressed", "subscribe"],
  ] as const;
  const app = appNamed(names);
  const flash = emptyAuditFlash();
  const perform = (effect: Effect) => {
    if (effect.kind === "append") effect.ops.every((op) => performOp(flash, op));
    if (effect.kind === "store") values.set(effect.name, effect.value);
    if (effect.kind !== "call") return;
    calls.push(effect.name);
    setImmediate(() => gate.show({ kind: "called", id: effect.id, result: encodeCbor("done") }));
  };
  const link: SocketRunner = runOnSockets(createLink(primitives), stored, perform, (event) => {
    if (event.kind !== "link-message" && event.kind !== "link-up" && event.kind !== "link-down") return;
    if (event.kind === "link-message" && event.topic === "relay") heard.push(event.payload);
    if (event.kind === "link-message" && event.topic === "away") isDismissed = true;
    setImmediate(() => gate.show(event));
  });
  const gate: SocketRunner = runOnSockets(
    createGate({
      crypto: primitives,
      app,
      tcpPort: 1,
      audit: flashLogIn(flash, { start: 0, bytes: flash.byteLength }),
    }),
    stored,
    perform,
    (event) => void setImmediate(() => (event.kind === "answer-stored" ? gate : link).show(event)),
  );
  const up = link.until("the link is up", (event) => event.kind === "link-up", 20_000);
  link.show({ kind: "online", ipv4: "127.0.0.1" });
  await up;
  link.show({ kind: "publish", topic: "state", payload: fromHex("84010100f6") as Uint8Array, retain: true });
  return {
    ...{ id, publicKey, calls, heard, grant, stored: values, owner: { seed: ownerSeed, chain: chainOf(grant) } },
    show: (event) => gate.show(event),
    publish: (topic, payload) => link.show({ kind: "publish", topic, payload, retain: false }),
    dismissed: () => isDismissed,
    stop() {
      link.stop();
      gate.stop();
    },
  };
}

export const enrolmentOf = (unit: HomeUnit) => ({
  ...{ id: toHex(unit.id), publicKey: toHex(unit.publicKey), product: PRODUCT, hardware: 1, fleet: FLEET, lab: false },
});

/** A guest's chain beneath the owner's. */
export function guestOf(unit: HomeUnit, seed: Uint8Array, claims: Partial<Claims> = {}): HomeUnit["owner"] {
  const chain = issueChild(primitives, unit.owner.chain, seedSigner(primitives, unit.owner.seed), {
    ...{ cti: primitives.random(8), holder: primitives.ed25519PublicKey(seed), epoch: 0, caveats: [] },
    scope: scopeOf({ setLamp: ["call"] }),
    ...claims,
  });
  return { seed, chain };
}

/** Opens a transport through the relay; by default as the unit's owner. */
export function wayTo(unit: HomeUnit, cloud: CloudAddress, options: Partial<CloudRelayOptions> = {}) {
  const { seed: holderSeed, chain } = unit.owner;
  return cloudRelayTransport({
    primitives,
    cloud,
    deviceId: unit.id,
    holderSeed,
    chain,
    timeoutMs: 30_000,
    ...options,
  });
}

export async function sessionFrom(
  unit: HomeUnit,
  cloud: CloudAddress,
  caller: HomeUnit["owner"] = unit.owner,
): Promise<Result<Session>> {
  const options = { holderSeed: caller.seed, chain: caller.chain };
  const transport = await wayTo(unit, cloud, options);
  if (!transport.ok) return transport;
  const opened = await openSession({ primitives, transport: transport.value, deviceId: unit.id, ...options });
  if (!opened.ok) await transport.value.close();
  return opened;
}
