/** Turns routes into an HTTP application and its OpenAPI document (Hono, ADR 0105). */
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler, Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { allowSlowBody } from "#base/host/http/body-watch.ts";
import { HttpRefusal, type HttpReply, json, type Member, type Route } from "./route.ts";

export type HttpApp = OpenAPIHono<{ Bindings: HttpBindings }>;

interface HttpAppOptions {
  /** Checks that a request may use a route, and says who sends it; throws HttpRefusal when it may not. */
  authorize(
    who: Route["who"],
    request: { readonly method: string; readonly path: string; readonly headers: Headers },
  ): Promise<Member | undefined> | Member | undefined;
  /** Takes one line about a failure of the server itself. */
  log(line: string): void;
}

const BODY_BYTES_MAX = 64 * 1024;
const NO_BYTES = new Uint8Array(0);

/**
 * Reads a body from the connection itself: a web stream around it costs four times as much as the rest of a device's
 * request.
 */
async function readBytes(incoming: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > bytesMax) throw new HttpRefusal(413, `a body has at most ${bytesMax} bytes here`);
    parts.push(part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

const errorReply = z.object({ error: z.string(), code: z.string().optional() }).openapi("Error");

function replySchemas(route: Route) {
  const responses: Record<string, { description: string; content?: Record<string, { schema: z.ZodType }> }> = {};
  for (const [status, reply] of Object.entries(route.replies)) {
    const type = typeof reply === "string" ? reply : "application/json";
    const schema = typeof reply === "string" ? z.string() : reply;
    responses[status] = {
      description: reply === undefined ? "done, without content" : "done",
      ...(schema === undefined ? {} : { content: { [type]: { schema } } }),
    };
  }
  responses.default = {
    description: "refused: `error` says why",
    content: { "application/json": { schema: errorReply } },
  };
  return responses;
}

/** The parts of a route that the OpenAPI document shows and that Hono checks. */
function describeRoute(route: Route, middleware: MiddlewareHandler[]) {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const bytes = {
    "application/octet-stream": {
      schema: z.string().openapi({ contentMediaType: "application/octet-stream" } as object),
    },
  };
  const content =
    route.body === undefined
      ? undefined
      : route.body === "bytes"
        ? bytes
        : { "application/json": { schema: route.body } };
  return createRoute({
    method: route.method === "GET" ? "get" : "post",
    path: route.path,
    summary: route.summary,
    security: route.who === "device" ? [] : [{ operator: [] }],
    middleware,
    request: {
      ...(names.length === 0 ? {} : { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
      ...(content === undefined ? {} : { body: { required: true, content } }),
      ...(route.query === undefined ? {} : { query: route.query }),
    },
    responses: replySchemas(route),
  });
}

function toResponse(context: Context, reply: HttpReply): Response {
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
  const headers = { "content-length": String(body.length), ...reply.headers };
  if (reply.status === 204) return context.body(null, 204);
  return context.body(body as Uint8Array<ArrayBuffer>, reply.status as 200, headers);
}

/** A body must be declared as what it is: a form on another site can't send these content types without asking first. */
function requireType(type: "application/json" | "application/octet-stream"): MiddlewareHandler {
  return async (context, next) => {
    const [declared = ""] = (context.req.header("content-type") ?? "").split(";");
    if (declared.trim().toLowerCase() !== type) throw new HttpRefusal(415, `send the body as ${type}`);
    await next();
  };
}

async function secureHeaders(context: Context, next: Next): Promise<void> {
  await next();
  context.header("cache-control", "no-store");
  context.header("x-content-type-options", "nosniff");
}

export function createHttpApp(routes: readonly Route[], options: HttpAppOptions): HttpApp {
  const app: HttpApp = new OpenAPIHono<{ Bindings: HttpBindings }>({
    defaultHook(result) {
      if (result.success) return;
      const issue = result.error.issues[0];
      throw new HttpRefusal(400, `${issue?.path.join(".") || "body"}: ${issue?.message ?? "is wrong"}`);
    },
  });
  /** Who sends each request that is under way. */
  const members = new WeakMap<IncomingMessage, Member>();
  app.use(secureHeaders);
  app.onError((error, context) => {
    if (error instanceof HttpRefusal) {
      const code = error.code === undefined ? {} : { code: error.code };
      return toResponse(context, json({ error: error.message, ...code }, error.status));
    }
    if (error instanceof HTTPException) return toResponse(context, json({ error: error.message }, error.status));
    options.log(`${context.req.method} ${context.req.path}: ${String(error)}`);
    return toResponse(context, json({ error: "the cloud failed at this; its log says why" }, 500));
  });
  app.notFound((context) => toResponse(context, json({ error: "nothing is here; see /v1/openapi.json" }, 404)));
  app.openAPIRegistry.registerComponent("securitySchemes", "operator", { type: "http", scheme: "bearer" });

  for (const route of routes) {
    const bodyBytesMax = route.bodyBytesMax ?? BODY_BYTES_MAX;
    const middleware: MiddlewareHandler[] = [];
    if (route.who !== "device") {
      middleware.push(async (context, next) => {
        const { method, path, raw } = context.req;
        const who = await options.authorize(route.who, { method, path, headers: raw.headers });
        if (who !== undefined) members.set(context.env.incoming, who);
        if (bodyBytesMax > BODY_BYTES_MAX) allowSlowBody(context.env.incoming);
        await next();
      });
    }
    const takesJson = route.body !== undefined && route.body !== "bytes";
    if (takesJson) {
      const tooLong = () => {
        throw new HttpRefusal(413, `a body has at most ${bodyBytesMax} bytes here`);
      };
      middleware.push(bodyLimit({ maxSize: bodyBytesMax, onError: tooLong }), requireType("application/json"));
    }
    // Devices and phones don't always declare their bytes, which prove themselves.
    else if (route.body === "bytes" && route.who === "operator") {
      middleware.push(requireType("application/octet-stream"));
    }
    app.openapi(describeRoute(route, middleware), async (context) => {
      const { incoming } = context.env;
      const reply = await route.answer({
        params: context.req.param() as Record<string, string>,
        headers: incoming.headers,
        who: members.get(incoming),
        peer: incoming.socket.remoteAddress ?? "",
        bytes: route.body === "bytes" ? await readBytes(incoming, bodyBytesMax) : NO_BYTES,
        query: route.query === undefined ? {} : context.req.valid("query" as never),
        json: takesJson ? context.req.valid("json" as never) : undefined,
      });
      return toResponse(context, reply);
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map((route) => route.method);
    app.all(path.replace(/\{(\w+)\}/g, ":$1"), () => {
      throw new HttpRefusal(405, `use ${methods.join(" or ")} here`);
    });
  }
  return app;
}

/** The OpenAPI 3.1 document of an application, made from the same schemas that check its requests. */
export function openApiOf(app: HttpApp): object {
  return app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "Latchkey cloud", version: "1" } });
}
