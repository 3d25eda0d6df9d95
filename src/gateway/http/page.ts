/** Pages of the authorization server: plain HTML without scripts, every value escaped by the template. */
import { html } from "hono/html";

type Content = ReturnType<typeof html>;

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}label{display:block;margin:.8rem 0}input:not([type=checkbox]){font:inherit;width:100%;padding:.5rem;box-sizing:border-box}
label:has([type=checkbox]){padding-left:1.6rem;text-indent:-1.6rem}button{font:inherit;padding:.6rem 1.2rem;margin:.6rem .6rem 0 0}.error{color:#a40e26}code{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}.error{color:#ff7b72}}`;

export async function pageText(title: string, content: Content, language: "en" | "de" = "en"): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<main>
<h1>${title}</h1>
${content}
</main>
</html>
`,
  );
}

/**
 * Headers of a page: no inline script, no frames around it, and forms to nowhere else.
 * @param formTargets Origins to which the answer to a form may send the browser on.
 * @param hasPasskeys Whether the page has the one script there is, which asks the browser for a passkey.
 */
export function pageHeaders(formTargets: readonly string[] = [], hasPasskeys = false): Record<string, string> {
  const policy = [
    "default-src 'none'",
    ...(hasPasskeys ? ["script-src 'self'"] : []),
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(" ")}`,
  ];
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  };
}
