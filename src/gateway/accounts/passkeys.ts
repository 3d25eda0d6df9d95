/**
 * Passkeys: keys of a person's own devices that prove presence and identity at once, so that one stands for password and second factor.
 * @source W3C, Web Authentication Level 3, sections 7.1 and 7.2; the checks are @simplewebauthn/server's
 */
import { createHash, randomBytes } from "node:crypto";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { Accounts } from "./accounts.ts";
import type { Passkey } from "./passkey.ts";

export interface Passkeys {
  /** What a page gives the browser so that it makes a passkey, as JSON. @param ticket Under which the answer comes back. */
  registration(name: string, ticket: string): Promise<object>;
  /** @returns The new passkey; undefined for an answer that proves nothing. */
  register(name: string, ticket: string, answer: string, label: string): Promise<Passkey | undefined>;
  /** What a page gives the browser so that it shows a passkey. @param ticket Under which the answer comes back. */
  login(ticket: string): Promise<object>;
  /** @returns The account whose passkey this is; undefined for an answer that proves nothing. */
  accountOf(ticket: string, answer: string): Promise<string | undefined>;
}

/** Loaded when the first passkey is used: it and what it needs are 12 MB in memory. */
const library = () => import("@simplewebauthn/server");

const CHALLENGE_MS = 300_000;
const CHALLENGES_MAX = 1_000;
const RP_NAME = "Latchkey";

/**
 * @param issuer The gateway's own address: a passkey is for its host name alone.
 * @returns undefined where browsers have no passkeys: at an IP address, or without TLS elsewhere than on localhost.
 */
export function createPasskeys(issuer: string, accounts: Accounts, nowMs: () => number): Passkeys | undefined {
  const { hostname, protocol, origin } = new URL(issuer);
  const isName = !/^\[|^[\d.]+$/.test(hostname);
  if (!isName || (protocol !== "https:" && hostname !== "localhost")) return undefined;
  const challenges = new Map<string, { readonly challenge: string; readonly untilMs: number }>();

  const remember = (ticket: string, challenge: string) => {
    const oldest = challenges.keys().next();
    if (challenges.size >= CHALLENGES_MAX && !oldest.done) challenges.delete(oldest.value);
    challenges.delete(ticket);
    challenges.set(ticket, { challenge, untilMs: nowMs() + CHALLENGE_MS });
  };
  /** Each challenge is good for one answer. */
  const take = (ticket: string): string | undefined => {
    const found = challenges.get(ticket);
    challenges.delete(ticket);
    return found !== undefined && found.untilMs > nowMs() ? found.challenge : undefined;
  };
  const parsed = <T>(answer: string): T | undefined => {
    try {
      return JSON.parse(answer) as T;
    } catch {
      return undefined;
    }
  };
  const expected = { expectedOrigin: origin, expectedRPID: hostname, requireUserVerification: true };

  return {
    async registration(name, ticket) {
      const options = await (await library()).generateRegistrationOptions({
        ...{ rpName: RP_NAME, rpID: hostname, userName: name, attestationType: "none" },
        // The same for one account, and it tells nothing of the name to whoever reads the device.
        userID: Uint8Array.from(createHash("sha256").update(`${issuer} ${name}`).digest()),
        challenge: Uint8Array.from(randomBytes(32)),
        excludeCredentials: accounts.passkeysOf(name).map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      });
      remember(ticket, options.challenge);
      return options;
    },
    async register(name, ticket, answer, label) {
      const expectedChallenge = take(ticket);
      const response = parsed<RegistrationResponseJSON>(answer);
      if (expectedChallenge === undefined || response === undefined) return undefined;
      const verified = await (await library())
        .verifyRegistrationResponse({ ...expected, expectedChallenge, response })
        .catch(() => undefined);
      if (verified?.verified !== true) return undefined;
      const { id, publicKey, counter } = verified.registrationInfo.credential;
      const made = {
        id,
        publicKey: Buffer.from(publicKey).toString("base64url"),
        counter,
        label,
        createdMs: Date.now(),
      };
      return (await accounts.addPasskey(name, made)) ? made : undefined;
    },
    async login(ticket) {
      const options = await (await library()).generateAuthenticationOptions({
        ...{ rpID: hostname, userVerification: "required" },
        challenge: Uint8Array.from(randomBytes(32)),
      });
      remember(ticket, options.challenge);
      return options;
    },
    async accountOf(ticket, answer) {
      const expectedChallenge = take(ticket);
      const response = parsed<AuthenticationResponseJSON>(answer);
      const found = typeof response?.id === "string" ? accounts.findPasskey(response.id) : undefined;
      if (expectedChallenge === undefined || response === undefined || found === undefined) return undefined;
      const { id, publicKey, counter } = found.passkey;
      const credential = { id, publicKey: Uint8Array.from(Buffer.from(publicKey, "base64url")), counter };
      const verified = await (await library())
        .verifyAuthenticationResponse({
          ...expected,
          expectedChallenge,
          response,
          credential,
        })
        .catch(() => undefined);
      if (verified?.verified !== true) return undefined;
      await accounts.countPasskey(found.name, id, verified.authenticationInfo.newCounter);
      return found.name;
    },
  };
}
