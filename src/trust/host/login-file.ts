/** Where a person is logged in on this machine: tokens by the address that they are for, in a file of mode 600. */
import { existsSync } from "node:fs";
import { readSecretFile, replaceSecretFile } from "./secret-file.ts";

interface Login {
  readonly issuer: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Unix seconds. */
  readonly expiresS: number;
}

/** The file where the command line keeps logins; LATCHKEY_LOGINS names another. */
export const loginFile = (): string => process.env.LATCHKEY_LOGINS ?? "out/logins.json";

/** The address as the key of a login. */
const keyOf = (url: string) => url.replace(/\/$/, "");

function readAll(path: string): Record<string, Login> {
  return existsSync(path) ? (JSON.parse(readSecretFile(path)) as Record<string, Login>) : {};
}

export function readLogin(path: string, url: string): Login | undefined {
  return readAll(path)[keyOf(url)];
}

export function writeLogin(path: string, url: string, login: Login): void {
  replaceSecretFile(path, `${JSON.stringify({ ...readAll(path), [keyOf(url)]: login }, null, 2)}\n`);
}

interface TokenAnswer {
  readonly access_token?: unknown;
  readonly refresh_token?: unknown;
  readonly expires_in?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

/** Posts to an issuer's token endpoint, as the command line's public client. @source RFC 6749, section 3.2 */
export async function askToken(issuer: string, fields: Readonly<Record<string, string>>): Promise<TokenAnswer> {
  const body = new URLSearchParams({ client_id: "latchkey", ...fields });
  const answer = await fetch(new URL("/oauth/token", issuer), { method: "POST", body, redirect: "error" });
  return (await answer.json()) as TokenAnswer;
}

/** What a token endpoint gave, as a login; undefined where it gave none. */
export function loginFrom(issuer: string, told: TokenAnswer): Login | undefined {
  const { access_token, refresh_token, expires_in } = told;
  if (typeof access_token !== "string" || typeof refresh_token !== "string") return undefined;
  const lifetimeS = typeof expires_in === "number" ? expires_in : 0;
  const expiresS = Math.floor(Date.now() / 1_000) + lifetimeS;
  return { issuer, accessToken: access_token, refreshToken: refresh_token, expiresS };
}

const EARLY_S = 30;

/**
 * A good access token for an address, refreshed where it ends soon.
 * @returns undefined where nobody is logged in there, or the login has ended.
 */
export async function accessTokenFor(path: string, url: string): Promise<string | undefined> {
  const login = readLogin(path, url);
  if (login === undefined) return undefined;
  if (login.expiresS - EARLY_S > Date.now() / 1_000) return login.accessToken;
  const fields = { grant_type: "refresh_token", refresh_token: login.refreshToken };
  const renewed = loginFrom(login.issuer, await askToken(login.issuer, fields).catch(() => ({})));
  if (renewed === undefined) return undefined;
  writeLogin(path, url, renewed);
  return renewed.accessToken;
}

/** A program that is registered at an issuer, as a build server. */
export interface Program {
  readonly issuer: string;
  readonly client: string;
  readonly secret: string;
}

/**
 * A token in a program's own name, for the cloud at an address. @source RFC 6749, section 4.4; RFC 8707
 * @returns undefined where the issuer gives it none, or can't be reached.
 */
export async function programToken({ issuer, client, secret }: Program, url: string): Promise<string | undefined> {
  const basic = Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString("base64");
  const body = new URLSearchParams({ grant_type: "client_credentials", scope: "staff", resource: keyOf(url) });
  const request = { method: "POST", headers: { authorization: `Basic ${basic}` }, body, redirect: "error" } as const;
  const answer = await fetch(new URL("/oauth/token", issuer), request).catch(() => undefined);
  const told = (await answer?.json().catch(() => undefined)) as TokenAnswer | undefined;
  return typeof told?.access_token === "string" ? told.access_token : undefined;
}
