/**
 * Tokens for other interfaces than the gateway's own, as a maker's cloud. They are signed (RFC 9068) and kept nowhere, so the interface that
 * receives a token asks here whether its account, role and login are still good. The library's own introspection knows stored tokens alone.
 * @source RFC 7662
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import type Provider from "oidc-provider";
import type { JWK } from "oidc-provider";
import type { Accounts } from "#gateway/accounts/accounts.ts";
import { CLIENT_RESOURCE, CLIENT_ROLE } from "./client-metadata.ts";

interface StaffTokenParts {
  readonly issuer: string;
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly jwks: { readonly keys: readonly JWK[] };
}

type Introspected =
  | { readonly active: false }
  | { readonly active: true; readonly role: string; readonly sub: string; readonly client_id: string };

export interface StaffTokens {
  /** Whether these are the credentials of an interface that is registered here. */
  isResource(id: string, secret: string): Promise<boolean>;
  /** @param audience The interface that asks: it is told of tokens for itself alone. */
  introspect(token: string, audience: string): Promise<Introspected>;
}

const INACTIVE = { active: false } as const;

export function createStaffTokens({ issuer, provider, accounts, jwks }: StaffTokenParts): StaffTokens {
  const publicKeys = jwks.keys.map(({ d: _, ...key }) => key);
  const keys = createLocalJWKSet({ keys: publicKeys } as JSONWebKeySet);
  return {
    async isResource(id, secret) {
      const client = await provider.Client.find(id);
      return client?.[CLIENT_RESOURCE] === true && (await client.compareClientSecret(secret));
    },
    async introspect(token, audience) {
      const terms = { issuer, audience, typ: "at+jwt", algorithms: ["ES256"] };
      const read = await jwtVerify(token, keys, terms).catch(() => undefined);
      if (read === undefined) return INACTIVE;
      const { sub = "", client_id, grant } = read.payload;
      const told = { active: true, sub, client_id: String(client_id) } as const;
      if (grant === undefined) {
        const client = await provider.Client.find(sub);
        const role = client?.[CLIENT_ROLE];
        return sub === client_id && typeof role === "string" ? { ...told, role } : INACTIVE;
      }
      const account = accounts.find(sub);
      const login = await provider.Grant.find(String(grant));
      const isGood = account?.isDisabled === false && login?.accountId === sub && !login.isExpired;
      return isGood ? { ...told, role: account.role } : INACTIVE;
    },
  };
}
