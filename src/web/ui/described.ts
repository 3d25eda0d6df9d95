/** What forms and values are made from: a unit's description of its app, and values as JSON carries them. */
import type { Description } from "#wire/describe.ts";

export type { ValueSchema } from "#wire/describe.ts";
export type DescribedFunction = Description["functions"][string];
export type DescribedSetting = Description["settings"][string];

/** A value as JSON carries it: bytes are hexadecimal digits. */
export type Value = boolean | number | string | null | readonly Value[] | { readonly [name: string]: Value };
