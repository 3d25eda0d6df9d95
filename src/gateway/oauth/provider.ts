/** The authorization server: oidc-provider (ADR 0140), configured for the one resource that it protects. */
import "./node-20.ts";
import { createHash, timingSafeEqual } from "node:crypto";
import { html } from "hono/html";
import { exportJWK, generateKeyPair } from "jose";
import Provider, { type ClientMetadata, type Configuration, type JWK, type KoaContextWithOIDC } from "oidc-provider";
import type { Accounts } from "#gateway/accounts/accounts.ts";
import { pageHeaders, pageText } from "#gateway/http/page.ts";
import { speechFor } from "#gateway/http/page-texts.ts";
import type { GatewayStore } from "#gateway/store/schema.ts";
import { type Artifacts, EXTRA_UNDER, hashOf } from "./artifacts.ts";
import { CLIENT_RESOURCE, CLIENT_ROLE, CLIENT_SCOPE, STAFF_SCOPE } from "./client-metadata.ts";
import { consoleOf, mayCallFrom, refreshSecondsOf, withConsoles } from "./console-clients.ts";
import { DEVICE_FLOW } from "./device-pages.ts";
import { GRANT, NEVER_S } from "./grants.ts";
import { covers } from "./narrower.ts";
import { tokenError } from "./refuse.ts";
import { isRole } from "./rights.ts";
import { type Capability, readCapability, readScope, SCOPE_WORDS_MAX, scopeTrouble } from "./scope-word.ts";
import { linksOf } from "./token-links.ts";

interface ProviderParts {
  /** The gateway's own address, as its clients write it: issuer and audience of its tokens. */
  readonly issuer: string;
  readonly secrets: OwnSecrets;
  readonly artifacts: Artifacts;
  readonly accounts: Accounts;
  /** Clients that come with the gateway. */
  readonly clients: readonly ClientMetadata[];
}

const HOUR_S = 3_600;
const DAY_S = 86_400;

interface OwnSecrets {
  /** With which it signs. */
  readonly jwks: { readonly keys: JWK[] };
  readonly cookieKey: string;
}

/** Secrets of the authorization server itself, made at the first start. */
export async function ownSecrets(store: GatewayStore): Promise<OwnSecrets> {
  const NAME = "oauth-secrets";
  const row = await store.db.selectFrom("records").select("bytes").where("name", "=", NAME).executeTakeFirst();
  if (row !== undefined) return JSON.parse(Buffer.from(row.bytes).toString("utf8"));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { randomBytes } = await import("node:crypto");
  const made = {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "1" } as JWK] },
    cookieKey: randomBytes(32).toString("base64url"),
  };
  await store.write(async (tx) => {
    await tx
      .insertInto("records")
      .values({ name: NAME, bytes: Buffer.from(JSON.stringify(made)) })
      .execute();
  });
  return made;
}

/** What was asked for now, or granted before to the code or refresh token that is shown. */
function scopeAsked(ctx: KoaContextWithOIDC): string {
  const { params, entities } = ctx.oidc;
  const before = entities.RefreshToken ?? entities.AuthorizationCode ?? entities.DeviceCode;
  return String(before?.scope ?? params?.scope ?? "");
}

/** A client in its own name gets what it is registered for and no more. */
function mayClient(ctx: KoaContextWithOIDC, capability: Capability): boolean {
  if (ctx.oidc.params?.grant_type !== "client_credentials") return true;
  const { client } = ctx.oidc;
  return covers(readScope(String(client?.[CLIENT_SCOPE] ?? "")), capability);
}

export async function createProvider(parts: ProviderParts): Promise<Provider> {
  const { issuer, secrets, artifacts, accounts, clients } = parts;
  const { jwks, cookieKey } = secrets;
  const cookie = { httpOnly: true, signed: true, sameSite: "lax", overwrite: true } as const;
  const configuration: Configuration = {
    adapter: withConsoles(artifacts.adapterFor, issuer, (client) => client[CLIENT_RESOURCE] === true),
    clients: [...clients],
    jwks,
    scopes: [],
    claims: {},
    responseTypes: ["code"],
    // Nobody is told who logged in by an ID token; the library checks its algorithm all the same.
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post"],
    extraClientMetadata: {
      properties: [CLIENT_ROLE, CLIENT_SCOPE, CLIENT_RESOURCE],
      validator(_ctx, key, value) {
        if (key === CLIENT_ROLE && value !== undefined && !isRole(String(value)))
          throw new TypeError(`${key} is no role`);
      },
    },
    cookies: {
      keys: [cookieKey],
      names: { session: "latchkey-session", interaction: "latchkey-interaction", resume: "latchkey-resume" },
      long: cookie,
      short: cookie,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: DEVICE_FLOW,
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      // A resource server of this issuer may look at tokens for itself; any client at its own.
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => {
          const audiences = "aud" in token ? [token.aud].flat() : [];
          return token.clientId === client.clientId || audiences.includes(client.clientId);
        },
      },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => issuer,
        useGrantedResource: async () => true,
        async getResourceServerInfo(ctx, resource) {
          const { errors } = await import("oidc-provider");
          if (resource !== issuer) {
            const registered = await ctx.oidc.provider.Client.find(resource);
            if (registered?.[CLIENT_RESOURCE] !== true) throw new errors.InvalidTarget();
            const isProgram = ctx.oidc.params?.grant_type === "client_credentials";
            const ownScope = String(ctx.oidc.client?.[CLIENT_SCOPE] ?? "").split(" ");
            if (isProgram && !ownScope.includes(STAFF_SCOPE)) throw new errors.InvalidTarget();
            const jwt = { sign: { alg: "ES256" as const } };
            return { scope: STAFF_SCOPE, audience: resource, accessTokenFormat: "jwt", jwt };
          }
          const words = scopeAsked(ctx).split(" ");
          if (words.length > SCOPE_WORDS_MAX) throw tokenError("InvalidScope", `more than ${SCOPE_WORDS_MAX} words`);
          // Staff's own console alone may ask for what runs the gateway: no program gets that by a consent that was not read.
          const mayStaff = ctx.oidc.client?.clientId === consoleOf(issuer);
          const isStaff = (word: string) => word === STAFF_SCOPE && mayStaff;
          const wrong = words.find((word) => word !== "" && !isStaff(word) && readCapability(word) === undefined);
          if (wrong !== undefined) throw tokenError("InvalidScope", scopeTrouble(wrong));
          const granted = words.filter((word) => {
            const capability = readCapability(word);
            return isStaff(word) || (capability !== undefined && mayClient(ctx, capability));
          });
          return { scope: granted.join(" "), audience: resource, accessTokenFormat: "opaque" };
        },
      },
    },
    // Codes without a proof key are refused, and "plain" proves nothing (RFC 9700, 2.1.1).
    pkce: { required: () => true },
    rotateRefreshToken: true,
    // When the bearer logged in: what can't be undone in the field needs a fresh second factor. By `grant` a token ends with its login.
    // An exchanged token has neither, and stays under the one that was shown for it.
    async extraTokenClaims(ctx) {
      const { grant_type, subject_token } = ctx.oidc.params ?? {};
      if (grant_type === GRANT.exchange) return { [EXTRA_UNDER]: hashOf(String(subject_token)) };
      const { AuthorizationCode, DeviceCode, RefreshToken } = ctx.oidc.entities;
      const login = AuthorizationCode ?? DeviceCode ?? RefreshToken;
      if (login?.authTime === undefined) return undefined;
      return { auth_time: login.authTime, grant: login.grantId };
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    findAccount: async (_ctx, name) => {
      const account = accounts.find(name);
      if (account === undefined || account.isDisabled) return undefined;
      return { accountId: name, claims: async () => ({ sub: name }) };
    },
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    routes: {
      authorization: "/oauth/authorize",
      token: "/oauth/token",
      revocation: "/oauth/revoke",
      introspection: "/oauth/introspect",
      device_authorization: "/oauth/device_authorization",
      code_verification: "/oauth/device",
      jwks: "/oauth/jwks",
    },
    ttl: {
      AccessToken: HOUR_S,
      ClientCredentials: HOUR_S,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Interaction: HOUR_S,
      Session: 8 * HOUR_S,
      RefreshToken: (_ctx, _token, client) => refreshSecondsOf(client.clientId, 30 * 366 * DAY_S),
      Grant: NEVER_S,
      IdToken: HOUR_S,
    },
    renderError: async (ctx, out) => {
      ctx.set(pageHeaders());
      const text = html`<p class="error" role="alert">${out.error_description ?? out.error}</p>`;
      const say = speechFor(ctx.req);
      ctx.body = await pageText(say("This request can't be answered"), text, say.language);
    },
    // A token outlives the browser in which it was granted; it ends by revocation or with its account.
    expiresWithSession: async () => false,
    // Pages of a cloud's console alone ask for tokens from elsewhere.
    clientBasedCORS: (_ctx, origin, client) => mayCallFrom(origin, client.clientId),
  };
  const provider = new Provider(issuer, configuration);
  // Whoever is asked about a token says what its account may do now; an account that is gone has no tokens.
  provider.use(async (ctx, next) => {
    await next();
    const body = ctx.body as { active?: boolean; sub?: string; client_id?: string; [EXTRA_UNDER]?: string } | undefined;
    if (ctx.path !== "/oauth/introspect" || body?.active !== true) return;
    const { [EXTRA_UNDER]: under, ...told } = body;
    const token = under === undefined ? undefined : await artifacts.tokenOf(String(ctx.oidc.params?.token));
    const isOrphan = token !== undefined && (await linksOf(artifacts, token)) === undefined;
    const account = told.sub === undefined ? undefined : accounts.find(told.sub);
    const client = told.sub === undefined ? await provider.Client.find(told.client_id ?? "") : undefined;
    const role = account === undefined ? client?.[CLIENT_ROLE] : account.role;
    const isOver = isOrphan || (told.sub !== undefined && account?.isDisabled !== false);
    ctx.body = isOver ? { active: false } : { ...told, role };
  });
  // Secrets of clients are stored as hashes (RFC 9700, 2.5: they have 256 random bits, so a plain hash does).
  provider.Client.prototype.compareClientSecret = async function compare(
    this: { clientSecret?: string },
    actual: string,
  ) {
    const expected = Buffer.from(String(this.clientSecret), "utf8");
    const given = Buffer.from(`sha256:${createHash("sha256").update(actual).digest("hex")}`, "utf8");
    return expected.length === given.length && timingSafeEqual(expected, given);
  } as never;
  return provider;
}
