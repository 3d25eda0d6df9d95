/**
 * The interface between the runtime and the maker's app: what `defineDevice` gives. It is plain data with the maker's functions
 * in it, so that a unit holds nothing besides. `app-names.ts` looks names up in it, `app-call.ts` runs what it finds.
 */
import type { Cbor } from "#codec/cbor.ts";
import type { AppRight, Texts, ValueSchema } from "#wire/describe.ts";

export interface AppFunction {
  readonly right: AppRight;
  readonly args: Readonly<Record<string, ValueSchema>>;
  readonly answer?: ValueSchema | undefined;
  readonly texts?: Texts | undefined;
  /** @throws Whatever the maker's code throws; app-call.ts makes APP_THREW of it, and APP_ANSWER of an answer that is no CBOR. */
  run(args: never, io: never): unknown;
}

interface AppVariable {
  readonly right: AppRight;
  readonly value?: ValueSchema | undefined;
  readonly texts?: Texts | undefined;
  read(io: never): unknown;
}

interface AppEvent {
  readonly payload?: ValueSchema | undefined;
  readonly texts?: Texts | undefined;
}

declare const DEFINED: unique symbol;

export interface App {
  /** In types only: `defineDevice` has checked it. */
  readonly [DEFINED]: true;
  readonly functions?: Readonly<Record<string, AppFunction>> | undefined;
  readonly variables?: Readonly<Record<string, AppVariable>> | undefined;
  readonly events?: Readonly<Record<string, AppEvent>> | undefined;
  /** Called once at every start. */
  start?(io: never): void;
  /** The unit's button was pressed, and released after `heldMs`. */
  pressed?(heldMs: number, io: never): void;
  /** True when the app says that it works: asked once on a trial start, before the image may be confirmed. */
  selfTest?(io: never): boolean;
}

/** One part of the description that was made at the build, and how many there are; undefined behind the last. */
export type DescribedPart = (part: number) => readonly [parts: number, text: string] | undefined;

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
