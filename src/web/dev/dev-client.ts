/** The page's connection to `latchkey dev`: the stream of what happens, and requests. */
import { useEffect, useState } from "preact/hooks";
import type { Sample } from "../ui/chart.tsx";
import { readEventStream } from "../ui/event-stream.ts";
import type { DevMessages, DevReply, DevRequests, DevState, LogLine, Raised } from "./interface.ts";

const KEY = "latchkey.dev.token";
const RETRY_MS = 700;
const LOG_MAX = 500;
const RAISED_MAX = 100;
const SAMPLES_MAX = 600;

/** The token came in the link's fragment; it is kept for this tab alone, and taken out of the address. */
function takeToken(): string | null {
  const given = location.hash.slice(1);
  if (given !== "") {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY);
}

const token = takeToken();
const headers = { authorization: `Bearer ${token ?? ""}` };

export async function request<K extends keyof DevRequests>(name: K, body: DevRequests[K]): Promise<DevReply> {
  try {
    const answer = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as DevReply;
  } catch {
    return { error: "latchkey dev does not answer" };
  }
}

/** All that the page shows. */
export interface Shown {
  readonly access: "open" | "lost" | "refused";
  readonly state: DevState | undefined;
  readonly log: readonly LogLine[];
  readonly raised: readonly Raised[];
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

const NOTHING: Shown = { access: "lost", state: undefined, log: [], raised: [], samples: {} };

const last = <T>(list: readonly T[], item: T, most: number): readonly T[] => [...list.slice(1 - most), item];

function withMessage<K extends keyof DevMessages>(shown: Shown, kind: K, data: DevMessages[K]): Shown {
  switch (kind) {
    case "state":
      return { ...shown, state: { ...shown.state, ...data } as DevState };
    case "log":
      return { ...shown, log: last(shown.log, data as LogLine, LOG_MAX) };
    case "raised":
      return { ...shown, raised: last(shown.raised, data as Raised, RAISED_MAX) };
    case "sample": {
      const { series, atMs, value } = data as DevMessages["sample"];
      const samples = last(shown.samples[series] ?? [], [atMs, value] as const, SAMPLES_MAX);
      return { ...shown, samples: { ...shown.samples, [series]: samples } };
    }
    default:
      return shown;
  }
}

export function useShown(): Shown {
  const [shown, setShown] = useState<Shown>(token === null ? { ...NOTHING, access: "refused" } : NOTHING);
  useEffect(() => {
    if (token === null) return;
    const stop = new AbortController();
    async function follow(): Promise<void> {
      while (!stop.signal.aborted) {
        try {
          const answer = await fetch("/api/stream", { headers, signal: stop.signal });
          if (answer.status === 401) return setShown({ ...NOTHING, access: "refused" });
          if (answer.body === null) continue;
          // What came before is told again in full.
          let next: Shown = { ...NOTHING, access: "open" };
          let isDrawing = false;
          const draw = () => {
            isDrawing = false;
            setShown(next);
          };
          await readEventStream(answer.body, (kind, data) => {
            if (data === "") return;
            next = withMessage(next, kind as keyof DevMessages, JSON.parse(data) as never);
            // Many messages, one picture.
            if (!isDrawing) setTimeout(draw, 16);
            isDrawing = true;
          });
        } catch {
          // Told below; tried again.
        }
        if (stop.signal.aborted) return;
        setShown((now) => ({ ...now, access: "lost" }));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    void follow();
    return () => stop.abort();
  }, []);
  return shown;
}
