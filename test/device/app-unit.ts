/** A unit of nothing but the maker's app: the runner, the reporter, and what console, link and flash get to see. */
import { expect } from "vitest";
import { defineDevice } from "#app/define-device.ts";
import type { Fault } from "#base/faults.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { App, AppIo } from "#device/app-interface.ts";
import { createAppReporter } from "#device/app-reporter.ts";
import type { DeviceEvent, Machine } from "#device/machine.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { run } from "#device/runner.ts";
import type { Settings } from "#device/settings.ts";
import { type AppFailure, decodeAppFailure } from "#wire/link/app-failure.ts";

export type Run = (args: unknown, io: AppIo) => unknown;

/** An app as a maker writes it in plain JavaScript, where no compiler looks at its types. */
export function appOf(functions: Readonly<Record<string, Run>>, more: object = {}): App {
  const defined = Object.entries(functions).map(([name, run]) => [name, { right: "call", args: {}, run }] as const);
  return defineDevice({ functions: Object.fromEntries(defined), ...more } as unknown as Parameters<
    typeof defineDevice
  >[0]);
}

/** What an observer beside the unit sees; it outlives restarts. */
export interface Outside {
  said: string;
  readonly reports: AppFailure[];
  /** What is in flash. */
  readonly kept: Map<string, Uint8Array>;
  readonly seen: DeviceEvent[];
}

export const createOutside = (): Outside => ({ said: "", reports: [], kept: new Map(), seen: [] });

interface Unit {
  call(name: string): Fault | unknown;
  link(isUp: boolean): void;
  /** Lets the run end as it should. */
  end(): void;
  pass(ms: number): void;
  reject(reason: unknown): void;
}

export function startUnit(
  outside: Outside,
  app: App,
  { isTrial = false, release = "7", resetReason = "power" } = {},
): Unit {
  const { kept } = outside;
  let emit: (event: PortEvent) => void = () => undefined;
  let nowMs = 0;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let wanted: object | undefined;
  const port = {
    onEvent: (receive: typeof emit) => {
      emit = receive;
    },
    clock: {
      milliseconds: () => nowMs,
      wakeAt: (atMs: number) => {
        wakeAtMs = atMs;
        if (atMs <= nowMs) setImmediate(() => wakeAtMs <= nowMs && emit({ kind: "timer" }));
      },
    },
    console: {
      write: (bytes: Uint8Array) => {
        outside.said += new TextDecoder().decode(bytes);
      },
    },
    pins: {
      write: (pin: string) => {
        throw new RangeError(`no such output pin ${pin}`);
      },
    },
    system: { feedWatchdog: () => undefined, isTrial, resetReason, restart: () => undefined },
    tcp: {},
  } as unknown as Port;
  let answer: unknown;
  const caller: Machine<null> = {
    name: "caller",
    initial: null,
    step(state, event) {
      outside.seen.push(event);
      if (event.kind === "called") {
        const item = decodeCbor(event.result);
        answer = item.ok ? item.value : item.fault;
      }
      if (event.kind === "call-failed") answer = event.fault;
      if (event.kind === "publish") {
        const report = decodeAppFailure(event.payload);
        expect(event.topic).toBe("failure");
        if (report.ok) outside.reports.push(report.value);
      }
      return { state, effects: event.kind === "button" ? [wanted as never] : [] };
    },
  };
  const settings: Settings = {
    get: (name) => kept.get(name),
    names: () => [...kept.keys()],
    put: (name, value) => {
      kept.set(name, value);
      return true;
    },
    remove: (name) => kept.delete(name),
  };
  const press = (effect: object) => {
    wanted = effect;
    emit({ kind: "button", heldMs: 1 });
  };
  run(port, [caller, createAppReporter(release)] as readonly Machine<unknown>[], app, settings);
  return {
    call(name) {
      answer = undefined;
      press({ kind: "call", id: 1, name, args: encodeCbor(new Map()) });
      return answer;
    },
    link: (isUp) => press({ kind: "emit", event: { kind: isUp ? "link-up" : "link-down" } }),
    reject: (reason) => emit({ kind: "rejected", reason }),
    end: () => press({ kind: "restart", reason: "requested" }),
    pass(ms) {
      nowMs += ms;
      if (wakeAtMs <= nowMs) emit({ kind: "timer" });
    },
  };
}
