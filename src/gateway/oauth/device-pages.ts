/** Pages of the device grant: where somebody types the code that a command line shows. @source RFC 8628, section 3.3 */
import type { IncomingMessage } from "node:http";
import { html, raw } from "hono/html";
import type { Configuration } from "oidc-provider";
import { pageHeaders, pageText } from "#gateway/http/page.ts";
import { type PageText, type Speech, speechFor } from "#gateway/http/page-texts.ts";

type DeviceFlow = NonNullable<NonNullable<Configuration["features"]>["deviceFlow"]>;
type PageContext = { body: unknown; readonly req: IncomingMessage; set(headers: Record<string, string>): void };

async function show(
  ctx: PageContext,
  title: PageText,
  contentOf: (say: Speech) => ReturnType<typeof html>,
): Promise<void> {
  const say = speechFor(ctx.req);
  ctx.set(pageHeaders());
  ctx.body = await pageText(say(title), contentOf(say), say.language);
}

/** The library makes each form's markup itself, with its protection against forged requests in it. */
export const DEVICE_FLOW: DeviceFlow = {
  enabled: true,
  async userCodeInputSource(ctx, form, _out, error) {
    await show(ctx, "Log a program in", (say) => {
      const complaint =
        error === undefined
          ? ""
          : html`<p class="error" role="alert">${say("This code is not right, or is too old.")}</p>`;
      const hint = html`<p>${say("Type the code that the program shows.")}</p>`;
      return html`${complaint}${hint}${raw(form)}<button form="op.deviceInputForm">${say("Go on")}</button>`;
    });
  },
  async userCodeConfirmSource(ctx, form, client, _info, userCode) {
    const name = client.clientName ?? client.clientId;
    await show(ctx, "Is this the code?", (say) => {
      const question = html`<p>${say("{name} shows the code", { name })} <code>${userCode}</code>. ${say("Go on only if it does so in front of you.")}</p>`;
      const buttons = html`<button form="op.deviceConfirmForm">${say("It does")}</button><button form="op.deviceConfirmForm" name="abort" value="yes">${say("Cancel")}</button>`;
      return html`${question}${raw(form)}${buttons}`;
    });
  },
  async successSource(ctx) {
    await show(ctx, "Done", (say) => html`<p>${say("The program is logged in. You can close this page.")}</p>`);
  },
};
