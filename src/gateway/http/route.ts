/** A route of the gateway's interface as data: who may use it, its schemas, and its handler. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "@hono/zod-openapi";
import type { Principal, StaffNeed } from "./principal.ts";

interface GatewayRequest<Body = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  /** For an answer that is written to the connection itself. */
  readonly outgoing: ServerResponse;
  /** Who sends it; for a route that is open to everybody, nobody. */
  readonly who: Principal;
  readonly body: Body;
  /** The file of a multipart body. */
  readonly file: Uint8Array | undefined;
}

interface Declared {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{name}` stands for one path segment. */
  readonly path: string;
  readonly summary: string;
  /** `token`: whoever shows an access token. `host`: whoever can read the bootstrap key on the gateway's own host. */
  readonly who: "token" | "host" | "anyone";
  /** Also by staff: a token with the scope `staff` of somebody with this role, or a higher one. */
  readonly staff?: StaffNeed;
  readonly body?: z.ZodType;
  /** Takes a file as well, as multipart/form-data. */
  readonly takesFile?: boolean;
  readonly replies: Readonly<
    Record<number, z.ZodType | "text/event-stream" | "text/html" | "text/javascript" | "text/css">
  >;
}

export interface Route extends Declared {
  /** @returns What becomes JSON with status 200, or a whole response. */
  answer(request: GatewayRequest): Promise<unknown>;
}

/** Declares a route whose body has the type of its schema. */
export function route<Body>(
  declared: Declared & {
    readonly body?: z.ZodType<Body>;
    answer(request: GatewayRequest<Body>): Promise<unknown>;
  },
): Route {
  return { ...declared, answer: (request) => declared.answer(request as GatewayRequest<Body>) };
}
