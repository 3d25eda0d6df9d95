/** Schemas of arguments: they check values at run time and give the maker's code its types. */
import type { Cbor } from "#codec/cbor.ts";

/** Checks one argument and gives it its type, or undefined when it doesn't fit. */
export interface Schema<T> {
  read(value: Cbor | undefined): T | undefined;
}

export function bool(): Schema<boolean> {
  return { read: (value) => (typeof value === "boolean" ? value : undefined) };
}

/** A whole number from `min` to `max`, both included. */
export function int(min: number, max: number): Schema<number> {
  return {
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  };
}

/** A text of at most `maxLength` UTF-16 units. */
export function text(maxLength: number): Schema<string> {
  return { read: (value) => (typeof value === "string" && value.length <= maxLength ? value : undefined) };
}

/** One of the given texts. */
export function oneOf<const T extends string>(...choices: readonly T[]): Schema<T> {
  return { read: (value) => choices.find((choice) => choice === value) };
}
