/** What an app with a receiver says of its place reaches the machines, in the unit's own measure. */

import { expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import type { AppIo } from "#device/app-interface.ts";
import type { DeviceEvent, Machine } from "#device/machine.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { run } from "#device/runner.ts";
import type { Settings } from "#device/settings.ts";
import { appNamed } from "./app-named.ts";

it("an app's fix comes as degrees times 100,000, whole", () => {
  const seen: DeviceEvent[] = [];
  let emit: (event: PortEvent) => void = () => undefined;
  const port = {
    onEvent: (receive: typeof emit) => {
      emit = receive;
    },
    clock: { milliseconds: () => 7, wakeAt: () => undefined },
    system: { feedWatchdog: () => undefined },
    tcp: {},
  } as unknown as Port;
  const machine: Machine<null> = {
    name: "watcher",
    initial: null,
    step(state, event) {
      seen.push(event);
      const isAsked = event.kind === "button";
      return { state, effects: isAsked ? [{ kind: "call", id: 1, name: "fix", args: encodeCbor(new Map()) }] : [] };
    },
  };
  const locate = (_args: unknown, io: AppIo) => io.located(-33.856784, 151.215297);
  const app = appNamed([], { functions: { fix: { args: {}, run: locate } } });
  const settings: Settings = { get: () => undefined, names: () => [], put: () => true, remove: () => true };
  run(port, [machine], app, settings);
  emit({ kind: "button", heldMs: 1 });
  expect(seen.filter(({ kind }) => kind === "located")).toEqual([
    { kind: "located", place: [-3_385_678, 15_121_530], nowMs: 7 },
  ]);
});
