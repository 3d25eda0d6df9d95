/** Errors of the token endpoint that say what to do: the library's own keep that to themselves. */
import { errors } from "oidc-provider";

type ErrorCode =
  | "InvalidGrant"
  | "InvalidScope"
  | "InvalidRequest"
  | "InvalidClient"
  | "InvalidTarget"
  | "InvalidDpopProof";

/** @returns An error of RFC 6749 section 5.2 with this description. */
export function tokenError(code: ErrorCode, error_description: string): Error {
  const Kind = errors[code] as new (description: string) => Error;
  return Object.assign(new Kind(error_description), { error_description });
}
