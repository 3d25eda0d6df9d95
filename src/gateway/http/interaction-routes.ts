/** Login and consent: where a browser goes while somebody decides about a request for access. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { html } from "hono/html";
import type Provider from "oidc-provider";
import type { InteractionResults } from "oidc-provider";
import { type LoginParts, logIn } from "#gateway/accounts/log-in.ts";
import type { Passkeys } from "#gateway/accounts/passkeys.ts";
import { MAKER_CALLBACK, type MakerLogin } from "#gateway/oauth/maker-login.ts";
import type { Units } from "#gateway/units/units.ts";
import { formOf, refuseForeign } from "./form-request.ts";
import type { GatewayApp } from "./gateway-app.ts";
import { pageHeaders, pageText } from "./page.ts";
import { type Said, type Speech, speechFor } from "./page-texts.ts";
import { passkeyForm } from "./passkey-form.ts";
import { Refusal } from "./refusal.ts";
import { scopeText } from "./scope-text.ts";

interface InteractionParts extends LoginParts {
  readonly issuer: string;
  readonly provider: Provider;
  readonly units: Units;
  readonly passkeys: Passkeys | undefined;
  readonly makerLogin: MakerLogin | undefined;
}

type Details = Awaited<ReturnType<Provider["interactionDetails"]>>;

export function addInteractionRoutes(app: GatewayApp, parts: InteractionParts): void {
  const { issuer, provider, accounts, units, journal, passkeys, makerLogin } = parts;

  const detailsOf = async (incoming: IncomingMessage, outgoing: ServerResponse, uid: string): Promise<Details> => {
    const details = await provider.interactionDetails(incoming, outgoing).catch(() => undefined);
    if (details === undefined || details.uid !== uid) {
      throw new Refusal(400, "invalid_request", "this login is too old, or began in another browser; begin again");
    }
    return details;
  };
  const goOn = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    result: InteractionResults,
  ): Promise<Response> => {
    const to = await provider.interactionResult(incoming, outgoing, result, { mergeWithLastSubmission: false });
    return new Response(null, { status: 303, headers: { location: to, "cache-control": "no-store" } });
  };
  const clientOf = async ({ params }: Details) => {
    const client = await provider.Client.find(String(params.client_id));
    const redirect = typeof params.redirect_uri === "string" ? new URL(params.redirect_uri) : undefined;
    return { name: client?.clientName ?? String(params.client_id), redirect };
  };
  const missingOf = ({ prompt }: Details): Readonly<Record<string, readonly string[]>> =>
    (prompt.details as { missingResourceScopes?: Record<string, string[]> }).missingResourceScopes ?? {};
  const wordsOf = (details: Details): readonly string[] => Object.values(missingOf(details)).flat();
  /** A scope of another interface than this one's is named with it. */
  const wordText = (details: Details, word: string, say: Speech) => {
    const [other] =
      Object.entries(missingOf(details)).find(([at, words]) => at !== issuer && words.includes(word)) ?? [];
    return other === undefined ? scopeText(word, units, say) : say("act for you at {address}", { address: other });
  };

  async function show(incoming: IncomingMessage, details: Details, error?: Said, status = 200): Promise<Response> {
    const say = speechFor(incoming);
    const { name, redirect } = await clientOf(details);
    const targets = redirect === undefined ? [] : [redirect.origin];
    const complaint = error === undefined ? "" : html`<p class="error" role="alert">${say(...error)}</p>`;
    const content =
      details.prompt.name === "login"
        ? html`${complaint}
<p>${say("{name} asks for access to devices behind this gateway.", { name })}</p>
<form method="post">
<label>${say("Name")} <input name="username" autocomplete="username" required autofocus></label>
<label>${say("Password")} <input name="password" type="password" autocomplete="current-password" required></label>
<label>${say("One-time code or recovery code")} <input name="otp" autocomplete="one-time-code" required></label>
<button name="do" value="login">${say("Log in")}</button><button name="do" value="deny" formnovalidate>${say("Cancel")}</button>
</form>
${await passkeyPart(details.uid, say)}
${makerLogin === undefined ? "" : html`<p><a href="/login/${details.uid}/maker">${say("Log in with {host}", { host: makerLogin.host })}</a></p>`}`
        : html`${complaint}
<p>${say("{person}, {name} wants to:", { person: details.session?.accountId ?? "", name })}</p>
<form method="post">
${wordsOf(details).map(
  (word) =>
    html`<label><input type="checkbox" name="scope" value="${word}" checked> ${wordText(details, word, say)}</label>`,
)}
${redirect === undefined ? "" : html`<p>${say("Then the browser goes to")} <code>${redirect.host}</code>.</p>`}
<button name="do" value="allow">${say("Allow")}</button><button name="do" value="deny">${say("Deny")}</button>
</form>`;
    const title = say(details.prompt.name === "login" ? "Log in" : "Allow access?");
    const hasPasskeys = passkeys !== undefined && details.prompt.name === "login";
    return new Response(await pageText(title, content, say.language), {
      status,
      headers: pageHeaders(targets, hasPasskeys),
    });
  }

  async function passkeyPart(uid: string, say: Speech) {
    if (passkeys === undefined) return "";
    const options = await passkeys.login(uid);
    return passkeyForm({ kind: "use", options, button: say("Use a passkey"), hidden: { do: "passkey" } });
  }

  async function passwordLogin(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    form: URLSearchParams,
    details: Details,
  ) {
    const login = await logIn(parts, form, incoming.socket.remoteAddress ?? "");
    if (login.name === undefined) return show(incoming, details, login.why, login.status);
    return goOn(incoming, outgoing, { login: { accountId: login.name, amr: ["pwd", "otp"] } });
  }

  /** A passkey that proved its holder's presence and identity is both factors. */
  async function passkeyLogin(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    form: URLSearchParams,
    details: Details,
  ) {
    const name = await passkeys?.accountOf(details.uid, form.get("answer") ?? "");
    if (name === undefined)
      return show(incoming, details, ["This passkey is not known here, or the page is too old."], 400);
    journal.add({ who: name, what: "login by passkey", outcome: "done" });
    return goOn(incoming, outgoing, { login: { accountId: name, amr: ["hwk", "user", "mfa"] } });
  }

  async function consent(incoming: IncomingMessage, outgoing: ServerResponse, form: URLSearchParams, details: Details) {
    const asked = wordsOf(details);
    const granted = asked.filter((word) => form.getAll("scope").includes(word));
    if (granted.length === 0) return goOn(incoming, outgoing, { error: "access_denied" });
    const { grantId, session, params } = details;
    const before = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const accountId = session?.accountId ?? "";
    const grant = before ?? new provider.Grant({ accountId, clientId: String(params.client_id) });
    for (const [resource, words] of Object.entries(missingOf(details))) {
      const [given, denied] = [true, false].map((is) => words.filter((word) => granted.includes(word) === is)) as [
        string[],
        string[],
      ];
      if (given.length > 0) grant.addResourceScope(resource, given.join(" "));
      if (denied.length > 0) grant.rejectResourceScope(resource, denied.join(" "));
    }
    journal.add({ who: accountId, what: `allow ${String(params.client_id)}`, outcome: granted.join(" ") });
    return goOn(incoming, outgoing, { consent: { grantId: await grant.save() } });
  }

  if (makerLogin !== undefined) addMakerRoutes(makerLogin);

  function addMakerRoutes(login: MakerLogin): void {
    const away = (to: string | URL) =>
      new Response(null, { status: 303, headers: { location: String(to), "cache-control": "no-store" } });
    app.get("/login/:uid/maker", async (context) => {
      const { incoming, outgoing } = context.env;
      const details = await detailsOf(incoming, outgoing, context.req.param("uid"));
      const to = await login.begin(details.uid).catch(() => undefined);
      return to === undefined
        ? show(incoming, details, ["{host} doesn't answer. Try again.", { host: login.host }], 503)
        : away(to);
    });
    // The cookie of a login is for its own path alone: the answer goes on to there.
    app.get(MAKER_CALLBACK, (context) => {
      const { searchParams } = new URL(context.req.url);
      const uid = login.uidOf(searchParams.get("state") ?? "");
      if (uid === undefined)
        throw new Refusal(400, "invalid_request", "this login is too old, or was used; begin again");
      return away(`/login/${uid}/maker-answer?${searchParams}`);
    });
    app.get("/login/:uid/maker-answer", async (context) => {
      const { incoming, outgoing } = context.env;
      const details = await detailsOf(incoming, outgoing, context.req.param("uid"));
      const who = await login.finish(details.uid, new URL(context.req.url).searchParams);
      const account = who === undefined ? undefined : accounts.find(who.name);
      if (who === undefined || account?.isDisabled !== false) {
        journal.add({ who: who?.name ?? "", what: `login by ${login.host}`, outcome: "refused" });
        return show(incoming, details, ["{host} named nobody who has an account here.", { host: login.host }], 403);
      }
      journal.add({ who: who.name, what: `login by ${login.host}`, outcome: "done" });
      // Without a second factor there it is an old login here: good for everything but what needs a fresh one.
      const ts = who.authenticatedS ?? 1;
      return goOn(incoming, outgoing, { login: { accountId: who.name, amr: [...who.amr], ts } });
    });
  }

  app.get("/login/:uid", async (context) => {
    const { incoming, outgoing } = context.env;
    return show(incoming, await detailsOf(incoming, outgoing, context.req.param("uid")));
  });
  app.post("/login/:uid", async (context) => {
    const { incoming, outgoing } = context.env;
    refuseForeign(incoming, issuer);
    const details = await detailsOf(incoming, outgoing, context.req.param("uid"));
    const form = await formOf(context.req.raw);
    if (form.get("do") === "deny") return goOn(incoming, outgoing, { error: "access_denied" });
    if (details.prompt.name === "login") {
      const by = form.get("do") === "passkey" ? passkeyLogin : passwordLogin;
      return by(incoming, outgoing, form, details);
    }
    if (details.prompt.name === "consent") return consent(incoming, outgoing, form, details);
    throw new Refusal(400, "invalid_request", "there is nothing to decide here");
  });
}
