/** Serves the console: static files that anybody may have, and whose accounts let in. Everything else it asks for as its user. */
import { z } from "@hono/zod-openapi";
import { CONSOLE_FILES, type ConsolePage, consoleHeaders } from "#base/host/http/console-files.ts";
import type { ConsoleConfig } from "./interface.ts";
import { json, type Route } from "./route.ts";
import type { StaffIssuer } from "./staff-access.ts";

export interface ConsoleParts {
  /** Called with the first request. */
  page(): Promise<ConsolePage>;
  readonly staff: Pick<StaffIssuer, "issuer" | "audience"> | undefined;
}

export function consoleRoutes({ page, staff }: ConsoleParts): readonly Route[] {
  const config: ConsoleConfig = {
    party: "cloud",
    ...(staff && { issuer: staff.issuer, audience: staff.audience }),
  };
  return [
    {
      method: "GET",
      path: "/console",
      summary: "Sends a browser to the console",
      who: "device",
      replies: { 302: undefined },
      answer: () => ({ status: 302, headers: { location: "/console/" }, body: "" }),
    },
    ...CONSOLE_FILES.map(
      ({ name, type, summary, of }): Route => ({
        method: "GET",
        path: `/console/${name}`,
        summary,
        who: "device",
        replies: { 200: type },
        answer: async () => ({ status: 200, headers: consoleHeaders(type, staff?.issuer), body: of(await page()) }),
      }),
    ),
    {
      method: "GET",
      path: "/console/config.json",
      summary: "Whose accounts let staff into the console",
      who: "device",
      replies: {
        200: z.object({ party: z.literal("cloud"), issuer: z.string().optional(), audience: z.string().optional() }),
      },
      answer: () => json(config),
    },
  ];
}
