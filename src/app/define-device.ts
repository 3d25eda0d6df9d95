/** The maker's app: the functions, variables and events of a device, with the right that each one requires. */
import type { Cbor } from "#codec/cbor.ts";
import type { App, AppIo } from "#device/app-interface.ts";
import type { Texts } from "#wire/describe.ts";
import type { Schema } from "./schema.ts";

type Schemas = Readonly<Record<string, Schema<unknown>>>;
type Values<S extends Schemas> = { readonly [K in keyof S]: S[K] extends Schema<infer T> ? T : never };

interface Shown {
  /** By language tag, as in { en: { title: "Lamp" }, de: { title: "Lampe" } }; for user interfaces, no unit holds them. */
  readonly texts?: Texts;
}

export interface DeviceFunction<S extends Schemas> extends Shown {
  readonly right: "call" | "config";
  readonly args: S;
  /** What `run` answers. An answer that does not fit is refused, and reported to the maker. */
  readonly answer?: Schema<unknown>;
  /** Answers with a value that the caller gets, or with nothing. */
  // biome-ignore lint/suspicious/noConfusingVoidType: lets makers write `run: ({ on }, io) => io.pin("lamp").write(on)`
  run(args: Values<S>, io: AppIo): Cbor | void;
}

export interface DeviceVariable extends Shown {
  readonly right: "read" | "config";
  /** What `read` answers; checked as a function's answer is. */
  readonly value: Schema<unknown>;
  read(io: AppIo): Cbor;
}

export interface DeviceEventDefinition extends Shown {
  /** What `io.raise` gives with the event; nothing where absent. */
  readonly payload?: Schema<unknown>;
}

export interface DeviceDefinition<F extends Record<string, Schemas>> {
  readonly functions?: { readonly [K in keyof F]: DeviceFunction<F[K]> };
  readonly variables?: Readonly<Record<string, DeviceVariable>>;
  readonly events?: Readonly<Record<string, DeviceEventDefinition>>;
  start?(io: AppIo): void;
  /**
   * Called when the unit's button was pressed and then released after `heldMs`. Holding it for ten seconds also
   * resets the unit.
   */
  pressed?(heldMs: number, io: AppIo): void;
  /** Answers whether a new image works; without one, having started is enough. */
  selfTest?(io: AppIo): boolean;
}

/**
 * Makes an app of a definition: the definition itself, its types checked. Calls are refused with APP_NO_SUCH_NAME, and with
 * APP_ARGUMENT for a missing, unknown or unfit argument.
 */
export function defineDevice<F extends Record<string, Schemas>>(definition: DeviceDefinition<F>): App {
  return definition as unknown as App;
}
