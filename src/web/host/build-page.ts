/** Builds a page: its script and its style, each one file, by esbuild (ADR 0135). */
import { readFileSync } from "node:fs";
import { build, transform } from "esbuild";

/** Entries by the page's name. */
const PAGES = { gallery: "src/web/ui/gallery.tsx", dev: "src/web/dev/dev-page.tsx" } as const;
const TITLES: Readonly<Record<PageName, string>> = { gallery: "Components", dev: "latchkey dev" };
const STYLES = ["tokens", "base", "controls", "surfaces"] as const;

export type PageName = keyof typeof PAGES;

interface BuiltPage {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

/** Nothing but the page's own files and its own server: no inline script, no frame around it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @throws esbuild's failure: the sources of a page are ours. */
export async function buildPage(name: PageName): Promise<BuiltPage> {
  const { outputFiles } = await build({
    entryPoints: [PAGES[name]],
    bundle: true,
    write: false,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    charset: "utf8",
  });
  const style = STYLES.map((each) => readFileSync(`src/web/ui/${each}.css`, "utf8")).join("\n");
  const { code } = await transform(style, { loader: "css", minify: true });
  return { html: htmlOf(name), script: outputFiles[0]?.text ?? "", style: code };
}

function htmlOf(name: PageName): string {
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
