/** Listens for HTTP, in the clear or under TLS, and hands requests to an application. */

import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { BODY_LIMITS, type BodyLimits, watchBodies } from "#base/host/http/body-watch.ts";
import type { HttpApp } from "./http-app.ts";

interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** Other limits than the usual ones on how slowly a body may come. */
  readonly bodyLimits?: Partial<BodyLimits>;
}

/** A request's head must be complete within this time of its first byte. */
const HEAD_MS = 10_000;
const BACKLOG = 4_096;

/** Listens. Rejects with the socket's error (EADDRINUSE and the like), which the command line puts into words. */
export async function serveHttp(app: HttpApp, options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, tls } = options;
  const server = createAdaptorServer({
    fetch: app.fetch,
    // Other code in this process keeps Node's own Request and Response.
    overrideGlobalObjects: false,
    ...(tls === undefined ? {} : { createServer: createTlsServer, serverOptions: tls }),
  }) as Server;
  watchBodies(server, { ...BODY_LIMITS, ...options.bodyLimits });
  server.headersTimeout = HEAD_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, BACKLOG, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
