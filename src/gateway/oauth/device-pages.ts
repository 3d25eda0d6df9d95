/** Pages of the device grant: where somebody types the code that a command line shows. @source RFC 8628, section 3.3 */
import { html, raw } from "hono/html";
import type { Configuration } from "oidc-provider";
import { pageHeaders, pageText } from "#gateway/http/page.ts";

type DeviceFlow = NonNullable<NonNullable<Configuration["features"]>["deviceFlow"]>;
type PageContext = { body: unknown; set(headers: Record<string, string>): void };

async function show(ctx: PageContext, title: string, content: ReturnType<typeof html>): Promise<void> {
  ctx.set(pageHeaders());
  ctx.body = await pageText(title, content);
}

/** The library makes each form's markup itself, with its protection against forged requests in it. */
export const DEVICE_FLOW: DeviceFlow = {
  enabled: true,
  async userCodeInputSource(ctx, form, _out, error) {
    const complaint =
      error === undefined ? "" : html`<p class="error" role="alert">This code is not right, or is too old.</p>`;
    const hint = html`<p>Type the code that the program shows.</p>`;
    await show(
      ctx,
      "Log a program in",
      html`${complaint}${hint}${raw(form)}<button form="op.deviceInputForm">Go on</button>`,
    );
  },
  async userCodeConfirmSource(ctx, form, client, _info, userCode) {
    const name = client.clientName ?? client.clientId;
    const question = html`<p>${name} shows the code <code>${userCode}</code>. Go on only if it does so in front of you.</p>`;
    const buttons = html`<button form="op.deviceConfirmForm">It does</button><button form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>`;
    await show(ctx, "Is this the code?", html`${question}${raw(form)}${buttons}`);
  },
  async successSource(ctx) {
    await show(ctx, "Done", html`<p>The program is logged in. You can close this page.</p>`);
  },
};
