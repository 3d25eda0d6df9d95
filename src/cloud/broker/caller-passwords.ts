/** Passwords of callers that were admitted and have not connected yet: each is good once, within a minute. */
import { createHash, timingSafeEqual } from "node:crypto";

interface CallerPasswords {
  admit(name: string, password: string): void;
  forget(name: string): void;
  /** Whether this is the caller's password; a right one is spent. An absent or empty one never is. */
  spend(name: string, password: string | undefined): boolean;
}

const LIFE_MS = 60_000;

const digest = (text: string) => createHash("sha256").update(text).digest();

export function createCallerPasswords(): CallerPasswords {
  const admitted = new Map<string, string>();
  return {
    admit(name, password) {
      admitted.set(name, password);
      setTimeout(() => {
        if (admitted.get(name) === password) admitted.delete(name);
      }, LIFE_MS).unref();
    },
    forget: (name) => void admitted.delete(name),
    spend(name, password) {
      const expected = admitted.get(name);
      if (expected === undefined || expected === "" || password === undefined || password === "") return false;
      if (!timingSafeEqual(digest(expected), digest(password))) return false;
      return admitted.delete(name);
    },
  };
}
