/** What a unit's console tells of its app, as the page shows it: troubles with their places in the maker's files. */
import { withFaultNames } from "#base/faults.ts";
import { placeOfDefinition } from "#factory/bundle/definition-place.ts";
import type { Trouble } from "#web/dev/interface.ts";
import type { DevBuild } from "./dev-build.ts";
import type { ConsoleReports } from "./dev-console.ts";
import type { DevStore } from "./dev-state.ts";
import { placed, placeOfStack } from "./stack-places.ts";

const TROUBLES_MAX = 5;

export function addTrouble(store: DevStore, trouble: Trouble): void {
  const others = store.state.troubles.filter(({ place, text }) => place !== trouble.place || text !== trouble.text);
  store.change({ troubles: [trouble, ...others].slice(0, TROUBLES_MAX) });
}

/** What the app threw, with its place where the stack leads to the maker's files. @param map Source map, or empty. */
export function troubleOf(kind: "thrown" | "crash", text: string, stack: string, map: string): Trouble {
  const place = placeOfStack(stack, map);
  return { kind, text, ...(place === undefined ? {} : placed(place)) };
}

/** @param build What runs now. */
export function appReports(
  app: string,
  store: DevStore,
  build: () => Pick<DevBuild, "map" | "places">,
): Pick<ConsoleReports, "log" | "thrown" | "failed"> {
  return {
    log: store.log,
    thrown({ name, message, stack, at }) {
      const { map, places } = build();
      const trouble = troubleOf("thrown", `${name}: ${message}`, stack, map);
      const marked = at === undefined ? undefined : places[at];
      const defined = trouble.place === undefined ? (marked ?? placeOfDefinition(app, name)) : undefined;
      addTrouble(store, { ...trouble, ...(defined === undefined ? {} : placed(defined)) });
    },
    failed({ name, message }) {
      const defined = placeOfDefinition(app, name);
      const text = withFaultNames(`${name}: ${message}`);
      addTrouble(store, { kind: "failed", text, ...(defined === undefined ? {} : placed(defined)) });
    },
  };
}
