/**
 * Exchanges an access token for a narrower one: fewer devices, a lower level, some functions, a shorter life; never more. Whatever
 * its words say, it stays under the token that it came from: both must allow an act, and both count it.
 * @source RFC 8693
 */
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { Artifacts } from "./artifacts.ts";
import { checkProof } from "./dpop.ts";
import { GRANT, lifetimeAsked } from "./grants.ts";
import { covers } from "./narrower.ts";
import { tokenError } from "./refuse.ts";
import { readCapability, readScope, SCOPE_WORDS_MAX, scopeTrouble } from "./scope-word.ts";
import { EXCHANGES_MAX, linksOf } from "./token-links.ts";

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

export function registerTokenExchange(provider: Provider, issuer: string, artifacts: Artifacts): void {
  async function exchange(ctx: KoaContextWithOIDC): Promise<void> {
    const params = ctx.oidc.params as Readonly<Record<string, string | undefined>>;
    const { client } = ctx.oidc;
    if (client === undefined) throw tokenError("InvalidClient", "no client");
    if (params.subject_token_type !== ACCESS_TOKEN)
      throw tokenError("InvalidRequest", "subject_token_type is no access token");
    if ((params.requested_token_type ?? ACCESS_TOKEN) !== ACCESS_TOKEN) {
      throw tokenError("InvalidRequest", "only access tokens are issued");
    }
    if (params.actor_token !== undefined) throw tokenError("InvalidRequest", "nobody acts for somebody else here");
    for (const target of [params.resource, params.audience].flat()) {
      if (target !== undefined && target !== issuer)
        throw tokenError("InvalidTarget", "tokens are for this gateway alone");
    }
    const value = params.subject_token ?? "";
    const subject = await provider.AccessToken.find(value);
    // Whoever found somebody else's token can't trade it in.
    if (subject === undefined || !subject.isValid || subject.clientId !== client.clientId) {
      throw tokenError("InvalidGrant", "subject_token is unknown, expired, revoked or another client's");
    }
    if (![subject.aud].flat().includes(issuer)) throw tokenError("InvalidTarget", "tokens are for this gateway alone");
    const grant = await provider.Grant.find(subject.grantId ?? "");
    if (grant === undefined)
      throw tokenError("InvalidGrant", "subject_token is unknown, expired, revoked or another client's");

    const stored = await artifacts.tokenOf(value);
    const links = stored && (await linksOf(artifacts, stored));
    if (links === undefined)
      throw tokenError("InvalidGrant", "subject_token is unknown, expired, revoked or another client's");
    if (links.length > EXCHANGES_MAX) {
      throw tokenError("InvalidGrant", `subject_token was exchanged ${EXCHANGES_MAX} times already`);
    }

    const held = readScope(subject.scope);
    const scope = params.scope ?? subject.scope ?? "";
    const words = scope.split(" ");
    if (words.length > SCOPE_WORDS_MAX) throw tokenError("InvalidScope", `more than ${SCOPE_WORDS_MAX} words`);
    for (const word of words) {
      const wanted = readCapability(word);
      if (wanted === undefined) throw tokenError("InvalidScope", scopeTrouble(word));
      if (!covers(held, wanted)) {
        throw tokenError("InvalidScope", `the token does not allow so much: ${word}`);
      }
    }
    const lifetimeS = lifetimeAsked(params.expires_in) ?? 3_600;
    if (lifetimeS === "wrong") throw tokenError("InvalidRequest", "expires_in must be a number of seconds");
    const leftS = (subject.exp ?? 0) - Math.floor(Date.now() / 1_000);

    const jkt = (subject as { jkt?: string }).jkt;
    let thumbprint = jkt;
    if (jkt !== undefined || ctx.get("DPoP") !== "") {
      const request = {
        proof: ctx.get("DPoP"),
        method: "POST",
        url: `${issuer}/oauth/token`,
        clientId: client.clientId,
      };
      const proof = await checkProof(provider, request);
      if (!proof.ok) throw tokenError("InvalidDpopProof", proof.why);
      if (jkt !== undefined && proof.thumbprint !== jkt)
        throw tokenError("InvalidGrant", "subject_token is bound to another key");
      thumbprint = proof.thumbprint;
    }
    // extraTokenClaims writes down what it came from.
    const token = new provider.AccessToken({
      ...{ accountId: subject.accountId, client, grantId: subject.grantId, gty: GRANT.exchange, scope },
      expiresIn: Math.max(1, Math.min(leftS, lifetimeS)),
    } as never);
    token.resourceServer = new provider.ResourceServer(issuer, {
      scope,
      audience: issuer,
      accessTokenFormat: "opaque",
    });
    if (thumbprint !== undefined) (token as unknown as { jkt: string }).jkt = thumbprint;
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: thumbprint === undefined ? "Bearer" : "DPoP",
      expires_in: token.expiration,
      scope,
    };
  }
  const names = ["subject_token", "subject_token_type", "requested_token_type", "actor_token", "actor_token_type"];
  provider.registerGrantType(GRANT.exchange, exchange as never, [
    ...names,
    "resource",
    "audience",
    "scope",
    "expires_in",
  ]);
}
