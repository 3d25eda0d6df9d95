/**
 * What a gateway is compared with: the same units and sealing behind a bare HTTP server, without tokens, checks, journal or a
 * store. Forked by gateway.ts.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fromHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { openSession, type Session } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import type { BenchUnit } from "./gateway-units-process.ts";

interface ToBare {
  readonly units: readonly BenchUnit[];
  /** In hexadecimal digits. */
  readonly holderSeed: string;
  readonly chain: string;
}

async function start({ units, holderSeed, chain }: ToBare): Promise<number> {
  const sessions = new Map<string, Session>();
  const keys = { holderSeed: fromHex(holderSeed) as Uint8Array, chain: fromHex(chain) as Uint8Array };
  for (const { id, port } of units) {
    const transport = httpTransport({ host: "127.0.0.1", port });
    const opened = await openSession({ primitives, transport, deviceId: fromHex(id) as Uint8Array, ...keys });
    if (!opened.ok) throw new Error(opened.fault);
    sessions.set(id, opened.value);
  }
  const args = encodeCbor(new Map([["on", true]]));
  const server = createServer(async (incoming, outgoing) => {
    const [, , , id = "", name = ""] = (incoming.url ?? "").split("/");
    await incoming.toArray();
    const answer = await sessions.get(id)?.request({ op: "call", name, args });
    const body = JSON.stringify({ id, name, connected: true, return_value: answer?.ok === true ? answer.value : -1 });
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

process.on("message", async (message: ToBare) => process.send?.(await start(message)));
