/** Serves the console: static files that anybody may have, and whose accounts let in. Everything else it asks for as its user. */
import { z } from "@hono/zod-openapi";
import type { ConsoleConfig } from "./interface.ts";
import { type HttpReply, json, type Route } from "./route.ts";
import type { StaffIssuer } from "./staff-access.ts";

/** A page as it is built: a frame of HTML with one script and one style beside it. */
export interface ConsolePage {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

export interface ConsoleParts {
  /** Called with the first request. */
  page(): Promise<ConsolePage>;
  readonly staff: Pick<StaffIssuer, "issuer" | "audience"> | undefined;
}

/** Nothing but the page's own files, this cloud, and the issuer's token endpoint. */
function policyOf(issuer: string | undefined): string {
  const sources = ["'self'", ...(issuer === undefined ? [] : [new URL(issuer).origin])];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ${sources.join(" ")}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Whatever a text of a unit holds, it never becomes markup.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

export function consoleRoutes({ page, staff }: ConsoleParts): readonly Route[] {
  const policy = policyOf(staff?.issuer);
  const file = (type: string, body: string): HttpReply => ({
    status: 200,
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin-allow-popups",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    },
    body,
  });
  const config: ConsoleConfig = staff === undefined ? {} : { issuer: staff.issuer, audience: staff.audience };
  return [
    {
      method: "GET",
      path: "/console",
      summary: "Sends a browser to the console",
      who: "device",
      replies: { 302: undefined },
      answer: () => ({ status: 302, headers: { location: "/console/" }, body: "" }),
    },
    {
      method: "GET",
      path: "/console/",
      summary: "The console for staff",
      who: "device",
      replies: { 200: "text/html" },
      answer: async () => file("text/html", (await page()).html),
    },
    {
      method: "GET",
      path: "/console/page.js",
      summary: "The console's script",
      who: "device",
      replies: { 200: "text/javascript" },
      answer: async () => file("text/javascript", (await page()).script),
    },
    {
      method: "GET",
      path: "/console/page.css",
      summary: "The console's style",
      who: "device",
      replies: { 200: "text/css" },
      answer: async () => file("text/css", (await page()).style),
    },
    {
      method: "GET",
      path: "/console/config.json",
      summary: "Whose accounts let staff into the console",
      who: "device",
      replies: { 200: z.object({ issuer: z.string().optional(), audience: z.string().optional() }) },
      answer: () => json(config),
    },
  ];
}
