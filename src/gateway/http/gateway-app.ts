/** Turns routes into an HTTP application and its OpenAPI 3.1 document (Hono, ADR 0105). */
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { bearsKey } from "#base/host/http/bearer.ts";
import { readScope } from "#gateway/oauth/scope-word.ts";
import { readBody } from "./body.ts";
import { authenticate, authorizeStaff, type Principal, type PrincipalParts } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import type { Route } from "./route.ts";
import { SAFE_HEADERS } from "./safe-headers.ts";

export type GatewayApp = OpenAPIHono<{ Bindings: HttpBindings }>;

interface AppParts extends PrincipalParts {
  /** The key of the programs on the gateway's own host. */
  readonly bootstrapKey: string;
  /** Takes one line about a failure of the gateway itself. */
  log(line: string): void;
}

const errorReply = z
  .object({ ok: z.literal(false), error: z.string(), error_description: z.string() })
  .openapi("Error");

const NOBODY: Principal = {
  ...{ name: "", isAccount: false, role: "viewer", clientId: "", scope: "", expiresS: 0, token: "" },
  links: [{ owner: "", capabilities: [] }],
  ...{ isStaff: false, arrival: "elsewhere", authenticatedS: undefined, grantId: undefined },
};
const NO_KEY = "the bootstrap key is missing or wrong; run this on the gateway's host";
const HOST: Principal = {
  ...{ ...NOBODY, name: "bootstrap", role: "admin" },
  links: [{ owner: "", capabilities: readScope("all") }],
};

function describe({ method, path, summary, who, staff, body, takesFile, replies }: Route) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const responses: Record<string, { description: string; content?: Record<string, { schema: z.ZodType }> }> = {};
  for (const [status, reply] of Object.entries(replies)) {
    const [type, schema] = typeof reply === "string" ? [reply, z.string()] : ["application/json", reply];
    responses[status] = { description: "done", content: { [type]: { schema } } };
  }
  responses.default = {
    description: "refused: `error_description` says why",
    content: { "application/json": { schema: errorReply } },
  };
  const content = body && {
    "application/json": { schema: body },
    "application/x-www-form-urlencoded": { schema: body },
    ...(takesFile === true && { "multipart/form-data": { schema: body } }),
  };
  return {
    method: method.toLowerCase() as "get" | "post" | "put" | "delete",
    path,
    summary,
    security:
      who === "token"
        ? [{ oauth: [] }]
        : who === "host"
          ? [{ bootstrap: [] }, ...(staff === undefined ? [] : [{ oauth: [] }])]
          : [],
    request: {
      ...(names.length === 0 ? {} : { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
      ...(content === undefined ? {} : { body: { content } }),
    },
    responses,
  };
}

function reply(refusal: Refusal): Response {
  const { status, code, message, headers } = refusal;
  const body = { ok: false, error: code, error_description: message };
  return Response.json(body, { status, headers });
}

/** Answers in one write: a web response around it costs a fifth of a whole call (ADR 0148). */
function sendJson(outgoing: HttpBindings["outgoing"], value: unknown): Response {
  // A text leaves with the head of the answer; bytes would be a second part.
  const body = JSON.stringify(value);
  const about = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  outgoing.writeHead(200, { ...about, ...SAFE_HEADERS });
  outgoing.end(body);
  return RESPONSE_ALREADY_SENT;
}

export function createGatewayApp(routes: readonly Route[], parts: AppParts): GatewayApp {
  const app: GatewayApp = new OpenAPIHono<{ Bindings: HttpBindings }>();
  app.use(async (context, next) => {
    await next();
    if (context.env.outgoing.headersSent) return;
    for (const [name, value] of Object.entries(SAFE_HEADERS)) context.header(name, value);
  });
  app.onError((error, context) => {
    if (error instanceof Refusal) return reply(error);
    parts.log(`${context.req.method} ${context.req.path}: ${String(error)}`);
    return reply(new Refusal(500, "server_error", "the gateway failed at this; its log says why"));
  });
  app.notFound(() => reply(new Refusal(404, "not_found", "nothing is here; see /v1/openapi.json")));
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "oauth", {
    type: "oauth2",
    flows: {
      authorizationCode: {
        authorizationUrl: `${parts.issuer}/oauth/authorize`,
        tokenUrl: `${parts.issuer}/oauth/token`,
        scopes: { all: "everything", noFlash: "everything except PUT to a device" },
      },
    },
  });
  registry.registerComponent("securitySchemes", "bootstrap", { type: "http", scheme: "bearer" });

  for (const route of routes) {
    registry.registerPath(describe(route));
    // Bodies are checked here and not by Hono: one schema stands for JSON and forms alike.
    app.on(route.method, route.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const { incoming, outgoing } = context.env;
      const url = new URL(context.req.url);
      const hasBody = route.method !== "GET";
      const { fields, file } = hasBody
        ? await readBody(incoming, route.takesFile === true)
        : { fields: {}, file: undefined };
      let who = NOBODY;
      if (route.who === "host") {
        if (bearsKey(incoming.headers.authorization, parts.bootstrapKey)) who = HOST;
        else if (route.staff !== undefined) who = await authenticate(parts, incoming, url, undefined);
        else throw new Refusal(401, "invalid_token", NO_KEY);
      } else if (route.who === "token") {
        who = await authenticate(parts, incoming, url, (fields as { access_token?: unknown })?.access_token);
      }
      if (route.staff !== undefined && who !== HOST) authorizeStaff(who, route.staff);
      const body = route.body?.safeParse(fields);
      if (body?.success === false) {
        const issue = body.error.issues[0];
        throw new Refusal(
          400,
          "invalid_request",
          `${issue?.path.join(".") || "body"}: ${issue?.message ?? "is wrong"}`,
        );
      }
      const params = context.req.param() as Record<string, string>;
      const answer = await route.answer({
        ...{ params, query: url.searchParams, incoming, outgoing, who, file },
        body: body?.data,
      });
      return answer instanceof Response ? answer : sendJson(outgoing, answer);
    });
  }
  return app;
}

/** The OpenAPI 3.1 document, made from the same routes. */
export function gatewayDocument(app: GatewayApp): object {
  return app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "Latchkey gateway", version: "1" } });
}
