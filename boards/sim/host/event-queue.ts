/** What the unit is told next. As on a chip (firmware/port/tcp-deliver.c) what a server sends waits while the unit works at an update. */
import type { PortEvent } from "#device/port.ts";

/** Longest that a server's data waits for an update's step. */
const WORK_MS = 2000;

/** As firmware/port/tcp-deliver.c has it: what a host reads at once would not fit into a chip's memory. */
const DATA_BYTES_MAX = 1460;

export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += DATA_BYTES_MAX)
    yield new Uint8Array(bytes.subarray(at, at + DATA_BYTES_MAX));
}

interface EventQueue {
  /** @param isOwn Of a connection that the unit opened. */
  put(event: PortEvent, isOwn?: boolean): void;
  /** The next event; undefined when there is none that doesn't wait. */
  take(): PortEvent | undefined;
  /** Forgets all events but those that `isKept` says. */
  clear(isKept?: (event: PortEvent) => boolean): void;
}

/** @param hasWork Whether the unit wants to be told the time at once. */
export function createEventQueue(hasWork: () => boolean, milliseconds = () => performance.now()): EventQueue {
  const events: { readonly event: PortEvent; readonly isOwn: boolean }[] = [];
  let heardMs = 0;
  return {
    put(event, isOwn = false) {
      events.push({ event, isOwn });
    },
    take() {
      const nowMs = milliseconds();
      const isHeld = hasWork() && nowMs - heardMs < WORK_MS;
      const at = isHeld ? events.findIndex(({ isOwn }) => !isOwn) : 0;
      const next = at < 0 ? undefined : events.splice(at, 1)[0];
      if (next?.isOwn) heardMs = nowMs;
      return next?.event;
    },
    clear(isKept = () => false) {
      events.splice(0, events.length, ...events.filter(({ event }) => isKept(event)));
    },
  };
}
