/** How cloud and gateway serve the console: the page's files, and the headers that bind them. */

/** A page as it is built: a frame of HTML with one script and one style beside it. */
export interface ConsolePage {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

interface ServedFile {
  /** What stands after /console/. */
  readonly name: string;
  readonly type: "text/html" | "text/javascript" | "text/css";
  readonly summary: string;
  of(page: ConsolePage): string;
}

export const CONSOLE_FILES: readonly ServedFile[] = [
  { name: "", type: "text/html", summary: "The console for staff", of: ({ html }) => html },
  { name: "page.js", type: "text/javascript", summary: "The console's script", of: ({ script }) => script },
  { name: "page.css", type: "text/css", summary: "The console's style", of: ({ style }) => style },
];

/**
 * Nothing but the page's own files, its own server, and the issuer's token endpoint.
 * @param issuer Where that is another server than the page's own.
 */
export function consoleHeaders(type: ServedFile["type"], issuer?: string): Record<string, string> {
  const sources = ["'self'", ...(issuer === undefined ? [] : [new URL(issuer).origin])];
  const policy = [
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
  ];
  return {
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": policy.join("; "),
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
  };
}
