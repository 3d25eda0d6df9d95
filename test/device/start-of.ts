/** What a unit remembers, over a map in the place of flash, and the event with which its run begins. */
import type { InnerEvent, Stored } from "#device/machine.ts";
import type { Settings } from "#device/settings.ts";
import { openStore } from "#device/store/store.ts";

export function settingsOver(values: Map<string, Uint8Array>): Settings {
  return {
    get: (name) => values.get(name),
    names: () => [...values.keys()],
    put(name, value) {
      values.set(name, value.slice());
      return true;
    },
    remove(name) {
      values.delete(name);
      return true;
    },
  };
}

/** The first event of a run over these values, for a machine that writes none of them. */
export function startOf(stored: Stored): InnerEvent & { kind: "start" } {
  const settings: Settings = {
    get: (name) => stored.get(name),
    names: () => [],
    put: () => false,
    remove: () => false,
  };
  return { kind: "start", facts: openStore(settings).facts, stored };
}
