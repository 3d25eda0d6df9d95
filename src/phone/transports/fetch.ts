/** A transport to a unit on the same network with fetch, for pages in a browser. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { BODY_BYTES_MAX, PATH, readRefusal } from "#wire/sessions/session.ts";
import type { Transport } from "../transport.ts";

interface FetchTransportOptions {
  readonly host: string;
  readonly port: number;
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

/**
 * A transport whose requests are simple ones (no type, no headers of ours), so that a browser sends them without asking
 * the unit first.
 */
export function fetchTransport({ host, port, timeoutMs = 5000 }: FetchTransportOptions): Transport {
  return {
    async exchange(path, body): Promise<Result<Uint8Array>> {
      try {
        const response = await fetch(`http://${host}:${port}${PATH[path]}`, {
          ...(path === "key" ? {} : { method: "POST", body: Uint8Array.from(body) }),
          credentials: "omit",
          signal: AbortSignal.timeout(timeoutMs),
        });
        const answer = new Uint8Array(await response.arrayBuffer());
        if (answer.length > BODY_BYTES_MAX) return refuse("SESSION_UNREACHABLE");
        return response.status === 200 ? ok(answer) : refuse(readRefusal(answer));
      } catch {
        return refuse("SESSION_UNREACHABLE");
      }
    },
    close: async () => undefined,
  };
}
