/** Who sends a request: the token that it shows, checked again each time, and what that token may do. */
import type { IncomingMessage } from "node:http";
import type Provider from "oidc-provider";
import type { Fault } from "#base/faults.ts";
import type { Accounts } from "#gateway/accounts/accounts.ts";
import type { Artifacts } from "#gateway/oauth/artifacts.ts";
import { type Act, judge, type TokenLink } from "#gateway/oauth/capability.ts";
import { CLIENT_ROLE, STAFF_SCOPE } from "#gateway/oauth/client-metadata.ts";
import { checkProof } from "#gateway/oauth/dpop.ts";
import { isRole, mayRole, type Rights, ROLES, type Role } from "#gateway/oauth/rights.ts";
import { linksOf } from "#gateway/oauth/token-links.ts";
import type { Uses } from "#gateway/oauth/uses.ts";
import { type Arrival, arrivalOf } from "./arrival.ts";
import { Refusal } from "./refusal.ts";

export interface Principal {
  /** The account's name, or the client's where it acts in its own name. */
  readonly name: string;
  readonly isAccount: boolean;
  readonly role: Role;
  readonly clientId: string;
  readonly scope: string;
  /** What the token may do: all of these must allow it. */
  readonly links: readonly TokenLink[];
  readonly expiresS: number;
  /** Whether the token is one of staff, which the console has. */
  readonly isStaff: boolean;
  /** Unix seconds of the login with password and second factor; undefined for a program. */
  readonly authenticatedS: number | undefined;
  /** By which the tokens of one login end together; undefined for a program. */
  readonly grantId: string | undefined;
  /** Where the request comes from. */
  readonly arrival: Arrival;
  /** The token itself, for the routes about it. */
  readonly token: string;
}

export interface PrincipalParts {
  readonly issuer: string;
  readonly provider: Provider;
  readonly artifacts: Artifacts;
  readonly accounts: Accounts;
  readonly uses: Uses;
  /** Whether a token may stand in the query or the form, as programs of the Spark era do (RFC 9700, 4.3.2, forbids it). */
  readonly isCompat: boolean;
  /** Whether clients connect to the gateway itself, and no proxy stands in front. */
  readonly isDirect: boolean;
}

const challenge = (scheme: string, more = "") => ({ "www-authenticate": `${scheme} realm="latchkey"${more}` });
const invalid = (message: string) =>
  new Refusal(401, "invalid_token", message, challenge("Bearer", ', error="invalid_token"'));

/** What a token stands for now; undefined for one that is unknown, expired, revoked, or whose account is gone. */
export async function principalOf(
  { artifacts, accounts, issuer }: PrincipalParts,
  value: string,
  arrival: Arrival,
): Promise<(Principal & { readonly jkt: string | undefined }) | undefined> {
  const token = await artifacts.tokenOf(value);
  if (token === undefined || token.expiresS <= Date.now() / 1_000) return undefined;
  // A token of this issuer for somebody else's interface is none for this one.
  if (!token.audience.includes(issuer)) return undefined;
  const links = await linksOf(artifacts, token);
  if (links === undefined) return undefined;
  const { clientId, scope, expiresS, jkt, grantId, authenticatedS } = token;
  const shared = {
    ...{ clientId, scope, expiresS, jkt, arrival, links, token: value },
    ...{ grantId, authenticatedS, isStaff: scope.split(" ").includes(STAFF_SCOPE) },
  };
  if (token.kind === "ClientCredentials") {
    const client = await artifacts.clientOf(shared.clientId);
    const role = String(client?.[CLIENT_ROLE] ?? "");
    return client !== undefined && isRole(role)
      ? { ...shared, name: shared.clientId, isAccount: false, role }
      : undefined;
  }
  const account = accounts.find(token.account ?? "");
  if (account === undefined || account.isDisabled) return undefined;
  return { ...shared, name: account.name, isAccount: true, role: account.role };
}

/** @throws Refusal 401 */
export async function authenticate(
  parts: PrincipalParts,
  incoming: IncomingMessage,
  url: URL,
  bodyToken: unknown,
): Promise<Principal> {
  const header = incoming.headers.authorization;
  const [, scheme = "", value] = /^(bearer|dpop) +(\S+)$/i.exec(header ?? "") ?? [];
  const elsewhere = parts.isCompat ? (url.searchParams.get("access_token") ?? bodyToken) : undefined;
  const token = value ?? (typeof elsewhere === "string" && header === undefined ? elsewhere : undefined);
  if (token === undefined) {
    throw new Refusal(401, "invalid_request", "the access token was not found", challenge("Bearer"));
  }
  const principal = await principalOf(parts, token, arrivalOf(incoming.socket.remoteAddress, parts.isDirect));
  if (principal === undefined) throw invalid("the access token is unknown, expired or revoked");
  const isProof = scheme.toLowerCase() === "dpop";
  if (isProof !== (principal.jkt !== undefined)) {
    throw principal.jkt === undefined
      ? invalid("this token is bound to no key; send it as Bearer")
      : new Refusal(
          401,
          "invalid_token",
          "this token is bound to a key; send it as DPoP with a proof",
          challenge("DPoP"),
        );
  }
  if (principal.jkt !== undefined) {
    const proof = await checkProof(parts.provider, {
      proof: incoming.headers.dpop,
      method: incoming.method ?? "",
      url: new URL(url.pathname, parts.issuer).href,
      accessToken: token,
      clientId: principal.clientId,
    });
    if (!proof.ok || proof.thumbprint !== principal.jkt) {
      const why = proof.ok ? "the proof is another key's" : proof.why;
      throw new Refusal(401, "invalid_dpop_proof", why, challenge("DPoP", ', error="invalid_dpop_proof"'));
    }
  }
  return principal;
}

const DENIED: Readonly<Record<Rights, string>> = {
  see: "see this unit",
  read: "read this",
  subscribe: "subscribe to this",
  call: "call this",
  manage: "change this unit",
  flash: "install releases",
};

/** Why a token's limits refuse, in words. */
const LIMITED: Partial<Record<Fault, string>> = {
  CAVEAT_ARGUMENT: "with this argument",
  CAVEAT_NOT_BEFORE: "yet",
  CAVEAT_NOT_AFTER: "any more",
  CAVEAT_TIME_OF_DAY: "at this hour",
  CAVEAT_MOON: "in this phase of the moon",
  CAVEAT_USES: "any more: its uses are used up",
  CAVEAT_RATE: "so often; try again later",
  CAVEAT_LAN: "from another network than the gateway's own",
};
const RETRY_S = "10";

/** Whether somebody may do something, as far as that can be said before it is counted. */
export const may = (who: Principal, act: Act): boolean =>
  mayRole(who.role, act.right) && judge(who.links, { ...act, arrival: who.arrival }).ok;

/** Whether somebody may still do something, asked when a unit gets to it. */
export const stillMay = (parts: PrincipalParts, who: Principal, act: Act) => async (): Promise<boolean> => {
  const now = await principalOf(parts, who.token, who.arrival);
  return now !== undefined && may(now, act);
};

function refuse(whose: string, { right }: Act, fault?: Fault): never {
  const limit = fault === undefined ? undefined : LIMITED[fault];
  const text = `${whose} does not allow to ${DENIED[right]}${limit === undefined ? "" : ` ${limit}`}`;
  if (fault === "CAVEAT_RATE") throw new Refusal(429, fault, text, { "retry-after": RETRY_S });
  throw new Refusal(403, "insufficient_scope", text);
}

/** Checks before anything is done, or asked of a unit; a use is counted by `use`. @throws Refusal 403 */
export function authorize(who: Principal, act: Act): void {
  if (!mayRole(who.role, act.right)) refuse(`the role ${who.role}`, act);
  const judged = judge(who.links, { ...act, arrival: who.arrival });
  if (!judged.ok) refuse("this token", act, judged.fault);
}

/** Checks once more with all that is known, and counts the use: what is left is done by the unit. @throws Refusal 403, 429 */
export async function use({ uses }: Pick<PrincipalParts, "uses">, who: Principal, act: Act): Promise<void> {
  if (!mayRole(who.role, act.right)) refuse(`the role ${who.role}`, act);
  const judged = judge(who.links, { ...act, arrival: who.arrival }, { usageOf: uses.of });
  if (!judged.ok) refuse("this token", act, judged.fault);
  await uses.take(judged.counted);
}

/** Who of the staff may do something. */
export interface StaffNeed {
  readonly role: Role;
  /** Whether it needs a second factor of the last five minutes. */
  readonly isFresh?: boolean;
}

/** A second factor is fresh for five minutes. */
const FRESH_S = 300;

/** @throws Refusal 403 */
export function authorizeStaff(who: Principal, { role, isFresh = false }: StaffNeed): void {
  if (!who.isStaff || !who.isAccount) {
    throw new Refusal(
      403,
      "insufficient_scope",
      "this token is not for the people who run the gateway; use its console",
    );
  }
  if (ROLES.indexOf(who.role) < ROLES.indexOf(role)) {
    throw new Refusal(403, "insufficient_scope", `this needs the role ${role}; ${who.name} is ${who.role}`);
  }
  if (isFresh && Date.now() / 1_000 - (who.authenticatedS ?? 0) > FRESH_S) {
    throw new Refusal(403, "fresh_login", "this needs a second factor of the last five minutes; log in again");
  }
}
