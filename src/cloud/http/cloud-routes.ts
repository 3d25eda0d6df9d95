/** The list of all routes of the cloud's HTTP interface, and the application that serves them. */

import { z } from "@hono/zod-openapi";
import type { BrokerSlot } from "#cloud/broker/broker-slot.ts";
import type { CallerGate } from "#cloud/broker/caller-gate.ts";
import type { LinkGate } from "#cloud/broker/link-gate.ts";
import type { Nonces } from "#cloud/broker/nonces.ts";
import type { RelayService } from "#cloud/broker/relay-service.ts";
import type { Core } from "#cloud/core.ts";
import { createHttpApp, type HttpApp, openApiOf } from "./http-app.ts";
import type { KeyView } from "./interface.ts";
import type { OperatorAccess } from "./operator-access.ts";
import { json, type Route } from "./route.ts";
import { callerRoutes } from "./routes-caller.ts";
import { type ConsoleParts, consoleRoutes } from "./routes-console.ts";
import { deviceRoutes } from "./routes-device.ts";
import { draftRoutes } from "./routes-drafts.ts";
import { listRoutes } from "./routes-lists.ts";
import { type OperatorRouteParts, operatorRoutes } from "./routes-operator.ts";
import { revocationRoutes } from "./routes-revocation.ts";
import { rolloutRoutes } from "./routes-rollout.ts";
import { viewRoutes } from "./routes-view.ts";

interface CloudAppParts {
  readonly core: Core;
  readonly gate: LinkGate;
  readonly nonces: Nonces;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  readonly callerGate: CallerGate;
  readonly relayService: RelayService;
  readonly broker: BrokerSlot;
  readonly access: OperatorAccess;
  readonly isSecure: boolean;
  readonly keys: readonly KeyView[];
  readonly console: ConsoleParts | undefined;
  readonly counters: { connectionsRefused: number };
  announceKeysets(): Promise<void>;
  log(line: string): void;
}

export function createCloudApp(parts: CloudAppParts): HttpApp {
  const { core, gate, nonces, nonceMs, callerGate, relayService, broker, access, isSecure, counters, log } = parts;
  const { deviceMessages } = core;
  const operator: OperatorRouteParts = {
    ...core,
    settled: () => broker.settled(),
    enrolled: parts.announceKeysets,
    counters: () => ({
      blocks: deviceMessages.blocks.counts.blocks,
      blockBytes: deviceMessages.blocks.counts.bytes,
      blocksRefused: deviceMessages.blocks.counts.refused,
      blocksWaiting: deviceMessages.blocks.counts.waiting,
      connectionsRefused: counters.connectionsRefused,
      timestamps: deviceMessages.counts.timestamps,
      callers: relayService.counts.sessions,
      relayed: relayService.counts.forwarded,
      relayHeldOff: relayService.counts.heldOff,
    }),
  };
  const tellRevocations = async () => {
    const breathe = () => new Promise<void>((resolve) => void setImmediate(resolve));
    await relayService.checkAgain((caller) => callerGate.mayStay(caller, Date.now()), breathe);
    await deviceMessages.revokeAgain();
  };
  const routes: Route[] = [
    ...deviceRoutes({ ...core, gate, nonces, nonceMs, broker, counters }),
    ...callerRoutes({ callerGate, nonceMs, relayService, broker, counters }),
    ...operatorRoutes(operator),
    ...listRoutes({ ...core, keys: parts.keys }),
    ...draftRoutes(operator),
    ...rolloutRoutes(operator),
    ...revocationRoutes({ ...core, tellRevocations }),
    ...viewRoutes({ access, isSecure }),
    ...(parts.console === undefined ? [] : consoleRoutes(parts.console)),
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
