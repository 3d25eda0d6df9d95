/** Logins whose password was right and whose second factor is missing, for five minutes and three wrong codes. */
import { randomBytes } from "node:crypto";
import { hashOf } from "./artifacts.ts";
import type { Capability } from "./scope-word.ts";

interface PendingLogin {
  readonly name: string;
  readonly clientId: string;
  readonly capability: Capability;
  readonly lifetimeS: number;
}

const LIFE_MS = 300_000;
const WRONG_MAX = 3;
const REMEMBERED_MAX = 1_000;

export function createPendingLogins() {
  const logins = new Map<string, PendingLogin & { readonly untilMs: number; wrong: number }>();
  return {
    /** @returns The token by which the login goes on. */
    add(login: PendingLogin): string {
      const token = randomBytes(24).toString("base64url");
      const oldest = logins.keys().next();
      if (logins.size >= REMEMBERED_MAX && !oldest.done) logins.delete(oldest.value);
      logins.set(hashOf(token), { ...login, untilMs: performance.now() + LIFE_MS, wrong: 0 });
      return token;
    },
    find(token: string): PendingLogin | undefined {
      const login = logins.get(hashOf(token));
      return login !== undefined && login.untilMs > performance.now() ? login : undefined;
    },
    failed(token: string): void {
      const login = logins.get(hashOf(token));
      if (login !== undefined && ++login.wrong >= WRONG_MAX) logins.delete(hashOf(token));
    },
    remove: (token: string): boolean => logins.delete(hashOf(token)),
  };
}
