/** All routes of the cloud's HTTP interface, and the application made of them. */

import { z } from "@hono/zod-openapi";
import type { BrokerSlot } from "#cloud/broker/broker-slot.ts";
import type { CallerGate } from "#cloud/broker/caller-gate.ts";
import type { LinkGate } from "#cloud/broker/link-gate.ts";
import type { Nonces } from "#cloud/broker/nonces.ts";
import type { RelayDesk } from "#cloud/broker/relay-desk.ts";
import type { Core } from "#cloud/core.ts";
import { createHttpApp, type HttpApp, openApiOf } from "./http-app.ts";
import type { OperatorAccess } from "./operator-access.ts";
import { json, type Route } from "./route.ts";
import { callerRoutes } from "./routes-caller.ts";
import { deviceRoutes } from "./routes-device.ts";
import { type OperatorRouteParts, operatorRoutes } from "./routes-operator.ts";
import { revocationRoutes } from "./routes-revocation.ts";
import { rolloutRoutes } from "./routes-rollout.ts";
import { viewRoutes } from "./routes-view.ts";

export interface CloudAppParts {
  readonly core: Core;
  readonly gate: LinkGate;
  readonly nonces: Nonces;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  readonly callerGate: CallerGate;
  readonly relayDesk: RelayDesk;
  readonly broker: BrokerSlot;
  readonly access: OperatorAccess;
  readonly isSecure: boolean;
  readonly counters: { connectionsRefused: number };
  announceKeysets(): Promise<void>;
  log(line: string): void;
}

export function createCloudApp(parts: CloudAppParts): HttpApp {
  const { core, gate, nonces, nonceMs, callerGate, relayDesk, broker, access, isSecure, counters, log } = parts;
  const { desk } = core;
  const operator: OperatorRouteParts = {
    ...core,
    settled: () => broker.settled(),
    enrolled: parts.announceKeysets,
    counters: () => ({
      blocks: desk.blocks.counts.blocks,
      blockBytes: desk.blocks.counts.bytes,
      blocksRefused: desk.blocks.counts.refused,
      blocksWaiting: desk.blocks.counts.waiting,
      connectionsRefused: counters.connectionsRefused,
      timestamps: desk.counts.timestamps,
      callers: relayDesk.counts.visits,
      relayed: relayDesk.counts.forwarded,
      relayHeldOff: relayDesk.counts.heldOff,
    }),
  };
  const tellRevocations = async () => {
    const breathe = () => new Promise<void>((resolve) => void setImmediate(resolve));
    await relayDesk.checkAgain((caller) => callerGate.mayStay(caller, Date.now()), breathe);
    await desk.revokeAgain();
  };
  const routes: Route[] = [
    ...deviceRoutes({ ...core, gate, nonces, nonceMs, broker, counters }),
    ...callerRoutes({ callerGate, nonceMs, relayDesk, broker, counters }),
    ...operatorRoutes(operator),
    ...rolloutRoutes(operator),
    ...revocationRoutes({ ...core, tellRevocations }),
    ...viewRoutes({ access, isSecure }),
    {
      method: "GET",
      path: "/v1/openapi.json",
      summary: "This interface, as OpenAPI",
      who: "device",
      replies: { 200: z.looseObject({ openapi: z.string() }) },
      answer: () => json(openApiOf(app)),
    },
  ];
  const app = createHttpApp(routes, { authorize: access.authorize, log });
  return app;
}
