/** Pages of the authorization server: plain HTML without scripts, every value escaped by the template. */
import { html } from "hono/html";

type Content = ReturnType<typeof html>;

/** Colours and sizes as in src/web/ui/tokens.css. */
const STYLE = `:root{color-scheme:light dark;--ground:#f5f6f8;--surface:#fff;--line:#dfe3e8;--control:#858e9c;--ink:#171b21;--accent:#2f5bd0;--on:#fff;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ground:#0f1216;--surface:#171b21;--line:#2b323c;--control:#737e8e;--ink:#e9ecf1;--accent:#8fb0ff;--on:#0c1733;--bad:#ff8f86}}
*{box-sizing:border-box}body{margin:0;padding:8vh 1rem 2rem;font:15px/1.5 ui-sans-serif,system-ui,sans-serif;color:var(--ink);background:var(--ground)}
main{max-width:27rem;margin:0 auto;padding:1.5rem;border:1px solid var(--line);border-radius:.75rem;background:var(--surface)}
h1{margin:0 0 1rem;font-size:1.375rem}label{display:block;margin:.8rem 0;font-weight:550}label:has([type=checkbox]){padding-left:1.6rem;text-indent:-1.6rem;font-weight:400}
input:not([type=checkbox]){width:100%;margin-top:.25rem;min-height:2.25rem;padding:.4rem .75rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--control);border-radius:.5rem}
button{min-height:2.25rem;margin:.6rem .6rem 0 0;padding:0 1rem;font:inherit;font-weight:600;color:inherit;background:transparent;border:1px solid var(--control);border-radius:.5rem;cursor:pointer}
button:first-of-type{color:var(--on);background:var(--accent);border-color:var(--accent)}a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}.error{color:var(--bad)}code{overflow-wrap:anywhere}svg{max-width:100%}`;

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
