/** A login with name, password and one-time code on a page, limited and journalled; the same for each page that has one. */
import type { Said } from "#gateway/http/page-texts.ts";
import type { Journal } from "#gateway/journal.ts";
import type { Accounts } from "./accounts.ts";
import type { Attempts } from "./attempts.ts";
import { PasswordsBusy } from "./password.ts";

export interface LoginParts {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  readonly journal: Journal;
}

type LoginResult =
  | { readonly name: string }
  | { readonly name: undefined; readonly why: Said; readonly status: 400 | 429 | 503 };

/** @param peer The address of the other end of the connection. */
export async function logIn(
  { accounts, attempts, journal }: LoginParts,
  form: URLSearchParams,
  peer: string,
): Promise<LoginResult> {
  const [name = "", password = "", code = ""] = ["username", "password", "otp"].map((field) => form.get(field) ?? "");
  const waitMs = attempts.waitMs(name, peer);
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1_000);
    const why = ["Too many wrong logins from here. Wait {seconds} s and try again.", { seconds }] as const;
    return { name: undefined, why, status: 429 };
  }
  let isRight = false;
  try {
    isRight = (await accounts.isPassword(name, password)) && (await accounts.takeCode(name, code));
  } catch (error) {
    if (!(error instanceof PasswordsBusy)) throw error;
    return { name: undefined, why: ["Too many people log in now. Try again."], status: 503 };
  }
  journal.add({ who: name, what: "login", outcome: isRight ? "done" : "refused" });
  if (!isRight) {
    attempts.failed(name, peer);
    return { name: undefined, why: ["The name, the password or the code is wrong."], status: 400 };
  }
  attempts.succeeded(name, peer);
  return { name };
}
