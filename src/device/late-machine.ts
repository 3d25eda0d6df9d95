/**
 * Where code that only some apps import finds the unit that runs it, and adds a machine to it. So a bundle holds that machine only
 * if the app uses it.
 */
import type { AppRuntime } from "./app-runtime.ts";
import type { Machine } from "./machine.ts";
import type { Port } from "./port.ts";

export interface RunningUnit {
  readonly port: Port;
  readonly app: AppRuntime;
  isLinked(): boolean;
  /** Whether a machine has something in hand that a sleep would interrupt. */
  isBusy(): boolean;
  /** Shows the machine every event from now on. @returns What gives it a `timer` event as soon as there is time for one. */
  add(machine: Machine<unknown>): () => void;
}

const running: { unit: RunningUnit | undefined } = { unit: undefined };

export function provideUnit(unit: RunningUnit): void {
  running.unit = unit;
}

/** @throws Error while the app's modules load. */
export function runningUnit(what: string): RunningUnit {
  if (running.unit === undefined) throw new Error(`${what} is called too early: call it in start or later`);
  return running.unit;
}
