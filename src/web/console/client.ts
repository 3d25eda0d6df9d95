/** Requests to the server in the name of whoever is logged in, and answers that stay up to date while they are shown. */
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Self } from "#cloud/http/interface.ts";

export type Body = object | Uint8Array<ArrayBuffer>;

/** The server refused, or was not reached (status 0). */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;
  /** "fresh_login": a second factor of the last minutes is missing. */
  readonly code: string | undefined;
  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Client {
  readonly self: Self;
  /** The gateway that has the accounts. */
  readonly issuer: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: Body): Promise<T>;
  put<T>(path: string, body: Body): Promise<T>;
  remove<T>(path: string): Promise<T>;
  /** Server-sent events from now on. Resolves when the stream ends. */
  hear(path: string, signal: AbortSignal, see: (kind: string, data: string) => void): Promise<void>;
  /** Asks for password and second factor anew; called while a press is handled. */
  logInAgain(): Promise<void>;
  say(text: string, isBad?: boolean): void;
}

export const ClientContext = createContext<Client | undefined>(undefined);

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("nobody is logged in");
  return client;
}

const RANK = ["viewer", "support", "release", "admin"];
/** Whether whoever is logged in has a role, or a higher one. */
export const hasRole = ({ self }: Client, role: string): boolean => RANK.indexOf(self.role) >= RANK.indexOf(role);

interface Resource<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  reload(): void;
}

/** What a path answers, asked for again and again while the page is seen. The old answer stays until the new one is there. */
export function useResource<T>(path: string, everyMs = 5_000): Resource<T> {
  const client = useClient();
  const [shown, setShown] = useState<{ path: string; value?: T; error?: string }>({ path });
  const [turn, setTurn] = useState(0);
  const latest = useRef(path);
  latest.current = path;
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      if (!document.hidden) {
        try {
          const value = await client.get<T>(path);
          if (!isOver) setShown({ path, value });
        } catch (error) {
          if (!isOver) setShown((before) => ({ ...before, path, error: (error as Error).message }));
        }
      }
      if (!isOver) timer = setTimeout(load, everyMs);
    };
    void load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, everyMs, turn, client]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { value: shown.value, error: shown.error, reload };
}

/** The time of day, which moments are shown against. */
export function useNowMs(everyMs = 10_000): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** A query of what is not empty. */
export function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}
