/** The types of the stored values, as the table of entries lists them. */
import type { ENTRIES } from "./entries.ts";

type Entries = typeof ENTRIES;
export type EntryName = keyof Entries;
type ValueOf<Name extends EntryName> = NonNullable<ReturnType<Entries[Name]["decode"]>>;
/** Entries that machines write as typed values. */
export type WrittenName = { [Name in EntryName]: Entries[Name] extends { encode: unknown } ? Name : never }[EntryName];
export type WrittenOf<Name extends WrittenName> = Parameters<Entries[Name]["encode"]>[0];

/** What the unit remembers, by entry: absent where there is nothing, or nothing that can be read. */
export type Facts = { readonly [Name in EntryName]?: ValueOf<Name> | undefined } & {
  /** Entries whose bytes are there and cannot be read (meanings.ts). */
  readonly unreadable: ReadonlySet<EntryName>;
};
