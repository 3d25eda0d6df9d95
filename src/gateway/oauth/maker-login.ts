/**
 * Login through the maker's own OpenID Connect provider: it says who somebody is, and the account here says what they may do.
 * @source OpenID Connect Core 1.0, sections 3.1 and 2; the checks are openid-client's
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";

export interface MakerLoginOptions {
  /** The provider's address, whose metadata is asked for. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

interface MakerIdentity {
  /** The verified e-mail address, which is the account's name here. */
  readonly name: string;
  readonly amr: readonly string[];
  /** Unix seconds of the login there; undefined where it does not say that it took two factors. */
  readonly authenticatedS: number | undefined;
}

export interface MakerLogin {
  /** The provider's host, for people. */
  readonly host: string;
  /** Where the browser goes. @param uid The login page that it comes back to. Rejects where the provider does not answer. */
  begin(uid: string): Promise<URL>;
  /** The login page that an answer with this state belongs to. */
  uidOf(state: string): string | undefined;
  /** @returns Who it is; undefined for an answer that is wrong, old, used, or of somebody without a verified address. */
  finish(uid: string, query: URLSearchParams): Promise<MakerIdentity | undefined>;
}

export const MAKER_CALLBACK = "/maker-callback";
const PENDING_MS = 600_000;
const PENDING_MAX = 1_000;
/** How old a login at the provider may be; the same as a second factor here counts as fresh. */
const MAX_AGE_S = 300;
/** Methods that are a second factor or contain one. @source RFC 8176, section 2 */
const SECOND_FACTORS = ["mfa", "otp", "hwk", "swk", "sc", "fpt", "face"];

interface Pending {
  readonly uid: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly untilMs: number;
}

/** @param own This gateway's address. */
export function createMakerLogin(options: MakerLoginOptions, own: string, nowMs: () => number): MakerLogin {
  const pending = new Map<string, Pending>();
  const redirect_uri = new URL(MAKER_CALLBACK, own).href;
  let configured: Promise<Configuration> | undefined;
  const configuration = () => {
    const { issuer, clientId, clientSecret } = options;
    const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(issuer).hostname);
    const insecure = isLocal ? { execute: [allowInsecureRequests] } : {};
    configured ??= discovery(new URL(issuer), clientId, clientSecret, undefined, insecure);
    // Asked again next time.
    configured.catch(() => {
      configured = undefined;
    });
    return configured;
  };
  const find = (state: string) => {
    const found = pending.get(state);
    return found !== undefined && found.untilMs > nowMs() ? found : undefined;
  };

  return {
    host: new URL(options.issuer).host,
    async begin(uid) {
      const config = await configuration();
      const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
      const oldest = pending.keys().next();
      if (pending.size >= PENDING_MAX && !oldest.done) pending.delete(oldest.value);
      pending.set(state, { uid, verifier, nonce, untilMs: nowMs() + PENDING_MS });
      return buildAuthorizationUrl(config, {
        ...{ redirect_uri, state, nonce, scope: "openid email", max_age: String(MAX_AGE_S) },
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
    },
    uidOf: (state) => find(state)?.uid,
    async finish(uid, query) {
      const state = query.get("state") ?? "";
      const found = find(state);
      if (found?.uid !== uid) return undefined;
      pending.delete(state);
      const url = new URL(redirect_uri);
      url.search = query.toString();
      const checks = {
        ...{ expectedState: state, expectedNonce: found.nonce, pkceCodeVerifier: found.verifier },
        ...{ maxAge: MAX_AGE_S, idTokenExpected: true },
      };
      const tokens = await authorizationCodeGrant(await configuration(), url, checks).catch(() => undefined);
      const claims = tokens?.claims();
      if (claims === undefined || typeof claims.email !== "string" || claims.email_verified !== true) return undefined;
      const amr = Array.isArray(claims.amr) ? claims.amr.map(String) : [];
      const isTwo = amr.some((method) => SECOND_FACTORS.includes(method));
      return { name: claims.email.toLowerCase(), amr, authenticatedS: isTwo ? claims.auth_time : undefined };
    },
  };
}
