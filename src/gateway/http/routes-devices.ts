/** Devices, their variables and functions, and PUT. @source docs.particle.io, Cloud API reference, as its clients use it */
import { z } from "@hono/zod-openapi";
import { encodeCbor } from "#codec/cbor.ts";
import type { Journal } from "#gateway/journal.ts";
import { RIGHT } from "#gateway/oauth/rights.ts";
import type { EventHub } from "#gateway/units/event-hub.ts";
import { flashUnit } from "#gateway/units/flash-unit.ts";
import type { GatewayUnit, Units } from "#gateway/units/units.ts";
import { decodeReleaseFile, ReleaseTrouble } from "#trust/host/release-file.ts";
import {
  argsOf,
  coreInfo,
  deviceView,
  onlyArgument,
  plainOf,
  returnValue,
  typedArgs,
  variableType,
} from "./device-view.ts";
import { authorize, may, type Principal, type PrincipalParts, stillMay, use } from "./principal.ts";
import { Refusal, refusalFor } from "./refusal.ts";
import { type Route, route } from "./route.ts";

interface DeviceRouteParts extends PrincipalParts {
  readonly units: Units;
  readonly hub: EventHub;
  readonly journal: Journal;
}

/** By which programs of the Spark era hear what became of a PUT: "started", then "success" or "failed". */
const FLASH_EVENT = "spark/flash/status";

const device = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    connected: z.boolean(),
    online: z.boolean(),
    last_heard: z.string().nullable(),
  })
  .openapi("Device");
const nameText = z.string().trim().min(1).max(64);
const variable = z
  .looseObject({ name: z.string(), result: z.unknown(), coreInfo: z.looseObject({}) })
  .openapi("Variable");
const called = z
  .looseObject({ id: z.string(), name: z.string(), connected: z.boolean(), return_value: z.number() })
  .openapi("Called");
const argument = z.union([z.string(), z.number(), z.boolean(), z.null(), z.looseObject({})]);

/** A device that a token doesn't reach is refused the same way whether it is here or not. */
function unitFor(units: Units, who: Principal, word: string): GatewayUnit {
  const unit = units.find(word.toLowerCase()) ?? units.list().find(({ name }) => name === word);
  authorize(who, { device: unit?.id ?? word.toLowerCase(), right: RIGHT.see });
  if (unit === undefined) throw new Refusal(404, "not_found", `there is no device ${word} here`);
  return unit;
}

/** A function must not run because somebody reads it as a variable: what a name is, the unit says. */
async function offered(unit: GatewayUnit, name: string, right: "read" | "call"): Promise<void> {
  const described = await unit.described();
  if (!described.ok) throw refusalFor(described.fault, name);
  const found = described.value.names.find((each) => each[0] === name)?.[1];
  if (found === right) return;
  const kind = right === "read" ? "variable" : "function";
  throw new Refusal(400, "APP_NO_SUCH_NAME", `${name}: this device has no such ${kind}`);
}

export function deviceRoutes(parts: DeviceRouteParts): Route[] {
  const { units, hub, journal } = parts;
  const note = (who: Principal, what: string, unit: GatewayUnit, outcome: string) =>
    journal.add({ who: who.name, what, device: unit.id, outcome });

  async function put(who: Principal, unit: GatewayUnit, file: Uint8Array): Promise<unknown> {
    if (!unit.mayFlash) {
      throw new Refusal(
        403,
        "GRANT_RIGHT",
        "the key that the owner gave this gateway does not allow to install releases",
      );
    }
    let release: ReturnType<typeof decodeReleaseFile>;
    try {
      release = decodeReleaseFile(file, "the file");
    } catch (error) {
      if (!(error instanceof ReleaseTrouble)) throw error;
      throw new Refusal(400, "invalid_request", error.message);
    }
    if (release.signed === undefined) {
      throw new Refusal(400, "invalid_request", "the release is not signed; run: latchkey release sign");
    }
    const what = `flash release ${release.release.sequence}`;
    const started = await flashUnit(unit, release, (stage, fault) => {
      hub.publish(FLASH_EVENT, stage, unit.id);
      note(who, what, unit, fault === undefined ? stage : `${stage} (${fault})`);
    });
    if (!started.ok) {
      note(who, what, unit, started.fault);
      throw refusalFor(started.fault, "PUT");
    }
    return { id: unit.id, status: "Update started" };
  }

  return [
    route({
      method: "GET",
      path: "/v1/devices",
      summary: "The devices that the token reaches",
      who: "token",
      replies: { 200: z.array(device) },
      answer: async ({ who }) =>
        units
          .list()
          .filter(({ id }) => may(who, { device: id, right: RIGHT.see }))
          .map(deviceView),
    }),
    route({
      method: "GET",
      path: "/v1/devices/{device}",
      summary: "A device with its functions and variables",
      who: "token",
      replies: { 200: device },
      async answer({ who, params }) {
        const unit = unitFor(units, who, params.device ?? "");
        const described = await unit.look();
        const names = described.ok ? described.value.names : [];
        const of = (right: string) => names.filter((each) => each[1] === right).map(([name]) => name);
        return {
          ...deviceView(unit),
          functions: of("call"),
          variables: Object.fromEntries(of("read").map((name) => [name, variableType(unit, name)])),
          events: of("subscribe"),
        };
      },
    }),
    route({
      method: "PUT",
      path: "/v1/devices/{device}",
      summary: "Installs a signed release (multipart, `file`), renames the device (`name`) or signals it (`signal`)",
      who: "token",
      takesFile: true,
      body: z.looseObject({
        name: nameText.optional(),
        signal: z.union([z.string(), z.number(), z.boolean()]).optional(),
      }),
      replies: { 200: z.looseObject({ id: z.string() }) },
      async answer({ who, params, body, file }) {
        const word = (params.device ?? "").toLowerCase();
        const unit = units.find(word) ?? units.list().find(({ name }) => name === params.device);
        // "noFlash may do everything except PUT to the device": refused before anything else is said.
        authorize(who, { device: unit?.id ?? word, right: RIGHT.flash });
        if (unit === undefined) throw new Refusal(404, "not_found", `there is no device ${params.device} here`);
        const isEmpty = file === undefined && body.name === undefined && body.signal === undefined;
        if (isEmpty) throw new Refusal(400, "invalid_request", "send a file, a name or a signal");
        await use(parts, who, { device: unit.id, right: RIGHT.flash });
        if (file !== undefined) return put(who, unit, file);
        if (body.name !== undefined) {
          await units.rename(unit.id, body.name);
          note(who, "rename", unit, body.name);
          return { id: unit.id, name: body.name, updated_at: new Date().toISOString() };
        }
        await offered(unit, "signal", "call");
        const isOn = !["0", 0, false, "false"].includes(body.signal ?? "");
        const given = new Map([["on", isOn]]);
        authorize(who, { device: unit.id, right: RIGHT.call, name: "signal", args: given });
        const args = encodeCbor(given);
        const answer = await unit.connection.request({ op: "call", name: "signal", args }, true);
        note(who, "signal", unit, answer.ok ? "done" : answer.fault);
        if (!answer.ok) throw refusalFor(answer.fault, "signal");
        return { id: unit.id, connected: true, signaling: isOn };
      },
    }),
    route({
      method: "GET",
      path: "/v1/devices/{device}/{variable}",
      summary: "The value of a variable",
      who: "token",
      replies: { 200: variable },
      async answer({ who, params }) {
        const unit = unitFor(units, who, params.device ?? "");
        const name = params.variable ?? "";
        const act = { device: unit.id, right: RIGHT.read, name };
        authorize(who, act);
        await offered(unit, name, "read");
        await use(parts, who, act);
        const request = { op: "call", name, args: encodeCbor(new Map()) } as const;
        const answer = await unit.connection.request(request, true, stillMay(parts, who, act));
        if (!answer.ok) throw refusalFor(answer.fault, name);
        return { cmd: "VarReturn", name, result: plainOf(answer.value), coreInfo: coreInfo(unit) };
      },
    }),
    route({
      method: "POST",
      path: "/v1/devices/{device}/{function}",
      summary: "Calls a function; `args` or `arg` holds its arguments",
      who: "token",
      body: z.looseObject({ args: argument.optional(), arg: argument.optional() }),
      replies: { 200: called },
      async answer({ who, params, body }) {
        const unit = unitFor(units, who, params.device ?? "");
        const name = params.function ?? "";
        authorize(who, { device: unit.id, right: RIGHT.call, name });
        await offered(unit, name, "call");
        const given = typedArgs(unit, name, argsOf(body.args ?? body.arg, onlyArgument(unit, name)));
        const named = new Map(Object.entries(given));
        const act = { device: unit.id, right: RIGHT.call, name, args: named };
        await use(parts, who, act);
        const args = encodeCbor(named);
        const answer = await unit.connection.request({ op: "call", name, args }, false, stillMay(parts, who, act));
        note(who, `call ${name}`, unit, answer.ok ? "done" : answer.fault);
        if (!answer.ok) throw refusalFor(answer.fault, name);
        const { id } = unit;
        const value = { return_value: returnValue(answer.value), result: plainOf(answer.value) };
        return { id, name, connected: true, ...value };
      },
    }),
  ];
}
