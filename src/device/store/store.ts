/**
 * The typed store: reads every entry once at the start, hands the machines typed facts, and is the one place that turns
 * typed values into what lies in flash. A fact changes only when its write succeeded.
 */
import { assert } from "#base/assert.ts";
import type { Effect } from "#device/machine.ts";
import type { Settings } from "#device/settings.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { decodeGrant, decodeRevocations } from "./codecs.ts";
import { ENTRIES, ENTRY_NAMES } from "./entries.ts";
import type { EntryName, Facts, WrittenName, WrittenOf } from "./facts.ts";

/** The facts as the store writes them. */
type OpenFacts = { -readonly [Name in keyof Facts]: Facts[Name] } & { readonly unreadable: Set<EntryName> };

/** What a machine wants written or forgotten. */
export type StoreEffect = Extract<Effect, { kind: "store" | "forget" }>;

export interface Store {
  /** Stays the same object; its members follow what the flash holds. */
  readonly facts: Facts;
  readonly settings: Settings;
}

/** Reads all entries. */
export function openStore(settings: Settings): Store {
  const store = { settings, facts: { unreadable: new Set<EntryName>() } };
  for (const entry of ENTRY_NAMES) refresh(store, entry);
  return store;
}

/** The effect that remembers a value. What follows it in the same step happens only once the value is in flash. */
export function remember<Name extends WrittenName>(entry: Name, value: WrittenOf<Name>): StoreEffect {
  const { name, encode } = ENTRIES[entry] as { name: string; encode: (value: WrittenOf<Name>) => Uint8Array };
  return { kind: "store", name, value: encode(value) };
}

/** The effect that forgets a value; as for `remember`. */
export function forget(entry: EntryName): StoreEffect {
  return { kind: "forget", name: ENTRIES[entry].name };
}

/** Performs such an effect for a machine. @returns False when the flash did not take it: the facts are as before. */
export function performStore(store: Store, machine: string, effect: StoreEffect): boolean {
  const entry = entryNamed(effect.name);
  if (entry !== undefined) {
    const writers: readonly string[] = ENTRIES[entry].writers;
    assert(writers.includes(machine), "a machine writes its own entries alone");
  }
  const { settings } = store;
  const isDone = effect.kind === "store" ? settings.put(effect.name, effect.value) : settings.remove(effect.name);
  if (isDone && entry !== undefined) refresh(store, entry);
  return isDone;
}

/** Whether the factory is done with this unit. The mark counts by being there. */
export function isProvisioned({ provisioned, unreadable }: Facts): boolean {
  return provisioned !== undefined || unreadable.has("provisioned");
}

/** Whether a factory's station may give a value under this name, and whether it is of the entry's form. */
export function isGiven(name: string, value: Uint8Array): boolean {
  const entry = entryNamed(name);
  const isStations = (Object.values(PROVISIONED) as string[]).includes(name);
  return entry !== undefined && isStations && ENTRIES[entry].decode(value) !== undefined;
}

/** Names in flash of the entries that cannot be read. */
export function unreadableNames({ unreadable }: Facts): readonly string[] {
  return [...unreadable].map((entry) => ENTRIES[entry].name);
}

function entryNamed(name: string): EntryName | undefined {
  return ENTRY_NAMES.find((entry) => ENTRIES[entry].name === name);
}

function refresh({ facts, settings }: Store, entry: EntryName): void {
  const open = facts as OpenFacts;
  const { name, decode } = ENTRIES[entry];
  const bytes = settings.get(name);
  const value = bytes === undefined ? undefined : decode(bytes);
  (open as Record<string, unknown>)[entry] = value;
  if (bytes !== undefined && value === undefined) open.unreadable.add(entry);
  else open.unreadable.delete(entry);
  if (open.resale !== undefined) settleResale(open, open.resale);
}

/**
 * A resale is decided once its record is in flash. Until its other writes are done their entries still say what was
 * before, so the record stands for them.
 */
function settleResale(facts: OpenFacts, resale: NonNullable<Facts["resale"]>): void {
  facts.ownerGrant = decodeGrant(resale.grant);
  facts.airKey = resale.airKey;
  facts.revocations = decodeRevocations(resale.revocations);
  facts.resoldAt = resale.resoldAtS;
  facts.fleetCalls = undefined;
  facts.place = undefined;
  facts.zone = undefined;
  facts.cloudMoved = undefined;
  facts.appSettings = undefined;
  facts.appState = undefined;
  facts.appCrash = undefined;
  facts.diagnostics = undefined;
}
