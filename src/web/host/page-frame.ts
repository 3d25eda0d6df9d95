/** What every page is made of: a frame of HTML, one script and one style; and the policy that binds it. */

/** Titles by the page's name. */
const TITLES = { gallery: "Components", dev: "latchkey dev", console: "Latchkey console" } as const;

export type PageName = keyof typeof TITLES;

export interface BuiltPage {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

/** Nothing but the page's own files and its own server: no inline script, no frame around it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function frameOf(name: PageName): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${TITLES[name]}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<div id="page"></div>
<script type="module" src="page.js"></script>
</body>
</html>
`;
}
