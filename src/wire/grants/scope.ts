/**
 * The scope of a grant: an AIF array of [name, rights] (RFC 9237). "*" stands for every name and for the unit itself.
 */
import { compare } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, decodeCbor, encodeCbor, isCount } from "#codec/cbor.ts";

/** Bits of a rights number. `config` and `delegate` and `flash` concern the unit, so only the entry "*" can give them. */
export const RIGHT = { read: 1, call: 2, subscribe: 4, config: 8, delegate: 16, flash: 32 } as const;
export type Right = keyof typeof RIGHT;

const RIGHTS_ALL = 63;
const UNIT_RIGHTS = RIGHT.config | RIGHT.delegate | RIGHT.flash;
const ENTRIES_MAX = 32;
const NAME_BYTES_MAX = 64;

interface ScopeEntry {
  readonly name: string;
  readonly rights: number;
}
export type Scope = readonly ScopeEntry[];

/** The two levels with names: everything, and everything but starting installs. A card carries `noFlash`. */
export const LEVEL = {
  all: [{ name: "*", rights: RIGHTS_ALL }],
  noFlash: [{ name: "*", rights: RIGHTS_ALL & ~RIGHT.flash }],
} as const satisfies Record<string, Scope>;

/** A scope by name: these functions, variables and events, with these rights each. */
export function scopeOf(names: Readonly<Record<string, readonly Right[]>>): Scope {
  const scope = Object.entries(names).map(([name, rights]) => ({
    name,
    rights: rights.reduce((bits, right) => bits | RIGHT[right], 0),
  }));
  return scope.sort((a, b) => compare(utf8(a.name), utf8(b.name)));
}

/** Rights that a scope gives for one name; without a name, those for the unit itself. */
export function rightsFor(scope: Scope, name: string | undefined): number {
  let rights = 0;
  for (const entry of scope) if (entry.name === "*" || entry.name === name) rights |= entry.rights;
  return rights;
}

/** Tells whether each entry of the narrow scope is within the wide one. */
export function isWithin(narrow: Scope, wide: Scope): boolean {
  return narrow.every(({ name, rights }) => (rights & ~rightsFor(wide, name)) === 0);
}

export function encodeScope(scope: Scope): Uint8Array {
  return encodeCbor(scope.map(({ name, rights }) => [name, rights]));
}

/**
 * Reads a scope: 1 to 32 entries in bytewise order of their names, none twice, each with rights of 1 to 63, and a
 * right of the unit only with "*". Refuses with what the CBOR refuses, then GRANT_SCOPE.
 * @source RFC 9237 section 2; PROTOCOL 4.4
 */
export function readScope(bytes: Uint8Array): Result<Scope> {
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  if (!Array.isArray(item.value) || item.value.length < 1 || item.value.length > ENTRIES_MAX) {
    return refuse("GRANT_SCOPE");
  }
  const scope: ScopeEntry[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  for (const each of item.value as readonly Cbor[]) {
    const entry = entryOf(each);
    const encoded = utf8(entry?.name ?? "");
    if (entry === undefined || encoded.length > NAME_BYTES_MAX || compare(previous, encoded) >= 0) {
      return refuse("GRANT_SCOPE");
    }
    previous = encoded;
    scope.push(entry);
  }
  return ok(scope);
}

function entryOf(item: Cbor): ScopeEntry | undefined {
  if (!Array.isArray(item) || item.length !== 2) return undefined;
  const [name, rights] = item as readonly Cbor[];
  if (typeof name !== "string" || !isCount(rights, RIGHTS_ALL) || rights === 0) return undefined;
  return name === "*" || (rights & UNIT_RIGHTS) === 0 ? { name, rights } : undefined;
}
