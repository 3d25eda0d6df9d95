/** What a unit says while its page is shown: its events as they come, and its variables every few seconds. */
import { useEffect, useState } from "preact/hooks";
import type { KeptHistory } from "#gateway/http/interface.ts";
import type { Sample } from "#web/ui/chart.tsx";
import type { Value } from "#web/ui/described.ts";
import { type Refused, useClient } from "./client.ts";

interface HeardEvent {
  readonly number: number;
  readonly name: string;
  readonly data: string | null;
  readonly atMs: number;
}

const EVENTS_MAX = 100;
const RETRY_MS = 2_000;

interface LiveEvents {
  /** Newest first. */
  readonly events: readonly HeardEvent[];
  readonly isOpen: boolean;
}

/** @param path Of a stream of server-sent events. */
export function useEvents(path: string): LiveEvents {
  const client = useClient();
  const [shown, setShown] = useState<LiveEvents>({ events: [], isOpen: false });
  useEffect(() => {
    const stop = new AbortController();
    let number = 0;
    const see = (name: string, data: string) => {
      setShown(({ events }) => {
        if (name === "") return { events, isOpen: true };
        const { data: said, published_at: at } = JSON.parse(data) as { data: string | null; published_at: string };
        const event = { number: number++, name, data: said, atMs: Date.parse(at) };
        return { isOpen: true, events: [event, ...events].slice(0, EVENTS_MAX) };
      });
    };
    const follow = async () => {
      while (!stop.signal.aborted) {
        await client.hear(path, stop.signal, see).catch(() => undefined);
        if (stop.signal.aborted) return;
        setShown(({ events }) => ({ events, isOpen: false }));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    };
    void follow();
    return () => stop.abort();
  }, [client, path]);
  return shown;
}

/** A variable as it was read last: its value, or why there is none. */
type Reading = { readonly value: Value } | { readonly error: string };

interface LiveVariables {
  readonly readings: Readonly<Record<string, Reading>>;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

const READ_EVERY_MS = 5_000;
const SAMPLES_MAX = 2_000;

/** What a unit kept, as samples up to now; a value that it could not read leaves a gap. */
function samplesOf({ everyMs, ageMs, values }: KeptHistory, nowMs: number): readonly Sample[] {
  const lastMs = nowMs - ageMs;
  return values.flatMap((value, i): readonly Sample[] =>
    value === null ? [] : [[lastMs - (values.length - 1 - i) * everyMs, Number(value)]],
  );
}

/**
 * @param path  Of the unit's variables.
 * @param kept  Of the values that a unit keeps; asked for once.
 * @param names Of the variables; `keeps` where the unit keeps values.
 */
export function useVariables(
  path: string,
  kept: string,
  names: readonly { readonly name: string; readonly keeps: boolean }[],
): LiveVariables {
  const client = useClient();
  const [live, setLive] = useState<LiveVariables>({ readings: {}, samples: {} });
  const list = JSON.stringify(names);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const add = (name: string, more: readonly Sample[]) =>
      setLive(({ readings, samples }) => {
        const all = [...(samples[name] ?? []), ...more].slice(-SAMPLES_MAX);
        return { readings, samples: { ...samples, [name]: all } };
      });
    // One after the other: a unit serves one request at a time.
    const read = async (name: string) => {
      const reading = await client
        .get<{ readonly result: Value }>(`${path}/${encodeURIComponent(name)}`)
        .then(({ result }): Reading => ({ value: result }))
        .catch((error: Refused): Reading => ({ error: error.message }));
      if (isOver) return;
      setLive(({ readings, samples }) => ({ samples, readings: { ...readings, [name]: reading } }));
      const value = "value" in reading ? reading.value : null;
      if (typeof value === "number" || typeof value === "boolean") add(name, [[Date.now(), Number(value)]]);
    };
    const all = JSON.parse(list) as typeof names;
    const begin = async () => {
      for (const { name, keeps } of all) {
        if (!keeps || isOver) continue;
        const told = await client.get<KeptHistory>(`${kept}/${encodeURIComponent(name)}`).catch(() => undefined);
        if (told !== undefined && !isOver) add(name, samplesOf(told, Date.now()));
      }
    };
    const again = async () => {
      if (!document.hidden) for (const { name } of all) if (!isOver) await read(name);
      if (!isOver) timer = setTimeout(() => void again(), READ_EVERY_MS);
    };
    void begin().then(again);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [client, path, kept, list]);
  return live;
}
