/** A transport to a unit behind a forwarded port: the unit is asked under its own address, which is another one than that of the port. */
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Transport } from "#phone/transport.ts";
import { PATH, readRefusal } from "#wire/sessions/session.ts";

const ANSWER_MS = 5_000;

export interface Place {
  readonly host: string;
  readonly port: number;
  /** HOST:PORT by which the unit knows itself. */
  readonly name: string;
}

export function forwardedTransport({ host, port, name }: Place): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    exchange: (path, body) =>
      new Promise<Result<Uint8Array>>((resolve) => {
        const lost = () => resolve(refuse("SESSION_UNREACHABLE"));
        const method = path === "key" ? "GET" : "POST";
        const headers = { host: name, ...(method === "POST" && { "content-length": body.length }) };
        const outgoing = request({ host, port, agent, path: PATH[path], method, headers }, (incoming) => {
          incoming.setEncoding("latin1");
          text(incoming).then((said) => {
            const answer = Uint8Array.from(Buffer.from(said, "latin1"));
            resolve(incoming.statusCode === 200 ? ok(answer) : refuse(readRefusal(answer)));
          }, lost);
        });
        outgoing.setTimeout(ANSWER_MS, () => outgoing.destroy());
        outgoing.on("error", lost);
        outgoing.end(method === "POST" ? body : undefined);
      }),
    close: async () => agent.destroy(),
  };
}
