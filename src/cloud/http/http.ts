/** The HTTP side: routes as data, from which the server, its checks and the OpenAPI document all follow. */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { z } from "zod";

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body: string | Uint8Array;
}

export interface Ask {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** The address that asks; a proxy's, when there is one in between. */
  readonly peer: string;
  /** The bytes as they came, when the route takes `bytes`. */
  readonly bytes: Uint8Array;
  /** The checked JSON body, when the route has one. */
  readonly json: unknown;
}

export interface Route {
  readonly method: "GET" | "POST";
  /** `{name}` takes one path segment. */
  readonly path: string;
  readonly summary: string;
  /** `operator` wants the operator key (Bearer, or Basic with any user); `device` is open: what is given is public or proves itself. */
  readonly who: "operator" | "device";
  readonly body?: z.ZodType | "bytes";
  readonly bodyBytesMax?: number;
  answer(ask: Ask): Reply | Promise<Reply>;
}

/** A request that can't be answered; becomes `{ "error": "…" }`. */
export class HttpRefusal extends Error {
  override name = "HttpRefusal";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const json = (value: unknown, status = 200): Reply => ({
  status,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(value)}\n`,
});

const digest = (text: string) => createHash("sha256").update(text).digest();

/** The key that a request brought, as Bearer token or as the password of Basic authentication. */
function keyOf(header: string | undefined): string {
  const [scheme = "", value = ""] = (header ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return "";
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** Whether a request's authorization header brings a key, told in a time that says nothing of the key. */
export function bringsKey(header: string | undefined, key: string): boolean {
  return timingSafeEqual(digest(keyOf(header)), digest(key));
}

async function bodyOf(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > limit) throw new HttpRefusal(413, `a body is at most ${limit} bytes here`);
    parts.push(part);
  }
  const whole = Buffer.concat(parts);
  // A plain view: a Buffer's slice shares memory, which those who change their own slices must not meet.
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}

interface Compiled extends Route {
  readonly pattern: RegExp;
}

function compile(route: Route): Compiled {
  const pattern = new RegExp(`^${route.path.replace(/\./g, "\\.").replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
  return { ...route, pattern };
}

const BODY_BYTES_MAX = 64 * 1024;

async function answer(routes: readonly Compiled[], operatorKey: string, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? "/", "http://cloud");
  const fitting = routes.filter((route) => route.pattern.test(url.pathname));
  const route = fitting.find((each) => each.method === (request.method === "HEAD" ? "GET" : request.method));
  if (route === undefined) {
    if (fitting.length === 0) throw new HttpRefusal(404, "nothing is here; see /v1/openapi.json");
    throw new HttpRefusal(405, `use ${fitting.map((each) => each.method).join(" or ")} here`);
  }
  if (route.who === "operator" && !bringsKey(request.headers.authorization, operatorKey)) {
    return {
      status: 401,
      headers: { "www-authenticate": 'Basic realm="latchkey"', "content-type": "application/json" },
      body: '{"error":"the operator key is missing or wrong"}\n',
    };
  }
  const bytes = await bodyOf(request, route.bodyBytesMax ?? BODY_BYTES_MAX);
  let parsed: unknown;
  if (route.body !== undefined && route.body !== "bytes") {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch {
      throw new HttpRefusal(400, "the body is not JSON");
    }
    const checked = route.body.safeParse(value);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      throw new HttpRefusal(400, `${issue?.path.join(".") || "body"}: ${issue?.message ?? "is wrong"}`);
    }
    parsed = checked.data;
  }
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(route.pattern.exec(url.pathname)?.groups ?? {})) {
    try {
      params[name] = decodeURIComponent(value);
    } catch {
      throw new HttpRefusal(400, "the path is not well encoded");
    }
  }
  const peer = request.socket.remoteAddress ?? "";
  return route.answer({ params, query: url.searchParams, headers: request.headers, peer, bytes, json: parsed });
}

function send(response: ServerResponse, isHead: boolean, reply: Reply): void {
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
  response.writeHead(reply.status, {
    "content-length": body.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...reply.headers,
  });
  response.end(isHead ? undefined : body);
}

/** The OpenAPI 3.1 document of some routes; bodies come from the very schemas that check them. */
export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const parameters = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
      name: match[1],
      in: "path",
      required: true,
      schema: { type: "string" },
    }));
    const operation: Record<string, unknown> = {
      summary: route.summary,
      responses: { "200": { description: "done" }, default: { description: "refused: { error } says why" } },
      security: route.who === "operator" ? [{ operator: [] }] : [],
    };
    if (parameters.length > 0) operation.parameters = parameters;
    if (route.body === "bytes") {
      operation.requestBody = { required: true, content: { "application/octet-stream": {} } };
    } else if (route.body !== undefined) {
      const schema = z.toJSONSchema(route.body);
      operation.requestBody = { required: true, content: { "application/json": { schema } } };
    }
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Latchkey cloud", version: "1" },
    components: { securitySchemes: { operator: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Rejects with the socket's error (EADDRINUSE and the like), which the command line puts into words. */
export async function serveHttp(
  routes: readonly Route[],
  options: { host: string; port: number; operatorKey: string; tls?: { key: Buffer; cert: Buffer } },
): Promise<HttpServer> {
  const compiled = routes.map(compile);
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(compiled, options.operatorKey, request)
      .catch((error: unknown): Reply => {
        if (error instanceof HttpRefusal) return json({ error: error.message }, error.status);
        process.stderr.write(`latchkey cloud: ${request.method} ${request.url?.split("?")[0]}: ${String(error)}\n`);
        return json({ error: "the cloud failed at this; its log says why" }, 500);
      })
      .then((reply) => send(response, request.method === "HEAD", reply))
      .catch(() => response.destroy());
  };
  const server: Server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, 4_096, resolve);
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
