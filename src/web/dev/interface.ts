/** The interface between the development page and `latchkey dev`: what is streamed to the page, and what it may ask for. */
import type { Value } from "#web/ui/described.ts";
import type { Description } from "#wire/describe.ts";

/** Something that a maker has to mend. */
export interface Trouble {
  /** The build failed; a type is wrong, though the app runs; the app threw, or broke a rule of the runtime's; the unit can't start. */
  readonly kind: "build" | "types" | "thrown" | "failed" | "crash";
  /** `file:line:column` in the maker's sources, where it is known. */
  readonly place?: string;
  /** The line of the source at that place. */
  readonly source?: string;
  readonly text: string;
}

export type Phase = "building" | "starting" | "running" | "stopped" | "off";

/** One signal of the board that a person can see or set: a pin, a bank, an analogue input, a PWM output, a counter, an I2C bus. */
export interface Signal {
  /** Of the hardware, such as `digital lamp` or `analog soil`. */
  readonly name: string;
  /** What a person calls it: its pins. */
  readonly title: string;
  readonly kind: "output" | "input" | "level" | "analog" | "pwm" | "count" | "bank" | "i2c";
  /** Whether the outside sets it; what the unit sets is shown alone. */
  readonly isInput: boolean;
  /** Whether this machine can set it: of an emulated board it can set what the emulator models. */
  readonly canSet: boolean;
  /** Highest value. */
  readonly max: number;
  /** Of an I2C bus: degrees Celsius of the thermometer on it, null where none is. */
  readonly value: number | null;
}

/** The values that the unit has kept of a variable, oldest first. */
export interface KeptHistory {
  readonly intervalMs: number;
  /** When the last of them was kept, milliseconds since 1970. */
  readonly lastAtMs: number;
  /** null where the app could not be read. */
  readonly values: readonly (number | boolean | null)[];
}

export interface DevState {
  readonly product: string;
  readonly board: string;
  readonly app: string;
  readonly phase: Phase;
  readonly isPowered: boolean;
  readonly isOnNetwork: boolean;
  /** Whether a session with the unit is open. */
  readonly isLinked: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number | null;
  /** From the moment that a file was saved until the unit ran it, for the last change. */
  readonly reloadMs: number | null;
  readonly starts: number;
  readonly troubles: readonly Trouble[];
  readonly signals: readonly Signal[];
  readonly canPress: boolean;
  readonly description: Description | null;
  readonly variables: Readonly<Record<string, Value>>;
  /** Values of the app's settings, as far as they are known. */
  readonly settings: Readonly<Record<string, Value>>;
  /** By the variable's name; those that hold a value. */
  readonly histories: Readonly<Record<string, KeptHistory>>;
  readonly memory: { readonly used: number; readonly total: number } | null;
  readonly flash: readonly { readonly name: string; readonly used: number; readonly total: number }[];
  readonly timeGrade: string | null;
}

export interface LogLine {
  readonly number: number;
  readonly atMs: number;
  readonly text: string;
}

export interface Raised {
  readonly number: number;
  readonly atMs: number;
  readonly name: string;
  readonly value: Value;
}

/** A value of a signal (`signal NAME`) or a variable (`variable NAME`) at a moment. */
export interface SampleMessage {
  readonly series: string;
  readonly atMs: number;
  readonly value: number;
}

/** What is streamed, by the name of the server-sent event. */
export interface DevMessages {
  /** The members of the state that changed; all of them first. */
  readonly state: Partial<DevState>;
  readonly sample: SampleMessage;
  readonly log: LogLine;
  readonly raised: Raised;
}

/** Bodies of `POST /api/NAME`. */
export interface DevRequests {
  readonly call: { readonly name: string; readonly args: Readonly<Record<string, Value>> };
  readonly setting: { readonly name: string; readonly value: Value };
  readonly signal: { readonly name: string; readonly value: number | null };
  /** The button was held for so long, and is released. */
  readonly button: { readonly heldMs: number };
  readonly power: { readonly isOn: boolean };
  readonly network: { readonly isOn: boolean };
  /** Tells the unit that it is this moment, Unix seconds. */
  readonly time: { readonly atS: number };
  readonly restart: Record<string, never>;
  readonly evaluate: { readonly text: string };
}

export type DevReply = { readonly answer?: Value } | { readonly error: string };
