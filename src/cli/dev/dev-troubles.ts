/** What a unit's console tells of its app, as the page shows it: troubles with their places in the maker's files. */
import { withFaultNames } from "#base/faults.ts";
import { placeOfDefinition } from "#factory/bundle/definition-place.ts";
import type { Trouble } from "#web/dev/interface.ts";
import type { Failed } from "#wire/lines/development-line.ts";
import type { ConsoleReports } from "./dev-console.ts";
import type { DevStore } from "./dev-state.ts";
import { type Lines, placed, placeOfStack } from "./stack-places.ts";

const TROUBLES_MAX = 5;
/** What the runtime names when it is none of the app's functions; an app's file has other things of these names. */
const OURS = ["run", "app", "promise", "after", "every", "at", "setTimeout", "setInterval"];

export function addTrouble(store: DevStore, trouble: Trouble): void {
  const others = store.state.troubles.filter(({ place, text }) => place !== trouble.place || text !== trouble.text);
  store.change({ troubles: [trouble, ...others].slice(0, TROUBLES_MAX) });
}

/** What went wrong, with its place where the stack leads to the maker's files. */
export function troubleOf(kind: Trouble["kind"], text: string, stack: string, build: Lines): Trouble {
  const place = placeOfStack(stack, build);
  return { kind, text, ...(place === undefined ? {} : placed(place)) };
}

/** @param build What runs now. */
export function appReports(
  app: string,
  store: DevStore,
  build: () => Lines,
): Pick<ConsoleReports, "log" | "thrown" | "failed"> {
  const tell =
    (kind: "thrown" | "failed") =>
    ({ name, message, stack }: Failed) => {
      const trouble = troubleOf(kind, withFaultNames(`${name}: ${message}`), stack, build());
      const isDefined = trouble.place === undefined && !OURS.includes(name);
      const defined = isDefined ? placeOfDefinition(app, name) : undefined;
      addTrouble(store, { ...trouble, ...(defined === undefined ? {} : placed(defined)) });
    };
  return { log: store.log, thrown: tell("thrown"), failed: tell("failed") };
}
