/** The operator's routes for revocations: handing them in, and seeing which units have taken them. */

import { z } from "@hono/zod-openapi";
import type { Fleet } from "#cloud/fleet.ts";
import { type RevocationRegister, type RevocationScope, RevocationTrouble } from "#cloud/issuer/revocation-register.ts";
import { revocationStatusReply } from "./replies.ts";
import { HttpRefusal, type HttpRequest, json, type Route } from "./route.ts";

interface RevocationRouteParts {
  readonly fleet: Fleet;
  readonly revocations: RevocationRegister;
  /** Tells the units that are linked. */
  tellRevocations(): Promise<void>;
}

const BODY_BYTES_MAX = 8_192;

export function revocationRoutes({ fleet, revocations, tellRevocations }: RevocationRouteParts): readonly Route[] {
  const take = async (scope: RevocationScope, { bytes }: HttpRequest) => {
    try {
      await revocations.add(scope, bytes, Date.now());
    } catch (error) {
      if (error instanceof RevocationTrouble) throw new HttpRefusal(409, error.message);
      throw error;
    }
    await tellRevocations();
    return json(revocations.status().find((each) => each.scope.kind === scope.kind && each.scope.name === scope.name));
  };
  return [
    {
      method: "POST",
      path: "/v1/fleets/{fleet}/revocations",
      summary: "Keeps signed revocations for a fleet and tells its units; body: a delivery (PROTOCOL 4.8)",
      who: "operator",
      body: "bytes",
      bodyBytesMax: BODY_BYTES_MAX,
      replies: { 200: revocationStatusReply },
      answer(ask) {
        const name = ask.params.fleet ?? "";
        const isThere = [...fleet.all()].some((each) => each.fleet === name);
        if (!isThere) throw new HttpRefusal(404, `no unit of a fleet ${name} is enrolled`);
        return take({ kind: "fleet", name }, ask);
      },
    },
    {
      method: "POST",
      path: "/v1/devices/{device}/revocations",
      summary: "Keeps signed revocations for one unit and tells it; body: a delivery (PROTOCOL 4.8)",
      who: "operator",
      body: "bytes",
      bodyBytesMax: BODY_BYTES_MAX,
      replies: { 200: revocationStatusReply },
      answer(ask) {
        const name = ask.params.device ?? "";
        if (fleet.get(name) === undefined) throw new HttpRefusal(404, `no device ${name} is enrolled`);
        return take({ kind: "device", name }, ask);
      },
    },
    {
      method: "GET",
      path: "/v1/revocations",
      summary: "The revocations in force, and how many units have taken them",
      who: "operator",
      replies: { 200: z.array(revocationStatusReply) },
      answer: () => json(revocations.status()),
    },
  ];
}
