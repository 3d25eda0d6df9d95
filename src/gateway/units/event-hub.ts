/**
 * Events of units for whoever listens. A unit keeps its last events and sends none by itself, so each unit that somebody
 * listens to is asked every second, once for all listeners.
 */

import type { Cbor } from "#codec/cbor.ts";
import type { Session } from "#phone/session.ts";
import { createEventFilter, eventsAfter } from "#phone/subscribe.ts";
import type { GatewayUnit, Units } from "./units.ts";

export interface HubEvent {
  readonly name: string;
  /** The unit's ID, or "api" for what a program published. */
  readonly device: string;
  readonly value: Cbor;
  readonly atMs: number;
}

interface Listener {
  /** A unit's ID; undefined for all. */
  readonly device: string | undefined;
  hear(event: HubEvent): void;
}

export interface EventHub {
  /** @returns A function that ends it. */
  listen(listener: Listener): () => void;
  /**
   * What a program publishes, or the gateway itself about a unit: it goes to those who listen here, to no unit.
   * @param device The unit that it is about; "api" when it is about none.
   */
  publish(name: string, value: Cbor, device?: string): void;
  readonly listeners: number;
  close(): void;
}

const EVERY_MS = 1_000;

export function createEventHub(units: Units): EventHub {
  const listeners = new Set<Listener>();
  const polls = new Map<string, { unit: GatewayUnit; timer: NodeJS.Timeout | undefined }>();

  const tell = (event: HubEvent) => {
    for (const listener of listeners) {
      if (listener.device === undefined || listener.device === event.device) listener.hear(event);
    }
  };
  /** How many listen to a unit; under undefined, to all. */
  const wanted = new Map<string | undefined, number>();
  const isWanted = (id: string) => wanted.has(undefined) || wanted.has(id);
  const count = (device: string | undefined, change: 1 | -1) => {
    const before = wanted.get(device) ?? 0;
    if (before + change === 0) wanted.delete(device);
    else wanted.set(device, before + change);
    if (before === 0 || before + change === 0) adjust();
  };

  function poll(unit: GatewayUnit): void {
    const filter = createEventFilter();
    // Events are asked for through the unit's own queue: a session of that kind is all that the reader needs.
    let isFirst = true;
    let openedMs = unit.connection.openedMs;
    const session = {
      request: async (request) => {
        const answer = await unit.connection.request(request, true);
        return answer.ok ? answer : { ok: false, fault: "SESSION_UNREACHABLE" };
      },
    } as Pick<Session, "request"> as Session;
    const entry = { unit, timer: undefined as NodeJS.Timeout | undefined };
    polls.set(unit.id, entry);
    const again = async () => {
      if (polls.get(unit.id) !== entry) return;
      if (!isFirst && unit.connection.openedMs !== openedMs) filter.reopen();
      openedMs = unit.connection.openedMs;
      const answer = await eventsAfter(session, filter.after);
      if (polls.get(unit.id) !== entry) return;
      if (answer.ok) {
        const fresh = filter.take(answer.value);
        // What the unit kept from before somebody listened is old.
        if (!isFirst) for (const { name, value } of fresh) tell({ name, value, device: unit.id, atMs: Date.now() });
        isFirst = false;
      }
      entry.timer = setTimeout(() => void again(), EVERY_MS);
      entry.timer.unref();
    };
    void again();
  }

  /** Asks the units that somebody listens to, and no others. */
  function adjust(): void {
    for (const [id, { unit, timer }] of polls) {
      if (isWanted(id) && units.find(id) === unit) continue;
      clearTimeout(timer);
      polls.delete(id);
    }
    for (const unit of units.list()) if (!polls.has(unit.id) && isWanted(unit.id)) poll(unit);
  }
  units.onChange(adjust);

  return {
    listen(listener) {
      listeners.add(listener);
      count(listener.device, 1);
      return () => {
        if (listeners.delete(listener)) count(listener.device, -1);
      };
    },
    publish: (name, value, device = "api") => tell({ name, value, device, atMs: Date.now() }),
    get listeners() {
      return listeners.size;
    },
    close() {
      listeners.clear();
      wanted.clear();
      adjust();
    },
  };
}
