/**
 * The interface between the runtime and the maker's app. The app room builds one from `defineDevice`; the gate asks
 * it which right a name needs, the runner runs it.
 */
import type { Result } from "#base/faults.ts";
import type { Cbor, CborMap } from "#codec/cbor.ts";

/** The right a caller needs, by RFC 9237 permission of ours (PROTOCOL 4). */
export type AppRight = "read" | "call" | "subscribe" | "config";

export interface App {
  /** Right of a function, variable or event, or undefined when the app has none of that name. */
  rightOf(name: string): AppRight | undefined;
  /** Names with their rights, in the order of their definition, for `describe`. */
  names(): readonly (readonly [name: string, right: AppRight])[];
  /**
   * Runs a function or reads a variable.
   * @param args Arguments by name.
   * @returns The answer; APP_NO_SUCH_NAME, or APP_ARGUMENT for arguments that don't fit.
   * @throws Whatever the maker's code throws; the runner makes APP_THREW of it, and APP_ANSWER of an answer that is no CBOR.
   */
  run(name: string, args: CborMap, io: AppIo): Result<Cbor>;
  /** True when the app says that it works: asked once on a trial start, before the image may be confirmed. */
  selfTest(io: AppIo): boolean;
  /** Called once at every start. */
  start(io: AppIo): void;
  /** The unit's button was pressed, and released after `heldMs`. */
  pressed?(heldMs: number, io: AppIo): void;
}

/** What the maker's code may touch. */
export interface AppIo {
  pin(name: string): { write(value: boolean | number): void; read(): number; level(): number };
  /** Tells subscribers that an event of the app happened. Throws for a name that is no event's, and a value that is no CBOR or too long. */
  raise(event: string, value?: Cbor): void;
  /** Tells where the unit is now, in degrees, for an app that has a receiver: geofences then ask this, with its age. */
  located(latitude: number, longitude: number): void;
  /** One line for the maker's own log; never personal data. */
  log(text: string): void;
}
