/**
 * Token requests of the Spark era, made into ones that the authorization server takes: its programs send credentials of
 * clients that are in every copy of them, and so are no secret, beside an old access token that is to be ignored.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { GRANT } from "./grants.ts";

/** Clients of the Spark era by their well-known names. */
export const COMPAT_CLIENTS = ["particle", "particle-api", "CLI2"] as const;
const BODY_BYTES_MAX = 32 * 1024;
const OWN_GRANTS: readonly string[] = [GRANT.password, GRANT.otp];

function basicName(header: string | undefined): string | undefined {
  const [, encoded = ""] = /^basic +(\S+)$/i.exec(header ?? "") ?? [];
  return Buffer.from(encoded, "base64").toString("utf8").split(":")[0] || undefined;
}

/** @returns The request to be answered instead; undefined for a body that is too long. */
export async function compatRequest(incoming: IncomingMessage): Promise<IncomingMessage | undefined> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  const given = Buffer.concat(parts);
  const form = new URLSearchParams(given.toString("utf8"));
  const { authorization, ...headers } = incoming.headers;
  const named = form.get("client_id") ?? basicName(authorization);
  const isOwn = OWN_GRANTS.includes(form.get("grant_type") ?? "");
  const client = named ?? (isOwn || form.get("grant_type") === GRANT.refresh ? COMPAT_CLIENTS[0] : "");
  if (!(COMPAT_CLIENTS as readonly string[]).includes(client)) return replay(incoming, given, incoming.headers);
  form.delete("client_secret");
  form.set("client_id", client);
  return replay(incoming, Buffer.from(form.toString()), headers);
}

/** A request whose body was read, as one whose body comes. */
function replay(incoming: IncomingMessage, body: Buffer, headers: IncomingMessage["headers"]): IncomingMessage {
  const { method, url, socket, httpVersion, httpVersionMajor, httpVersionMinor } = incoming;
  const stream = Readable.from([body], { objectMode: false });
  return Object.assign(stream, {
    ...{ method, url, socket, connection: socket, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders: [] },
    headers: { ...headers, "content-length": String(body.length) },
  }) as unknown as IncomingMessage;
}
