/**
 * The interface between the runtime and the maker's app: what `defineDevice` gives. It is plain data with the maker's functions
 * in it, so that a unit holds nothing besides. `app-names.ts` looks names up in it, `app-call.ts` runs what it finds.
 */
import type { Cbor } from "#codec/cbor.ts";
import type { AppRight, SettingValue, Texts, ValueSchema } from "#wire/describe.ts";
import type { AppTime } from "./app-clock.ts";

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
  readonly history?: { readonly count: number; readonly interval: number } | undefined;
  readonly texts?: Texts | undefined;
  read(io: never): unknown;
}

interface AppEvent {
  readonly payload?: ValueSchema | undefined;
  readonly texts?: Texts | undefined;
}

interface AppSetting {
  readonly value: ValueSchema;
  readonly default: SettingValue;
  readonly texts?: Texts | undefined;
}

declare const DEFINED: unique symbol;

export interface App {
  /** In types only: `defineDevice` has checked it. */
  readonly [DEFINED]: true;
  /** On development units alone, which say so. */
  readonly isDevelopment?: true;
  readonly functions?: Readonly<Record<string, AppFunction>> | undefined;
  readonly variables?: Readonly<Record<string, AppVariable>> | undefined;
  readonly events?: Readonly<Record<string, AppEvent>> | undefined;
  /** Values that whoever holds the config right reads and changes. */
  readonly settings?: Readonly<Record<string, AppSetting>> | undefined;
  /** The first values of what the app keeps over power loss. */
  readonly state?: Readonly<Record<string, unknown>> | undefined;
  /** Called once at every start. */
  start?(io: never): void | Promise<void>;
  /** Called before a restart that the runtime makes, as an update does. */
  stop?(io: never): void;
  /** A setting was changed. */
  changed?(name: string, io: never): void | Promise<void>;
  /** The unit's button was pressed, and released after `heldMs`. */
  pressed?(heldMs: number, io: never): void | Promise<void>;
  /** True when the app says that it works: asked once on a trial start, before the image may be confirmed. */
  selfTest?(io: never): boolean | Promise<boolean>;
}

/** One part of the description that was made at the build, and how many there are; undefined behind the last. */
export type DescribedPart = (part: number) => readonly [parts: number, text: string] | undefined;

/** What the maker's code may touch. `Settings` and `State` follow from the app's definition. */
export interface AppIo<Settings = Readonly<Record<string, SettingValue>>, State = Record<string, unknown>> {
  /** The settings as they are now. Who holds the config right changes them; the app is told by `changed`. */
  readonly settings: Readonly<Settings>;
  /**
   * What the app keeps over power loss: assign to its members. A change is in flash once the code that made it has come to an end, 60
   * changes at once and one every ten minutes; what is changed more often is written with the next turn, or when the run ends.
   */
  readonly state: State;
  /** What time it is, as well as the unit knows. */
  readonly time: { now(): AppTime };
  /** Runs something once, so many milliseconds from now. @returns The number to cancel it by. */
  after(milliseconds: number, run: () => unknown): number;
  /** Runs something every so many milliseconds; while an async run has not ended, the next ones are left out. */
  every(milliseconds: number, run: () => unknown): number;
  /**
   * Runs something each day at a time of day where the unit is, such as "07:30", from when time (better than a floor) and zone are
   * known. What goes by while the unit has no power or does not know the time is left out.
   */
  at(time: string, run: () => unknown): number;
  cancel(timer: number): void;
  pin(name: string): { write(value: boolean | number): void; read(): number; level(): number };
  /**
   * Tells subscribers that an event of the app happened: 32 at once and four a second; more are dropped, and counted in the unit's log.
   * Throws for a name that is no event's, and a value that is no CBOR or too long.
   */
  raise(event: string, value?: Cbor): void;
  /** Tells where the unit is now, in degrees, for an app that has a receiver: geofences then ask this, with its age. */
  located(latitude: number, longitude: number): void;
  /** One line for the maker's own log; never personal data. */
  log(text: string): void;
}
