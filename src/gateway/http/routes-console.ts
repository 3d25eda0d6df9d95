/** Serves the console: static files that anybody may have. Everything else it asks for as its user. */
import { z } from "@hono/zod-openapi";
import { CONSOLE_FILES, type ConsolePage, consoleHeaders } from "#base/host/http/console-files.ts";
import type { GatewayConsoleConfig } from "./interface.ts";
import { type Route, route } from "./route.ts";

interface ConsoleParts {
  /** The gateway's own address: its console's accounts are its own. */
  readonly issuer: string;
  /** Called with the first request. */
  page(): Promise<ConsolePage>;
}

export function consoleRoutes({ issuer, page }: ConsoleParts): Route[] {
  const config: GatewayConsoleConfig = { party: "gateway", issuer, audience: issuer };
  return [
    route({
      method: "GET",
      path: "/console",
      summary: "Sends a browser to the console",
      who: "anyone",
      replies: { 302: "text/html" },
      answer: async () => new Response(null, { status: 302, headers: { location: "/console/" } }),
    }),
    ...CONSOLE_FILES.map(({ name, type, summary, of }) =>
      route({
        method: "GET",
        path: `/console/${name}`,
        summary,
        who: "anyone",
        replies: { 200: type },
        answer: async () => new Response(of(await page()), { headers: consoleHeaders(type) }),
      }),
    ),
    route({
      method: "GET",
      path: "/console/config.json",
      summary: "Whose accounts let staff into the console: this gateway's own",
      who: "anyone",
      replies: { 200: z.object({ party: z.literal("gateway"), issuer: z.string(), audience: z.string() }) },
      answer: async () => config,
    }),
  ];
}
