/**
 * The gateway's one session with a unit. Requests wait in a short queue, since a unit serves one after the other; a session
 * that ended is opened again with backoff.
 */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { Session } from "#phone/session.ts";
import type { SessionRequest } from "#wire/sessions/session.ts";

/** Why the gateway itself refuses, besides the unit's faults. */
export type Trouble = Fault | "BUSY" | "UNCERTAIN" | "ENDED";
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Trouble };

export interface UnitConnection {
  /**
   * Asks the unit, after those who asked before.
   * @param mayRepeat Whether asking twice does no harm: only then is a request repeated whose answer got lost.
   * @param isAllowed Is asked when its turn comes: whoever asked may have lost the right to it while it waited.
   * @returns The answer or refusal; BUSY when too many wait; UNCERTAIN when the answer got lost and it may have been done;
   *   ENDED when it was not allowed any more.
   */
  request(request: SessionRequest, mayRepeat: boolean, isAllowed?: () => Promise<boolean>): Promise<Answer<Cbor>>;
  /** Whether the last attempt reached the unit. */
  readonly isOnline: boolean;
  /** Unix milliseconds of the last answer; 0 before the first. */
  readonly heardMs: number;
  /** Unix milliseconds of the last handshake; 0 before the first. */
  readonly openedMs: number;
  close(): Promise<void>;
}

/** Requests that wait for one unit at once. */
const WAITING_MAX = 16;
/** A unit forgets a session after five minutes without a request (PROTOCOL 5.13): one that was idle for longer is probed. */
const PROBE_AFTER_MS = 120_000;
/** A unit that can't be reached is not tried again for so long, doubling up to the second value. */
const BACKOFF_MS = [1_000, 30_000] as const;
/** A unit takes few handshakes a minute: that is waited for. */
const RATE_WAIT_MS = 1_000;
const RATE_TRIES = 10;

/** What says that the session is over, and not that the request was refused. */
const ENDED: readonly Fault[] = [
  "SESSION_UNREACHABLE",
  "SESSION_UNKNOWN",
  "SESSION_ANSWER",
  "SESSION_ORDER",
  "SESSION_REPLAY",
  "SESSION_SEAL",
  "SESSION_REFUSED",
  "SESSION_RELAY",
];

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref());

/** @param open Opens a session, by whichever way. */
export function createUnitConnection(open: () => Promise<Result<Session>>): UnitConnection {
  let session: Session | undefined;
  let usedMs = 0;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  let retryMs = 0;
  let failures = 0;
  let lastFault: Fault = "SESSION_UNREACHABLE";
  let isClosed = false;
  const state = { isOnline: false, heardMs: 0, openedMs: 0 };

  const lose = () => {
    const lost = session;
    session = undefined;
    // Its transport is closed; a unit that is gone isn't waited for.
    void lost?.close().catch(() => undefined);
  };

  async function opened(): Promise<Result<Session>> {
    if (session !== undefined) return ok(session);
    if (isClosed) return refuse("SESSION_UNREACHABLE");
    if (performance.now() < retryMs) return refuse(lastFault);
    let attempt = await open();
    for (let tries = 1; !attempt.ok && attempt.fault === "SESSION_RATE" && tries < RATE_TRIES && !isClosed; tries++) {
      await pause(RATE_WAIT_MS);
      attempt = await open();
    }
    if (!attempt.ok) {
      state.isOnline = false;
      lastFault = attempt.fault;
      retryMs = performance.now() + Math.min(BACKOFF_MS[1], BACKOFF_MS[0] * 2 ** Math.min(failures++, 8));
      return attempt;
    }
    failures = 0;
    session = attempt.value;
    state.openedMs = Date.now();
    usedMs = performance.now();
    return attempt;
  }

  async function once(request: SessionRequest): Promise<Result<Cbor>> {
    const current = await opened();
    if (!current.ok) return current;
    const answer = await current.value.request(request);
    if (!answer.ok && ENDED.includes(answer.fault)) {
      lose();
      state.isOnline = false;
      return answer;
    }
    usedMs = performance.now();
    state.isOnline = true;
    state.heardMs = Date.now();
    return answer;
  }

  async function run(request: SessionRequest, mayRepeat: boolean): Promise<Answer<Cbor>> {
    const wasOpen = session !== undefined;
    if (wasOpen && !mayRepeat && performance.now() - usedMs > PROBE_AFTER_MS) {
      // Nothing is asked by that; it shows whether the unit still knows the session.
      await once({ op: "events", after: Number.MAX_SAFE_INTEGER });
    }
    const hadSession = session !== undefined;
    const answer = await once(request);
    if (answer.ok || !ENDED.includes(answer.fault)) return answer;
    // Without a session nothing was sent.
    if (!hadSession && session === undefined && performance.now() < retryMs) return answer;
    if (mayRepeat && wasOpen) return once(request);
    return mayRepeat ? answer : { ok: false, fault: "UNCERTAIN" };
  }

  return {
    request(request, mayRepeat, isAllowed) {
      if (waiting >= WAITING_MAX) return Promise.resolve({ ok: false, fault: "BUSY" });
      waiting++;
      // One that need not wait was allowed just now.
      const mustAsk = waiting > 1 ? isAllowed : undefined;
      const answer = last.then(async (): Promise<Answer<Cbor>> => {
        if (mustAsk !== undefined && !(await mustAsk())) return { ok: false, fault: "ENDED" };
        return run(request, mayRepeat);
      });
      last = answer.catch(() => undefined).finally(() => waiting--);
      return answer;
    },
    get isOnline() {
      return state.isOnline;
    },
    get heardMs() {
      return state.heardMs;
    },
    get openedMs() {
      return state.openedMs;
    },
    async close() {
      isClosed = true;
      const current = session;
      session = undefined;
      await current?.close().catch(() => undefined);
    },
  };
}
