/** What the development page shows, kept in one place: each change is told to every page that is open. */
import type { DevMessages, DevState, LogLine, Raised, SampleMessage } from "#web/dev/interface.ts";

type Kind = keyof DevMessages;
export type Message = { readonly [K in Kind]: { readonly kind: K; readonly data: DevMessages[K] } }[Kind];

const LOG_MAX = 500;
const RAISED_MAX = 100;
const SAMPLES_MAX = 600;

export interface DevStore {
  readonly state: DevState;
  change(part: Partial<DevState>): void;
  log(text: string): void;
  raised(name: string, value: Raised["value"]): void;
  sample(series: string, value: number): void;
  /** Tells everything so far, then each change. @returns A function that ends it. */
  watch(tell: (message: Message) => void): () => void;
  isWatched(): boolean;
}

export function createDevStore(first: DevState): DevStore {
  let state = first;
  let numbers = 0;
  const log: LogLine[] = [];
  const raised: Raised[] = [];
  const samples = new Map<string, SampleMessage[]>();
  const watchers = new Set<(message: Message) => void>();
  const tell = (message: Message) => {
    for (const watcher of watchers) watcher(message);
  };
  const keep = <T>(list: T[], item: T, most: number) => {
    list.push(item);
    if (list.length > most) list.shift();
  };
  return {
    get state() {
      return state;
    },
    change(part) {
      state = { ...state, ...part };
      tell({ kind: "state", data: part });
    },
    log(text) {
      const line = { number: numbers++, atMs: Date.now(), text };
      keep(log, line, LOG_MAX);
      tell({ kind: "log", data: line });
    },
    raised(name, value) {
      const event = { number: numbers++, atMs: Date.now(), name, value };
      keep(raised, event, RAISED_MAX);
      tell({ kind: "raised", data: event });
    },
    sample(series, value) {
      const all = samples.get(series) ?? [];
      samples.set(series, all);
      // An unchanged value is told by the one before it.
      if (all.at(-1)?.value === value) return;
      const data = { series, atMs: Date.now(), value };
      keep(all, data, SAMPLES_MAX);
      tell({ kind: "sample", data });
    },
    watch(watcher) {
      watcher({ kind: "state", data: state });
      for (const data of log) watcher({ kind: "log", data });
      for (const data of raised) watcher({ kind: "raised", data });
      for (const data of [...samples.values()].flat()) watcher({ kind: "sample", data });
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    isWatched: () => watchers.size > 0,
  };
}
