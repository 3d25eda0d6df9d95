/**
 * Sends one HTTP request to the cloud, in the clear or under TLS. The server is known by its certificate or its
 * authority.
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, type TLSSocket } from "node:tls";

/** How a server under TLS is known; by the system's own authorities and its name when neither is given. */
interface KnownBy {
  /** SHA-256 of its certificate: whatever its name, as long as it is that one. */
  readonly fingerprint?: string | undefined;
  /** PEM of the authority that vouches for its name. */
  readonly ca?: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A connection to the one server that has this certificate. Rejects for any other. */
function connectTo(url: URL, fingerprint: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || 443),
      rejectUnauthorized: false,
    });
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      if (socket.getPeerX509Certificate()?.fingerprint256 === fingerprint) return resolve(socket);
      socket.destroy();
      reject(new Error("another server's certificate"));
    });
  });
}

/** @throws The socket's error, or one for a server that isn't the one. */
export async function requestCloud(
  url: URL,
  { method, headers, body }: { method: string; headers: Record<string, string>; body?: Uint8Array | string },
  { fingerprint, ca }: KnownBy,
): Promise<Answer> {
  const options: RequestOptions & { ca?: string } = { method, headers, ...(ca !== undefined && { ca }) };
  // Each request has a connection of its own: a server may end one that was kept at the very moment that it is used again.
  if (url.protocol === "https:" && fingerprint !== undefined) {
    const socket = await connectTo(url, fingerprint);
    options.createConnection = () => socket;
  } else options.agent = false;
  const isClear = url.protocol === "http:" || options.createConnection !== undefined;
  return new Promise((resolve, reject) => {
    const target = options.createConnection === undefined ? url : new URL(url.href.replace(/^https/, "http"));
    const outgoing = (isClear ? requestHttp : requestHttps)(target, options, (incoming: IncomingMessage) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("error", reject);
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
