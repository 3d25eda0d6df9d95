/**
 * Staff at the operator interface: access tokens of the one issuer that the cloud was told of, for this cloud alone. A token that is not
 * signed so is refused without asking anybody. About any other the issuer is asked (RFC 7662), and its answer counts for a second, so that
 * who leaves is out within that time.
 * @source RFC 9068: the form of tokens; RFC 8707: a token names the interface that it is for; RFC 7662
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { HttpRefusal, type Member } from "./route.ts";

export interface StaffIssuer {
  /** The issuer's address, as its metadata has it. */
  readonly issuer: string;
  /** This cloud's name there: its own address. */
  readonly audience: string;
  /** With which the cloud proves itself to the issuer. */
  readonly secret: string;
}

export interface StaffAccess {
  /** @returns Who it is; throws HttpRefusal when the token is no good here, or may not do this. */
  admit(token: string, request: { readonly method: string; readonly path: string }): Promise<Member>;
}

const CACHED_MS = 1_000;
const CACHED_MAX = 1_000;
const TIMEOUT_MS = 5_000;
/** A second factor is fresh for five minutes. */
const FRESH_S = 300;

const RANK = ["viewer", "support", "release", "admin"];

/** What a request needs: a role, and for what can't be undone in the field, a fresh second factor. */
function needs(method: string, path: string): { readonly role: string; readonly isFresh: boolean } {
  if (method === "GET" || method === "HEAD" || path === "/v1/view-links") return { role: "viewer", isFresh: false };
  if (path === "/v1/releases" || /^\/v1\/(releases\/.*\/withdraw|release-drafts\/.*\/publish)$/.test(path)) {
    return { role: "release", isFresh: true };
  }
  if (/^\/v1\/release-drafts(\/|$)/.test(path)) return { role: "release", isFresh: false };
  if (/^\/v1\/rollouts(\/|$)/.test(path)) return { role: "release", isFresh: false };
  if (/^\/v1\/devices\/[^/]+\/steer$/.test(path)) return { role: "support", isFresh: false };
  return { role: "admin", isFresh: false };
}

/** A program has no second factor: it looks, and uploads drafts, and nothing that it does reaches a unit. */
const mayProgram = (method: string, path: string): boolean =>
  method === "GET" || method === "HEAD" || (method === "POST" && path === "/v1/release-drafts");

/** What an issuer says of a token now (RFC 7662, 2.2), with the claim `role` of its own. */
interface Introspected {
  readonly active?: unknown;
  readonly role?: unknown;
}

/** Claims that every token has (RFC 9068, 2.2). */
const CLAIMS = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
/** What `jose` says of a token that is no good, as opposed to an issuer that doesn't answer. */
const BAD_TOKEN = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

/** @param nowMs A clock that never jumps. */
export function createStaffAccess({ issuer, audience, secret }: StaffIssuer, nowMs: () => number): StaffAccess {
  const cache = new Map<string, { readonly member: Promise<Member | undefined>; readonly untilMs: number }>();
  const basic = `Basic ${Buffer.from(`${encodeURIComponent(audience)}:${encodeURIComponent(secret)}`).toString("base64")}`;

  const keys = createRemoteJWKSet(new URL("/oauth/jwks", issuer), { timeoutDuration: TIMEOUT_MS });
  const unanswered = () =>
    new HttpRefusal(503, `the issuer of staff's tokens at ${issuer} doesn't answer; try again, or see that it runs`);

  /** @returns What the token says, where this issuer signed it for this cloud. */
  async function claimsOf(token: string): Promise<JWTPayload | undefined> {
    const terms = { issuer, audience, typ: "at+jwt", algorithms: ["ES256"], requiredClaims: CLAIMS };
    try {
      return (await jwtVerify(token, keys, terms)).payload;
    } catch (error) {
      if (BAD_TOKEN.some((kind) => error instanceof kind)) return undefined;
      throw unanswered();
    }
  }

  async function ask(token: string): Promise<Member | undefined> {
    const claims = await claimsOf(token);
    if (claims === undefined) return undefined;
    const answer = await fetch(new URL("/v1/gateway/introspect", issuer), {
      method: "POST",
      headers: { authorization: basic },
      body: new URLSearchParams({ token, token_type_hint: "access_token" }),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => undefined);
    if (answer?.ok !== true) throw unanswered();
    const told = (await answer.json()) as Introspected;
    if (told.active !== true || typeof told.role !== "string") return undefined;
    return {
      name: String(claims.sub),
      role: told.role,
      isProgram: claims.grant === undefined,
      authenticatedS: typeof claims.auth_time === "number" ? claims.auth_time : undefined,
    };
  }
  function memberOf(token: string): Promise<Member | undefined> {
    const known = cache.get(token);
    if (known !== undefined && known.untilMs > nowMs()) return known.member;
    const oldest = cache.keys().next();
    if (cache.size >= CACHED_MAX && !oldest.done) cache.delete(oldest.value);
    const member = ask(token);
    cache.set(token, { member, untilMs: nowMs() + CACHED_MS });
    member.catch(() => cache.delete(token));
    return member;
  }

  return {
    async admit(token, { method, path }) {
      const member = await memberOf(token);
      if (member === undefined) throw new HttpRefusal(401, "this token is no good here; log in with: latchkey login");
      if (member.isProgram && !mayProgram(method, path)) {
        throw new HttpRefusal(
          403,
          "a program may look and upload drafts; this is for a person, who logs in with: latchkey login",
        );
      }
      const { role, isFresh } = needs(method, path);
      if (RANK.indexOf(member.role) < RANK.indexOf(role)) {
        throw new HttpRefusal(403, `the role ${member.role} may not do this (it needs ${role})`);
      }
      const ageS = Date.now() / 1_000 - (member.authenticatedS ?? 0);
      if (isFresh && ageS > FRESH_S) {
        throw new HttpRefusal(
          403,
          "this needs a fresh second factor, at most five minutes old; log in again with: latchkey login",
          "fresh_login",
        );
      }
      return member;
    },
  };
}
