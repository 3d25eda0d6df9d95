/** Pages where people make and keep their own account: `/welcome` accepts an invitation, `/account` has the passkeys. */
import { randomBytes } from "node:crypto";
import { html, raw } from "hono/html";
import QRCode from "qrcode";
import { AccountTrouble } from "#gateway/accounts/accounts.ts";
import { type LoginParts, logIn } from "#gateway/accounts/log-in.ts";
import type { Passkeys } from "#gateway/accounts/passkeys.ts";
import { PasswordsBusy } from "#gateway/accounts/password.ts";
import { hashOf } from "#gateway/oauth/artifacts.ts";
import { formOf, refuseForeign } from "./form-request.ts";
import type { GatewayApp } from "./gateway-app.ts";
import { pageHeaders, pageText } from "./page.ts";
import { type PageText, type Speech, speechFor } from "./page-texts.ts";
import { passkeyForm } from "./passkey-form.ts";

interface AccountPageParts extends LoginParts {
  readonly issuer: string;
  readonly passkeys: Passkeys | undefined;
}

type Content = ReturnType<typeof html>;

/** How long somebody who just logged in may change passkeys. */
const TICKET_MS = 600_000;
const TICKETS_MAX = 1_000;

export function addAccountPages(app: GatewayApp, parts: AccountPageParts): void {
  const { issuer, accounts, journal, passkeys } = parts;
  const tickets = new Map<string, { readonly name: string; readonly untilMs: number }>();

  const ticketFor = (name: string): string => {
    const ticket = randomBytes(24).toString("base64url");
    const oldest = tickets.keys().next();
    if (tickets.size >= TICKETS_MAX && !oldest.done) tickets.delete(oldest.value);
    tickets.set(hashOf(ticket), { name, untilMs: performance.now() + TICKET_MS });
    return ticket;
  };
  /** The account that a ticket is for, while it may log in. */
  const nameOf = (ticket: string): string | undefined => {
    const found = tickets.get(hashOf(ticket));
    if (found === undefined || found.untilMs < performance.now()) return undefined;
    return accounts.find(found.name)?.isDisabled === false ? found.name : undefined;
  };
  const show = async (say: Speech, title: PageText, content: Content, status = 200) =>
    new Response(await pageText(say(title), content, say.language), {
      status,
      headers: pageHeaders([], passkeys !== undefined),
    });
  const complaint = (error: string) => (error === "" ? "" : html`<p class="error" role="alert">${error}</p>`);

  const welcome = (say: Speech, error = "", status = 200) =>
    show(
      say,
      "Make your account",
      html`${complaint(error)}
<form method="post">
<label>${say("Code of your invitation")} <input name="code" autocomplete="off" required autofocus></label>
<label>${say("New password, 12 characters at least")} <input name="password" type="password" autocomplete="new-password" required minlength="12"></label>
<label>${say("The same again")} <input name="again" type="password" autocomplete="new-password" required></label>
<button>${say("Make the account")}</button>
</form>`,
      status,
    );

  async function passkeyPart(say: Speech, name: string, ticket: string): Promise<Content | string> {
    if (passkeys === undefined) {
      return html`<p>${say("Passkeys need a gateway with TLS and a host name; this one is at {host}.", { host: new URL(issuer).host })}</p>`;
    }
    const fields = html`<label>${say("What you call this device")} <input name="label" maxlength="64" required></label>`;
    const options = await passkeys.registration(name, ticket);
    return passkeyForm({
      kind: "new",
      action: "/account",
      options,
      button: say("Add a passkey"),
      hidden: { do: "add", ticket },
      fields,
    });
  }

  async function account(say: Speech, name: string, ticket: string, note = ""): Promise<Response> {
    const held = accounts.passkeysOf(name);
    return show(
      say,
      "Your account",
      html`${note === "" ? "" : html`<p role="status">${note}</p>`}
<p>${name}, ${accounts.find(name)?.role ?? ""}. ${say(held.length === 0 ? "You have no passkey." : "Your passkeys:")}</p>
${held.map(
  ({ id, label, createdMs }) => html`<form method="post">
<input type="hidden" name="do" value="remove"><input type="hidden" name="ticket" value="${ticket}"><input type="hidden" name="id" value="${id}">
${label}, ${say("since")} ${new Date(createdMs).toISOString().slice(0, 10)} <button>${say("Remove")}</button></form>`,
)}
${await passkeyPart(say, name, ticket)}`,
    );
  }

  async function logInPage(say: Speech, error = "", status = 200): Promise<Response> {
    const ticket = randomBytes(24).toString("base64url");
    const use =
      passkeys === undefined
        ? ""
        : passkeyForm({
            ...{ kind: "use", options: await passkeys.login(ticket), button: say("Use a passkey") },
            hidden: { do: "passkey", ticket },
          });
    return show(
      say,
      "Your account",
      html`${complaint(error)}
<form method="post">
<label>${say("Name")} <input name="username" autocomplete="username" required autofocus></label>
<label>${say("Password")} <input name="password" type="password" autocomplete="current-password" required></label>
<label>${say("One-time code or recovery code")} <input name="otp" autocomplete="one-time-code" required></label>
<button name="do" value="login">${say("Log in")}</button>
</form>
${use}`,
      status,
    );
  }

  app.get("/welcome", ({ env }) => welcome(speechFor(env.incoming)));
  app.post("/welcome", async (context) => {
    const { incoming } = context.env;
    refuseForeign(incoming, issuer);
    const say = speechFor(incoming);
    const form = await formOf(context.req.raw);
    if (form.get("password") !== form.get("again")) return welcome(say, say("The two passwords are different."), 400);
    try {
      const made = await accounts.accept((form.get("code") ?? "").trim(), form.get("password") ?? "");
      journal.add({ who: made.name, what: "accept invitation", outcome: "done" });
      const image = await QRCode.toString(made.uri, { type: "svg", margin: 2, width: 220 });
      return show(
        say,
        "Write these down",
        html`<p>${say("{name}, this page is shown once. Scan the code with an authenticator app:", { name: made.name })}</p>
${raw(image)}
<p>${say("or type its key:")} <code>${made.secret}</code></p>
<p>${say("Recovery codes, each good once in place of a code:")}</p>
<p><code>${made.recovery.join(" ")}</code></p>
${await passkeyPart(say, made.name, ticketFor(made.name))}`,
      );
    } catch (error) {
      if (error instanceof AccountTrouble) return welcome(say, say.other(error.message), 400);
      if (error instanceof PasswordsBusy) return welcome(say, say("Too many people log in now. Try again."), 503);
      throw error;
    }
  });

  app.get("/account", ({ env }) => logInPage(speechFor(env.incoming)));
  const act = async (say: Speech, form: URLSearchParams, peer: string): Promise<Response> => {
    const [what, ticket, answer] = ["do", "ticket", "answer"].map((field) => form.get(field) ?? "") as [
      string,
      string,
      string,
    ];
    if (what === "login") {
      const { name, ...failed } = await logIn(parts, form, peer);
      if (name !== undefined) return account(say, name, ticketFor(name));
      return "why" in failed ? logInPage(say, say(...failed.why), failed.status) : logInPage(say);
    }
    if (what === "passkey") {
      const name = await passkeys?.accountOf(ticket, answer);
      if (name === undefined)
        return logInPage(say, say("This passkey is not known here, or the page is too old."), 400);
      journal.add({ who: name, what: "login by passkey", outcome: "done" });
      return account(say, name, ticketFor(name));
    }
    const name = nameOf(ticket);
    if (name === undefined) return logInPage(say, say("This page is too old. Log in again."), 400);
    if (what === "add") {
      const made = await passkeys?.register(name, ticket, answer, (form.get("label") ?? "").slice(0, 64) || "passkey");
      journal.add({ who: name, what: "add passkey", outcome: made === undefined ? "refused" : made.label });
      const note =
        made === undefined ? say("This passkey could not be added.") : say("{label} is added.", { label: made.label });
      return account(say, name, ticket, note);
    }
    const isRemoved = what === "remove" && (await accounts.removePasskey(name, form.get("id") ?? ""));
    if (isRemoved) journal.add({ who: name, what: "remove passkey", outcome: "done" });
    return account(say, name, ticket, say(isRemoved ? "The passkey is removed." : "There is no such passkey."));
  };
  app.post("/account", async (context) => {
    const { incoming } = context.env;
    refuseForeign(incoming, issuer);
    return act(speechFor(incoming), await formOf(context.req.raw), incoming.socket.remoteAddress ?? "");
  });
}
