/** The part of `describe` (version 1) that forms and values are made from. */
import type { DescribedTexts } from "./language.ts";

/** What values an argument, answer, variable, setting or payload has. */
export interface ValueSchema {
  readonly type: "bool" | "int" | "number" | "text" | "choice" | "bytes";
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  /** Of a text in UTF-16 units, of bytes in bytes. */
  readonly maxLength?: number;
  readonly choices?: readonly string[];
  readonly unit?: string;
}

export interface DescribedFunction {
  readonly right: string;
  readonly args: Readonly<Record<string, ValueSchema>>;
  readonly answer?: ValueSchema;
  readonly texts?: DescribedTexts;
}

/** A value as JSON carries it: bytes are hexadecimal digits. */
export type Value = boolean | number | string | null | readonly Value[] | { readonly [name: string]: Value };
