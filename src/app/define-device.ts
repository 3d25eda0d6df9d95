/** The maker's app: the functions, variables and events of a device, with the right that each one requires. */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor, CborMap } from "#codec/cbor.ts";
import type { App, AppIo, AppRight } from "#device/app-interface.ts";
import type { Schema } from "./schema.ts";

type Schemas = Readonly<Record<string, Schema<unknown>>>;
type Values<S extends Schemas> = { readonly [K in keyof S]: S[K] extends Schema<infer T> ? T : never };

export interface DeviceFunction<S extends Schemas> {
  readonly right: "call" | "config";
  readonly args: S;
  /** Answers with a value that the caller gets, or with nothing. */
  // biome-ignore lint/suspicious/noConfusingVoidType: lets makers write `run: ({ on }, io) => io.pin("lamp").write(on)`
  run(args: Values<S>, io: AppIo): Cbor | void;
}

export interface DeviceVariable {
  readonly right: "read" | "config";
  read(io: AppIo): Cbor;
}

export interface DeviceDefinition<F extends Record<string, Schemas>> {
  readonly functions: { readonly [K in keyof F]: DeviceFunction<F[K]> };
  readonly variables?: Readonly<Record<string, DeviceVariable>>;
  readonly events?: readonly string[];
  start?(io: AppIo): void;
  /**
   * Called when the unit's button was pressed and then released after `heldMs`. Holding it for ten seconds also
   * resets the unit.
   */
  pressed?(heldMs: number, io: AppIo): void;
  /** Answers whether a new image works; without one, having started is enough. */
  selfTest?(io: AppIo): boolean;
}

/** A definition by names, whatever its types. */
interface Names {
  readonly functions: ReadonlyMap<string, DeviceFunction<Schemas>>;
  readonly variables: ReadonlyMap<string, DeviceVariable>;
  readonly events: readonly string[];
}

/**
 * Makes an app of a definition.
 * @returns The app. Calls are refused with APP_NO_SUCH_NAME, APP_ARGUMENT (missing, unknown or unfit argument); what the
 *   maker's code throws is the runner's to report.
 */
export function defineDevice<F extends Record<string, Schemas>>(definition: DeviceDefinition<F>): App {
  const known: Names = {
    functions: new Map(Object.entries(definition.functions) as [string, DeviceFunction<Schemas>][]),
    variables: new Map(Object.entries(definition.variables ?? {})),
    events: definition.events ?? [],
  };
  return {
    rightOf: (name) => rightOf(known, name),
    names: () => rightsByName(known),
    run: (name, args, io) => run(known, name, args, io),
    selfTest: (io) => definition.selfTest?.(io) ?? true,
    start: (io) => definition.start?.(io),
    pressed: (heldMs, io) => definition.pressed?.(heldMs, io),
  };
}

function rightOf({ functions, variables, events }: Names, name: string): AppRight | undefined {
  return functions.get(name)?.right ?? variables.get(name)?.right ?? (events.includes(name) ? "subscribe" : undefined);
}

function rightsByName({ functions, variables, events }: Names): (readonly [string, AppRight])[] {
  return [
    ...[...functions].map(([name, { right }]) => [name, right] as const),
    ...[...variables].map(([name, { right }]) => [name, right] as const),
    ...events.map((name) => [name, "subscribe"] as const),
  ];
}

function run({ functions, variables }: Names, name: string, args: CborMap, io: AppIo): Result<Cbor> {
  const func = functions.get(name);
  if (func !== undefined) return runFunction(func, args, io);
  const variable = variables.get(name);
  if (variable === undefined) return refuse("APP_NO_SUCH_NAME");
  return args.size === 0 ? ok(variable.read(io)) : refuse("APP_ARGUMENT");
}

function runFunction(func: DeviceFunction<Schemas>, args: CborMap, io: AppIo): Result<Cbor> {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(func.args)) {
    const value = schema.read(args.get(name));
    if (value === undefined) return refuse("APP_ARGUMENT");
    values[name] = value;
  }
  if (args.size !== Object.keys(func.args).length) return refuse("APP_ARGUMENT");
  return ok(func.run(values, io) ?? null);
}
