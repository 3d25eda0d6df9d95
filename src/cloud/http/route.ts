/** An HTTP route as data: who may use it, the schemas of its request and replies, and its handler. */
import type { IncomingHttpHeaders } from "node:http";
import type { z } from "@hono/zod-openapi";

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface HttpRequest<Json = unknown, Query = unknown> {
  readonly params: Readonly<Record<string, string>>;
  /** The query after its schema accepted it, for a route that takes one. */
  readonly query: Query;
  readonly headers: IncomingHttpHeaders;
  /** Undefined on a route that is open to everybody, and for a browser that may only look. */
  readonly who: Member | undefined;
  /** The address of the other end of the connection: a proxy's, if there is one in between. */
  readonly peer: string;
  /** The request's body as it came, for a route that takes `bytes`. */
  readonly bytes: Uint8Array;
  /** The request's body after its schema accepted it, for a route that takes JSON. */
  readonly json: Json;
}

/** Who sends a request to the operator interface. */
export interface Member {
  readonly name: string;
  readonly role: string;
  /** Unix seconds of the login with password and second factor; undefined for a program. */
  readonly authenticatedS: number | undefined;
  /** Whether it is a program that acts in its own name, as a build server. */
  readonly isProgram: boolean;
}

/** Content that has no schema: its media type. */
type MediaType = "application/octet-stream" | "text/css" | "text/html" | "text/javascript" | "text/plain";

export interface Route {
  readonly method: "GET" | "POST";
  /** `{name}` stands for one path segment. */
  readonly path: string;
  readonly summary: string;
  /**
   * `operator`: the request must carry the operator key as a Bearer token. `viewer`: the key, or the cookie of a browser
   * that `latchkey cloud open` let in. `device`: open to everyone, because the data is public or the body proves itself.
   */
  readonly who: "operator" | "viewer" | "device";
  readonly body?: z.ZodType | "bytes";
  readonly query?: z.ZodObject;
  readonly bodyBytesMax?: number;
  /** What a request that succeeds is answered with, by status; `undefined` stands for no content. */
  readonly replies: Readonly<Record<number, z.ZodType | MediaType | undefined>>;
  answer(request: HttpRequest): HttpReply | Promise<HttpReply>;
}

/** Declares a route whose JSON body has the type of its schema. */
export function jsonRoute<Json>(
  route: Omit<Route, "body" | "answer"> & {
    readonly body: z.ZodType<Json>;
    answer(request: HttpRequest<Json>): HttpReply | Promise<HttpReply>;
  },
): Route {
  return { ...route, answer: (request) => route.answer(request as HttpRequest<Json>) };
}

/** Declares a route whose query has the type of its schema. */
export function queryRoute<Query extends z.ZodObject>(
  route: Omit<Route, "query" | "answer"> & {
    readonly query: Query;
    answer(request: HttpRequest<unknown, z.output<Query>>): HttpReply | Promise<HttpReply>;
  },
): Route {
  return { ...route, answer: (request) => route.answer(request as HttpRequest<unknown, z.output<Query>>) };
}

/** A request that can't be answered. It becomes a reply `{ "error": "…", "code"?: "…" }` with this status. */
export class HttpRefusal extends Error {
  override name = "HttpRefusal";
  readonly status: number;
  /** For programs, where the status alone does not say what to do: "fresh_login". */
  readonly code: string | undefined;
  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const json = (value: unknown, status = 200): HttpReply => ({
  status,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(value)}\n`,
});

export const bytesReply = (body: Uint8Array): HttpReply => ({
  status: 200,
  headers: { "content-type": "application/octet-stream" },
  body,
});
