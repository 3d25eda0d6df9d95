/** What a test sees of a device, and does to it. */
import type { IoModel } from "#app/testing/io-model.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { App } from "#device/app-interface.ts";
import type { Caller } from "./caller.ts";
import type { GuestLimits } from "./test-unit-identity.ts";

export interface TestDevice extends Caller {
  /** Pins by name: what the app wrote, and what the test lets it read. */
  readonly pins: Map<string, number>;
  /** The hardware behind the IO classes: values of inputs, devices on buses. */
  readonly hardware: IoModel;
  /** What the unit's console says, one line each. */
  readonly lines: readonly string[];
  /** What the app threw, in order: where, and what. */
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  /** What the app raised, in order. */
  readonly raised: readonly { readonly name: string; readonly value: Cbor }[];
  /** Whether the unit sleeps. It wakes by `advance`, once its time is over or its pin has changed, or by `press`. */
  readonly isAsleep: boolean;
  /** Lets so many milliseconds go by, with all that happens in them, sleep and wakes included. */
  advance(milliseconds: number): Promise<void>;
  /** Tells the unit what time it is, Unix seconds: signed by the maker's time key, or without proof as a hint. */
  setTime(unixS: number, grade?: "trusted" | "hint"): Promise<void>;
  /** Tells the unit where it is, as a POSIX TZ rule such as "CET-1CEST,M3.5.0,M10.5.0/3". */
  setZone(rule: string): Promise<void>;
  /** Presses the button and releases it after so many milliseconds. */
  press(heldMs: number): Promise<void>;
  /** Somebody to whom the owner gave a key. */
  guest(limits: GuestLimits): Caller;
  /** Takes the power away and gives it back: memory is gone, flash stays. */
  powerCut(): Promise<void>;
  /** Lets the power fail within a write to flash, so many after this one, and come back. */
  cutPowerInWrite(after?: number): void;
  /** Puts another release's app in place of this one, as an update does. */
  update(app: App): Promise<void>;
}
