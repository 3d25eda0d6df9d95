/** The names of an app's functions, variables, settings and events, and the rights that they require. */
import type { AppRight } from "#wire/describe.ts";
import type { App } from "./app-interface.ts";

/** An app's own entry of a kind; what an object inherits is none. */
export function ownEntry<T>(entries: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** The right of a function, variable, setting or event, or undefined when the app has none of that name. */
export function rightOf({ functions, variables, settings, events }: App, name: string): AppRight | undefined {
  const entry = ownEntry(functions, name) ?? ownEntry(variables, name);
  if (entry === undefined && ownEntry(settings, name) !== undefined) return "config";
  return entry?.right ?? (ownEntry(events, name) === undefined ? undefined : "subscribe");
}

/** Names with their rights, in the order of their definition. */
export function namesOf({
  functions = {},
  variables = {},
  settings = {},
  events = {},
}: App): (readonly [string, AppRight])[] {
  return [
    ...Object.entries(functions).map(([name, { right }]) => [name, right] as const),
    ...Object.entries(variables).map(([name, { right }]) => [name, right] as const),
    ...Object.keys(settings).map((name) => [name, "config"] as const),
    ...Object.keys(events).map((name) => [name, "subscribe"] as const),
  ];
}
