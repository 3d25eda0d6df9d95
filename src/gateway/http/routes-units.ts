/** A unit as the console shows it: what it says of itself, what its app describes, and the values that it keeps. */
import { z } from "@hono/zod-openapi";
import { RIGHT } from "#gateway/oauth/rights.ts";
import type { GatewayUnit, Units } from "#gateway/units/units.ts";
import { historyOf } from "#phone/history.ts";
import type { Session } from "#phone/session.ts";
import type { Description } from "#wire/describe.ts";
import { deviceView } from "./device-view.ts";
import type { GatewayUnitView, KeptHistory } from "./interface.ts";
import { authorize, may, type Principal, type PrincipalParts, stillMay, use } from "./principal.ts";
import { Refusal, refusalFor } from "./refusal.ts";
import { type Route, route } from "./route.ts";

const RIGHT_OF = { read: RIGHT.read, call: RIGHT.call, subscribe: RIGHT.subscribe } as const;

function unitOf(units: Units, who: Principal, id: string): GatewayUnit {
  authorize(who, { device: id, right: RIGHT.see });
  const unit = units.find(id);
  if (unit === undefined) throw new Refusal(404, "not_found", `there is no device ${id} here`);
  return unit;
}

/** Leaves out of a description what somebody may not use: settings too, which take another right than a gateway has. */
function allowedOf(app: Description, isAllowed: (name: string, right: string) => boolean): Description {
  const of = <T extends { readonly right: string }>(parts: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(parts).filter(([name, { right }]) => isAllowed(name, right)));
  return {
    ...app,
    ...{ functions: of(app.functions), variables: of(app.variables), events: of(app.events), settings: {} },
  };
}

interface UnitRouteParts extends PrincipalParts {
  readonly units: Units;
}

export function unitRoutes(parts: UnitRouteParts): Route[] {
  const { units } = parts;
  return [
    route({
      method: "GET",
      path: "/v1/gateway/units/{device}",
      summary: "A unit with its app's description: functions, variables and events as forms are made from them",
      who: "token",
      replies: { 200: z.looseObject({ id: z.string(), name: z.string() }) },
      async answer({ who, params }): Promise<GatewayUnitView> {
        const unit = unitOf(units, who, params.device ?? "");
        const looked = await unit.look();
        const isAllowed = (name: string, right: string) =>
          right in RIGHT_OF && may(who, { device: unit.id, right: RIGHT_OF[right as keyof typeof RIGHT_OF], name });
        const { description, app, mayFlash } = unit;
        const { appHealth } = description ?? {};
        return {
          ...deviceView(unit),
          fault: looked.ok ? null : looked.fault,
          app: app === undefined ? null : allowedOf(app, isAllowed),
          names: (description?.names ?? [])
            .filter(([name, right]) => isAllowed(name, right))
            .map(([name, right]) => ({ name, right })),
          mayFlash,
          timeGrade: description?.timeGrade ?? null,
          appHealth: appHealth ?? null,
        };
      },
    }),
    route({
      method: "GET",
      path: "/v1/gateway/units/{device}/history/{variable}",
      summary: "The values that a unit keeps of a variable, oldest first",
      who: "token",
      replies: { 200: z.object({ everyMs: z.number(), ageMs: z.number(), values: z.array(z.unknown()) }) },
      async answer({ who, params }): Promise<KeptHistory> {
        const unit = unitOf(units, who, params.device ?? "");
        const name = params.variable ?? "";
        const act = { device: unit.id, right: RIGHT.read, name };
        authorize(who, act);
        // A function must not run because somebody asks for its history.
        if (unit.app?.variables[name]?.history === undefined)
          throw new Refusal(400, "APP_NO_SUCH_NAME", `${name}: this device keeps no values of that`);
        await use(parts, who, act);
        const session = {
          request: async (request) => {
            const answer = await unit.connection.request(request, true, stillMay(parts, who, act));
            return answer.ok ? answer : { ok: false, fault: "SESSION_UNREACHABLE" };
          },
        } as Pick<Session, "request"> as Session;
        const told = await historyOf(session, name);
        if (!told.ok) throw refusalFor(told.fault, name);
        const { intervalMs, ageMs, values } = told.value;
        return { everyMs: intervalMs, ageMs, values };
      },
    }),
  ];
}
