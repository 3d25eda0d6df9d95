/**
 * The board's hardware for the app's IO classes (src/app/io): which of it is open, and whom a change concerns. An app imports
 * the classes, so they find the board here and not among their arguments.
 */
import type { IoPort } from "./port.ts";

/** A piece of hardware that an instance has opened. */
export interface OpenIo {
  readonly io: IoPort;
  readonly resource: number;
  /** What nobody else may open meanwhile. */
  readonly claim: string;
  /** Told of a changed value, when it is watched. */
  changed: ((value: number) => void) | undefined;
}

interface Hardware {
  /** Undefined until the runtime has started. */
  io: IoPort | undefined;
  isKnown: boolean;
  opened: OpenIo[];
}

const hardware: Hardware = { io: undefined, isKnown: false, opened: [] };

/** Gives the classes the board's hardware, all of it free. */
export function provideIo(io: IoPort | undefined): void {
  hardware.io = io;
  hardware.isKnown = true;
  hardware.opened = [];
}

/**
 * Opens hardware by its name (src/base/board-io.ts).
 * @param claim What is in use from now on; its name when absent. Several devices may share a bus.
 * @throws Error when the board has none of this name, or it is in use (ECMA-419, clause 9, constructor).
 */
export function openIo(name: string, claim: string = name): OpenIo {
  if (!hardware.isKnown) throw new Error(`${name} is opened too early: open it in start or later`);
  const resource = hardware.io?.find(name) ?? -1;
  if (hardware.io === undefined || resource < 0) throw new Error(`this board has no ${name}`);
  if (hardware.opened.some((other) => other.claim === claim)) throw new Error(`${claim} is in use: close it first`);
  const opened: OpenIo = { io: hardware.io, resource, claim, changed: undefined };
  hardware.opened.push(opened);
  return opened;
}

/** Frees it; nothing is told of it any more. Closing twice is no error. */
export function closeIo(opened: OpenIo | undefined): void {
  if (opened === undefined) return;
  if (opened.changed !== undefined) opened.io.watch(opened.resource, false);
  opened.changed = undefined;
  hardware.opened = hardware.opened.filter((other) => other !== opened);
}

/** Frees all of it. */
export function closeAllIo(): void {
  for (const opened of hardware.opened) closeIo(opened);
}

export function watchIo(opened: OpenIo, changed: (value: number) => void): void {
  opened.changed = changed;
  opened.io.watch(opened.resource, true);
}

/** Hands a changed value to whoever watches it. @throws What the app's callback throws. */
export function deliverIo(resource: number, value: number): void {
  for (const opened of hardware.opened) if (opened.resource === resource) opened.changed?.(value);
}
