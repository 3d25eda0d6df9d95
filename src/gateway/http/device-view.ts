/** Units as programs of the Spark era see devices. */

import { fromHex } from "#base/bytes.ts";
import type { Cbor } from "#codec/cbor.ts";
import { Refusal } from "#gateway/http/refusal.ts";
import type { GatewayUnit } from "#gateway/units/units.ts";

/** Programs know kinds of hardware by number; ours has none there. */
const PLATFORM_ID = 31;

export function deviceView(unit: GatewayUnit) {
  const { id, name, connection, description } = unit;
  const { heardMs, isOnline } = connection;
  return {
    ...{ id, name, connected: isOnline, online: isOnline, platform_id: PLATFORM_ID, product_id: PLATFORM_ID },
    last_heard: heardMs === 0 ? null : new Date(heardMs).toISOString(),
    status: "normal",
    cellular: false,
    notes: null,
    product: description?.product ?? null,
    release: description?.state?.sequence ?? null,
    update: updateView(unit),
  };
}

/** Where the unit is with a release that it does not run for good yet, as it says; null when there is none. */
function updateView({ description }: GatewayUnit) {
  const attempt = description?.state?.attempt;
  if (attempt === undefined) return null;
  const { sequence, stage, percent, fault } = attempt;
  return { release: sequence, stage, percent, fault: fault ?? null };
}

export function coreInfo({ id, connection }: GatewayUnit) {
  return {
    deviceID: id,
    connected: connection.isOnline,
    last_heard: new Date(connection.heardMs).toISOString(),
    last_handshake_at: new Date(connection.openedMs).toISOString(),
  };
}

/** A value of an app as JSON: byte strings in hexadecimal digits, maps as objects. */
export function plainOf(value: Cbor): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainOf);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), plainOf(each)]));
  return typeof value === "bigint" ? String(value) : (value ?? null);
}

/** The integer that programs of the Spark era read: 1 and 0 for true and false, 0 for what is no number. */
export function returnValue(value: Cbor): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" ? Math.trunc(value) : 0;
}

const TYPES = {
  bool: "bool",
  int: "int32",
  number: "double",
  text: "string",
  choice: "string",
  bytes: "string",
} as const;

/** A variable's type by the names that programs of the Spark era know. */
export function variableType({ app }: GatewayUnit, name: string): string {
  const type = app?.variables[name]?.value?.type;
  return type === undefined ? "string" : TYPES[type];
}

/** The name of the one argument of a function that takes one. */
export function onlyArgument({ app }: GatewayUnit, name: string): string | undefined {
  const names = Object.keys(app?.functions[name]?.args ?? {});
  return names.length === 1 ? names[0] : undefined;
}

type Args = Readonly<Record<string, Cbor>>;

const NAME = /^[A-Za-z_]\w*$/;

function scalarOf(text: string): Cbor {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function argumentsOf(value: object): Args {
  const args: Record<string, Cbor> = {};
  for (const [name, each] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof each) && each !== null) {
      throw new Refusal(400, "invalid_request", `args: ${name} is neither a text, a number nor true or false`);
    }
    args[name] = each as Cbor;
  }
  return args;
}

/**
 * The arguments of a call, by name: a JSON object; a text with one; `name=value` pairs; or one value for a function that
 * takes one argument.
 * @param only The name of that argument, as the unit describes it.
 * @throws Refusal 400
 */
export function argsOf(given: unknown, only: string | undefined): Args {
  if (given === undefined || given === null || given === "") return {};
  if (typeof given === "object") return argumentsOf(given);
  const text = String(given);
  if (/^\s*\{/.test(text)) {
    try {
      return argumentsOf(JSON.parse(text) as object);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, "invalid_request", "args: this is not JSON");
    }
  }
  const pairs = text.split(/[,&]/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string?]);
  if (pairs.every(([name, value]) => NAME.test(name.trim()) && value !== undefined)) {
    return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), scalarOf(value ?? "")]));
  }
  return { [only ?? "arg"]: scalarOf(text) };
}

/**
 * Arguments in the types that the unit describes: bytes come as hexadecimal digits, since JSON has none.
 * @throws Refusal 400
 */
export function typedArgs({ app }: GatewayUnit, name: string, args: Args): Args {
  const schemas = app?.functions[name]?.args ?? {};
  const typed = Object.entries(args).map(([arg, value]) => {
    if (schemas[arg]?.type !== "bytes" || typeof value !== "string") return [arg, value] as const;
    const bytes = fromHex(value);
    if (bytes === undefined) throw new Refusal(400, "invalid_request", `${arg}: expected pairs of hexadecimal digits`);
    return [arg, bytes] as const;
  });
  return Object.fromEntries(typed);
}
