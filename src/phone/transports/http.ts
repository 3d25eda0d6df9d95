/** A transport to a unit on the same network: HTTP/1.1 over TCP, with node:http. */
import { Agent, request } from "node:http";
import { ok, type Result, refuse } from "#base/faults.ts";
import { BODY_BYTES_MAX, PATH, readRefusal } from "#wire/sessions/session.ts";
import type { Transport } from "../transport.ts";

interface HttpTransportOptions {
  readonly host: string;
  readonly port: number;
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

/** A transport over one kept connection. */
export function httpTransport({ host, port, timeoutMs = 5000 }: HttpTransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    exchange: (path, body) =>
      new Promise<Result<Uint8Array>>((resolve) => {
        const settle = (answer: Result<Uint8Array>) => {
          clearTimeout(timer);
          resolve(answer);
        };
        const lost = () => settle(refuse("SESSION_UNREACHABLE"));
        const outgoing = request(
          {
            host,
            port,
            agent,
            path: PATH[path],
            method: path === "key" ? "GET" : "POST",
            headers:
              path === "key" ? {} : { "content-length": body.length, "content-type": "application/octet-stream" },
          },
          (incoming) => {
            const parts: Buffer[] = [];
            let byteLength = 0;
            incoming.on("data", (part: Buffer) => {
              parts.push(part);
              byteLength += part.length;
              if (byteLength > BODY_BYTES_MAX) incoming.destroy();
            });
            incoming.on("error", lost);
            incoming.on("close", lost);
            incoming.on("end", () => {
              const answer = Uint8Array.from(Buffer.concat(parts));
              settle(incoming.statusCode === 200 ? ok(answer) : refuse(readRefusal(answer)));
            });
          },
        );
        // A signal that aborts after this time would cost more than the sealing of the request.
        const timer = setTimeout(() => outgoing.destroy(), timeoutMs).unref();
        outgoing.on("error", lost);
        outgoing.on("close", lost);
        outgoing.end(path === "key" ? undefined : body);
      }),
    close: async () => agent.destroy(),
  };
}
