/** The route on which a remote caller hands in its proof before it connects to the broker. */

import type { Broker } from "#cloud/broker/broker.ts";
import type { CallerGate } from "#cloud/broker/caller-gate.ts";
import type { RelayService } from "#cloud/broker/relay-service.ts";
import { CALLER_PROOF_BYTES_MAX } from "#wire/link/caller-auth.ts";
import { HttpRefusal, type Route } from "./route.ts";

interface CallerRouteParts {
  readonly callerGate: CallerGate;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  readonly relayService: RelayService;
  readonly broker: Pick<Broker, "admitCaller">;
  readonly counters: { connectionsRefused: number };
}

export function callerRoutes({
  callerGate,
  nonceMs,
  relayService,
  broker,
  counters,
}: CallerRouteParts): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/caller",
      summary:
        "Lets the holder of a chain speak with its unit over the broker; body: [proof, device ID, chain] (PROTOCOL 7.6)",
      who: "device",
      body: "bytes",
      bodyBytesMax: CALLER_PROOF_BYTES_MAX,
      replies: { 204: undefined },
      async answer({ bytes, peer }) {
        const caller = callerGate.check(bytes, peer, { nowMs: nonceMs(), wallMs: Date.now() });
        const admitted = caller.ok ? relayService.admit(caller.value) : caller;
        if (!admitted.ok) {
          counters.connectionsRefused++;
          const isBusy = admitted.fault === "SESSION_RATE" || admitted.fault === "SESSION_FULL";
          throw new HttpRefusal(isBusy ? 429 : 403, admitted.fault);
        }
        await broker.admitCaller(admitted.value.name, admitted.value.password);
        return { status: 204, body: "" };
      },
    },
  ];
}
