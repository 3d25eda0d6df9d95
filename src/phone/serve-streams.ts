/** Delivers a release to a unit locally: serves its blocks over HTTP with Range, as the cloud does. */
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { performance } from "node:perf_hooks";
import { toHex } from "#base/bytes.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { leavesOf, rootOfBytes, TRANSFER_NAME_BYTES } from "#wire/releases/blocks.ts";

export interface StreamServer {
  readonly port: number;
  /** Bytes of streams handed out so far. */
  readonly servedBytes: () => number;
  /** How long nobody has been handed anything. */
  readonly quietMs: () => number;
  stop(): Promise<void>;
}

const PATH = /^\/v1\/(blocks|leaves)\/([0-9a-f]{32})$/;
const RANGE = /^bytes=(\d{1,9})-(\d{1,9})$/;

/** @param streams What the release's transfers name. */
export async function serveStreams(streams: readonly Uint8Array[]): Promise<StreamServer> {
  const nameOf = (bytes: Uint8Array) =>
    toHex(rootOfBytes(nodePrimitives.sha256, bytes).subarray(0, TRANSFER_NAME_BYTES));
  const named = new Map(streams.map((bytes) => [nameOf(bytes), bytes]));
  let servedBytes = 0;
  let servedAtMs = performance.now();
  const server = createServer((request, response) => {
    const [, what, name = ""] = PATH.exec(request.url ?? "") ?? [];
    const stream = named.get(name);
    const [, from, to] = RANGE.exec(request.headers.range ?? "") ?? [];
    if (request.method !== "GET" || stream === undefined) return void response.writeHead(404).end();
    if (from !== undefined && Number(from) >= stream.length) return void response.writeHead(416).end();
    const whole = what === "leaves" ? leavesOf(nodePrimitives.sha256, stream) : stream;
    const body = from === undefined ? whole : whole.subarray(Number(from), Number(to) + 1);
    servedBytes += body.length;
    servedAtMs = performance.now();
    response.writeHead(from === undefined ? 200 : 206, {
      "Content-Type": "application/octet-stream",
      "Content-Length": body.length,
      ...(from !== undefined && {
        "Content-Range": `bytes ${from}-${Number(from) + body.length - 1}/${whole.length}`,
      }),
    });
    response.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    servedBytes: () => servedBytes,
    quietMs: () => performance.now() - servedAtMs,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The address by which a unit can reach this machine: the one from which this machine reaches the unit. */
export function addressTowards(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      const address = socket.localAddress ?? "";
      socket.destroy();
      resolve(address.replace(/^::ffff:/, ""));
    });
    socket.once("error", reject);
  });
}
