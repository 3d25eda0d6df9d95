/** Schemas of values: they are checked at run time, give the maker's code its types, and are what `describe` tells of a value. */
import type { ValueSchema } from "#wire/describe.ts";

/** What fits is a T. It is plain data: see ValueSchema. */
export type Schema<T> = ValueSchema & { readonly of?: T };

interface NumberLook {
  /** As a person reads it, such as "°C" or "%". */
  readonly unit?: string;
  /** What an input steps by; values in between are allowed. */
  readonly step?: number;
}

export function bool(): Schema<boolean> {
  return { type: "bool" };
}

/** A whole number from `min` to `max`, both included. */
export function int(min: number, max: number, look: NumberLook = {}): Schema<number> {
  return { type: "int", min, max, ...look };
}

/** A finite number from `min` to `max`, both included. */
export function number(min: number, max: number, look: NumberLook = {}): Schema<number> {
  return { type: "number", min, max, ...look };
}

/** A text of at most `maxLength` UTF-16 units. */
export function text(maxLength: number): Schema<string> {
  return { type: "text", maxLength };
}

/** One of the given texts. */
export function oneOf<const T extends string>(...choices: readonly T[]): Schema<T> {
  return { type: "choice", choices };
}

/** At most `maxLength` bytes. */
export function bytes(maxLength: number): Schema<Uint8Array> {
  return { type: "bytes", maxLength };
}
