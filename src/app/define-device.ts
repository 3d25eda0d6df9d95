/** The maker's app: the functions, variables, settings, state and events of a device, with the right that each one requires. */
import type { Cbor } from "#codec/cbor.ts";
import type { App, AppIo } from "#device/app-interface.ts";
import type { SettingValue, Texts } from "#wire/describe.ts";
import type { Schema } from "./schema.ts";

type Schemas = Readonly<Record<string, Schema<unknown>>>;
type Values<S extends Schemas> = { readonly [K in keyof S]: S[K] extends Schema<infer T> ? T : never };
type OrPromise<T> = T | Promise<T>;
type Done = OrPromise<void>;
/** A value of the state as code may change it: `0` stands for any number. */
type Widened<T> = T extends number ? number : T extends boolean ? boolean : T extends string ? string : T;
type Settings = Readonly<Record<string, SettingValue>>;
type State = Readonly<Record<string, Cbor>>;
/** What the maker's code may touch, with the settings and the state of the definition. */
export type DeviceIo<S = Settings, T = State> = AppIo<
  { readonly [K in keyof S]: S[K] },
  { [K in keyof T]: Widened<T[K]> }
>;

interface Shown {
  /** By language tag, as in { en: { title: "Lamp" }, de: { title: "Lampe" } }; for user interfaces. */
  readonly texts?: Texts;
}

export interface DeviceFunction<A extends Schemas, Io> extends Shown {
  readonly right: "call" | "config";
  readonly args: A;
  /** What `run` answers. An answer that does not fit is refused, and reported to the maker. */
  readonly answer?: Schema<unknown>;
  /** Answers with a value that the caller gets, or with nothing; now, or within ten seconds. */
  // biome-ignore lint/suspicious/noConfusingVoidType: see Done
  run(args: Values<A>, io: Io): OrPromise<Cbor | void>;
}

export interface DeviceVariable<Io> extends Shown {
  readonly right: "read" | "config";
  /** What `read` answers; checked as a function's answer is. */
  readonly value: Schema<unknown>;
  /**
   * Keeps the last `count` values of a bool, int or number in memory, one every `interval` milliseconds (whole seconds): 8 bytes each,
   * 1,024 of all variables together. Whoever may read the variable may read them. They are gone with the power.
   */
  readonly history?: { readonly count: number; readonly interval: number };
  read(io: Io): OrPromise<Cbor>;
}

export interface DeviceSetting<V> extends Shown {
  /** Its type and range. */
  readonly value: Schema<V>;
  /** Its value until somebody changes it. */
  readonly default: V;
}

export interface DeviceEventDefinition extends Shown {
  /** What `io.raise` gives with the event; nothing where absent. */
  readonly payload?: Schema<unknown>;
}

export interface DeviceDefinition<F extends Record<string, Schemas>, S extends Settings, T extends State> {
  /** Values that whoever holds the config right reads and changes; kept in flash. */
  readonly settings?: { readonly [K in keyof S]: DeviceSetting<S[K]> };
  /** The first values of what the app keeps over power loss: at most 1,024 bytes of CBOR. See `io.state`. */
  readonly state?: T;
  readonly functions?: { readonly [K in keyof F]: DeviceFunction<F[K], DeviceIo<S, T>> };
  readonly variables?: Readonly<Record<string, DeviceVariable<DeviceIo<S, T>>>>;
  readonly events?: Readonly<Record<string, DeviceEventDefinition>>;
  /** Called once at every start. */
  start?(io: DeviceIo<S, T>): Done;
  /**
   * Called before a restart that the runtime makes, as for an update, and when the runtime stops an app that failed again and again:
   * switch off what must not stay on. What it promises is not waited for.
   */
  stop?(io: DeviceIo<S, T>): void;
  /** Called when a setting was changed. */
  changed?(name: keyof S & string, io: DeviceIo<S, T>): Done;
  /**
   * Called when the unit's button was pressed and then released after `heldMs`. Holding it for ten seconds also
   * resets the unit.
   */
  pressed?(heldMs: number, io: DeviceIo<S, T>): Done;
  /** Answers whether a new image works; without one, having started is enough. */
  selfTest?(io: DeviceIo<S, T>): OrPromise<boolean>;
}

/**
 * Makes an app of a definition: the definition itself, its types checked. Calls are refused with APP_NO_SUCH_NAME, and with
 * APP_ARGUMENT for a missing, unknown or unfit argument.
 */
export function defineDevice<F extends Record<string, Schemas>, S extends Settings, T extends State>(
  definition: DeviceDefinition<F, S, T>,
): App {
  return definition as unknown as App;
}
