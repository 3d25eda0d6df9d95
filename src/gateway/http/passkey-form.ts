/** The one script of the gateway's pages: it asks the browser for a passkey and sends the answer with the form. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { html } from "hono/html";
import type { GatewayApp } from "./gateway-app.ts";

const PATH = "/passkey.js";

/** Runs in the browser, behind the library's own script. */
const GLUE = `
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const { browserSupportsWebAuthn, startAuthentication, startRegistration } = SimpleWebAuthnBrowser;
  form.hidden = !browserSupportsWebAuthn();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const optionsJSON = JSON.parse(form.dataset.options);
    try {
      const start = form.dataset.passkey === "new" ? startRegistration : startAuthentication;
      form.elements.answer.value = JSON.stringify(await start({ optionsJSON }));
      form.submit();
    } catch (error) {
      form.querySelector("[role=alert]").textContent = "No passkey was used. Try again, or use another way.";
    }
  });
}
`;

function script(): string {
  const entry = createRequire(import.meta.url).resolve("@simplewebauthn/browser");
  const folder = entry.slice(0, entry.lastIndexOf("@simplewebauthn"));
  return `${readFileSync(join(folder, "@simplewebauthn/browser/dist/bundle/index.umd.min.js"), "utf8")}\n${GLUE}`;
}

export function addPasskeyScript(app: GatewayApp): void {
  let text: string | undefined;
  app.get(PATH, () => {
    text ??= script();
    return new Response(text, { headers: { "content-type": "text/javascript; charset=utf-8" } });
  });
}

interface PasskeyForm {
  /** `new` makes a passkey, `use` shows one. */
  readonly kind: "new" | "use";
  /** Where the form goes; the page's own address when absent. */
  readonly action?: string;
  /** What the library made for the browser. */
  readonly options: object;
  readonly button: string;
  /** Names and values that go along. */
  readonly hidden: Readonly<Record<string, string>>;
  /** Fields between. */
  readonly fields?: ReturnType<typeof html>;
}

/** A form that only browsers with passkeys show. */
export function passkeyForm({
  kind,
  action = "",
  options,
  button,
  hidden,
  fields,
}: PasskeyForm): ReturnType<typeof html> {
  return html`<form method="post"${action === "" ? "" : html` action="${action}"`} data-passkey="${kind}" data-options="${JSON.stringify(options)}" hidden>
${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<input type="hidden" name="answer">
${fields ?? ""}
<p class="error" role="alert"></p>
<button>${button}</button>
</form>
<script src="${PATH}" defer></script>`;
}
