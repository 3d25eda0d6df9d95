/** Forms of the gateway's own pages. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

const BODY_BYTES_MAX = 32_768;

/** A form that another site's page sent, or that was framed there, changes nothing. @throws Refusal 403 */
export function refuseForeign({ headers }: IncomingMessage, issuer: string): void {
  const site = headers["sec-fetch-site"];
  const isForeign = site !== undefined ? site !== "same-origin" : headers.origin !== new URL(issuer).origin;
  if (isForeign) throw new Refusal(403, "access_denied", "this form came from another site");
}

/** @throws Refusal 413 */
export async function formOf(request: Request): Promise<URLSearchParams> {
  const text = await request.text();
  if (text.length > BODY_BYTES_MAX) throw new Refusal(413, "invalid_request", "this form is too long");
  return new URLSearchParams(text);
}
