/** Opens the broker that the options name: the embedded one, mosquitto, or one that asks the cloud (EMQX). */
import type { Fleet } from "#cloud/fleet.ts";
import type { Broker, BrokerEvents } from "./broker.ts";
import { startEmbeddedBroker } from "./broker-aedes.ts";
import { connectHookedBroker } from "./broker-hooked.ts";
import { connectRemoteBroker } from "./broker-remote.ts";
import type { LinkGate } from "./link-gate.ts";

interface BrokerPlan {
  /** The broker's name, which proofs are bound to. */
  readonly name: string;
  /** Where the embedded broker listens. */
  readonly host: string;
  readonly mqttPort: number;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** URL of a broker that is not the embedded one. */
  readonly broker?: string;
  /** PEM of the authority behind a broker at mqtts://. */
  readonly brokerCa?: Buffer;
  /** Where that broker asks the cloud about its clients, and the key that it shows there. */
  readonly brokerHooks?: { readonly host: string; readonly port: number };
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  hooksKey(): { readonly key: string; readonly keyFile: string };
}

/** @throws BrokerTrouble, or a socket's error (EADDRINUSE and the like) */
export function openBroker(plan: BrokerPlan, gate: LinkGate, fleet: Fleet, events: BrokerEvents): Promise<Broker> {
  const { name, host, mqttPort, nonceMs, brokerCa, brokerHooks } = plan;
  // The client library looks for a scheme in lower case.
  const url = plan.broker?.replace(/^[^:]+/, (scheme) => scheme.toLowerCase());
  const tls = plan.tls === undefined ? {} : { tls: plan.tls };
  if (url === undefined) return startEmbeddedBroker(gate, events, { host, port: mqttPort, nonceMs, ...tls });
  if (brokerHooks === undefined) return connectRemoteBroker(url, events, name, brokerCa);
  const ca = brokerCa === undefined ? {} : { ca: brokerCa };
  return connectHookedBroker(events, {
    url,
    name,
    gate,
    fleet,
    nonceMs,
    ...brokerHooks,
    ...plan.hooksKey(),
    ...ca,
    ...tls,
  });
}
