/** Checks the Bearer token in the Authorization header of an HTTP request. */
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text: string) => createHash("sha256").update(text).digest();

/**
 * Whether an Authorization header carries this key as a Bearer token (RFC 6750). The comparison takes the same time
 * wherever the two differ. No other scheme is accepted: a browser adds Basic credentials by itself.
 */
export function bearsKey(header: string | undefined, key: string): boolean {
  const token = /^bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  return key !== "" && timingSafeEqual(digest(token), digest(key));
}
