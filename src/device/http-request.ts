/**
 * A minimal HTTP/1.1 server (RFC 9112) for a unit: it parses one whole request and writes one short response. Anyone can
 * send bytes here, so each is looked at a bounded number of times, and what is kept is bounded.
 */
import { concat } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { BODY_BYTES_MAX } from "#wire/sessions/session.ts";

/** Request line and header fields together, in bytes. */
export const HEAD_BYTES_MAX = 2048;
/** A request in more pieces than this is not one that a phone sends. */
export const PIECES_MAX = 64;

/** What a request's head says. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  /** The page that a browser sends the request for; undefined where no browser does. */
  readonly origin: string | undefined;
  /** False when the caller wants the connection closed after the answer. */
  readonly keepAlive: boolean;
  readonly headBytes: number;
  readonly bodyBytes: number;
}

/** One request on its way in. */
export interface RequestReader {
  received: Uint8Array;
  pieces: number;
  /** No end of a head begins before this place. */
  searched: number;
  head: RequestHead | undefined;
}

export function createRequestReader(): RequestReader {
  return { received: new Uint8Array(0), pieces: 0, searched: 0, head: undefined };
}

/** Adds what came. HTTP_SIZE: more bytes, or in more pieces, than a request has. */
export function takePiece(reader: RequestReader, bytes: Uint8Array): Result<void> {
  reader.pieces++;
  if (reader.pieces > PIECES_MAX || reader.received.length + bytes.length > HEAD_BYTES_MAX + BODY_BYTES_MAX) {
    return refuse("HTTP_SIZE");
  }
  reader.received = reader.received.length === 0 ? bytes : concat(reader.received, bytes);
  return ok(undefined);
}

/** Where the empty line ends, or -1. */
function endOfHead(reader: RequestReader): number {
  const { received: bytes } = reader;
  let at = bytes.indexOf(13, reader.searched);
  for (; at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  reader.searched = Math.max(0, bytes.length - 3);
  return -1;
}

/**
 * Reads the head once it is whole; asked again it answers the same.
 * @returns The head, or undefined when more bytes are needed. Refusals: HTTP_SIZE (head or body too long), HTTP_REQUEST
 *          (not HTTP/1.x, a field that isn't one, one of those that count said twice, a body in chunks or not in digits).
 */
export function readHead(reader: RequestReader): Result<RequestHead | undefined> {
  if (reader.head !== undefined) return ok(reader.head);
  const headBytes = endOfHead(reader);
  if (headBytes < 0) return reader.received.length > HEAD_BYTES_MAX ? refuse("HTTP_SIZE") : ok(undefined);
  if (headBytes > HEAD_BYTES_MAX) return refuse("HTTP_SIZE");
  const [line = "", ...fields] = String.fromCharCode(...reader.received.subarray(0, headBytes - 4)).split("\r\n");
  const [method = "", path = "", version, ...more] = line.split(" ");
  const isHttp = version === "HTTP/1.1" || version === "HTTP/1.0";
  if (!isHttp || more.length > 0 || !METHOD.test(method) || !PATH.test(path) || path.length > 255) {
    return refuse("HTTP_REQUEST");
  }
  const named = readFields(fields);
  if (named === undefined || named.has("transfer-encoding")) return refuse("HTTP_REQUEST");
  const length = named.get("content-length") ?? "0";
  if (!DIGITS.test(length)) return refuse("HTTP_REQUEST");
  const bodyBytes = Number(length);
  if (bodyBytes > BODY_BYTES_MAX) return refuse("HTTP_SIZE");
  const keepAlive = version === "HTTP/1.1" && named.get("connection")?.toLowerCase() !== "close";
  const [host, origin] = [named.get("host"), named.get("origin")];
  reader.head = { method, path, host, origin, keepAlive, headBytes, bodyBytes };
  return ok(reader.head);
}

const METHOD = /^[A-Z]{1,16}$/;
const PATH = /^\/[!-~]*$/;
const DIGITS = /^[0-9]{1,9}$/;
const BREAK = /[\r\n\0]/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Two opinions on where a body ends are how requests are smuggled (RFC 9112 section 11.2); on who asks, how pages get in. */
const ONCE: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "host", "origin"]);

/** Values by names in lower case; undefined when a line is no field, or one that counts comes twice. */
function readFields(lines: readonly string[]): ReadonlyMap<string, string> | undefined {
  const named = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!FIELD_NAME.test(name) || BREAK.test(line) || (ONCE.has(name) && named.has(name))) return undefined;
    named.set(name, withoutSpaces(line, colon + 1));
  }
  return named;
}

/** A text from some place on, without the spaces and tabs at its ends (RFC 9110 section 5.6.3). */
function withoutSpaces(text: string, from: number): string {
  let [start, end] = [from, text.length];
  while (text[start] === " " || text[start] === "\t") start++;
  while (end > start && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  return text.slice(start, end);
}

/** The body once it is whole; undefined while bytes are missing. */
export function readBody({ received }: RequestReader, { headBytes, bodyBytes }: RequestHead): Uint8Array | undefined {
  const end = headBytes + bodyBytes;
  return received.length < end ? undefined : received.slice(headBytes, end);
}

const REASON: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  421: "Misdirected Request",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** The status that goes with a refusal in clear. */
export function httpStatusOf(fault: Fault): number {
  if (fault === "HTTP_ORIGIN") return 403;
  if (fault === "HTTP_PATH") return 404;
  if (fault === "HTTP_METHOD") return 405;
  if (fault === "HTTP_SIZE") return 413;
  if (fault === "HTTP_HOST") return 421;
  if (fault === "SESSION_RATE") return 429;
  return fault === "SESSION_FULL" ? 503 : 400;
}

/** Bytes of a text of ASCII alone. */
function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** One answer, whole. @param origin Of the page that may read it; none may when it is absent (PROTOCOL 5.3). */
export function encodeHttpResponse(status: number, body: Uint8Array, keepAlive: boolean, origin?: string): Uint8Array {
  const type = body.length > 0 ? "Content-Type: application/octet-stream\r\n" : "";
  const readers = origin === undefined ? "" : `Access-Control-Allow-Origin: ${origin}\r\nVary: Origin\r\n`;
  const end = keepAlive ? "" : "Connection: close\r\n";
  const head = `HTTP/1.1 ${status} ${REASON[status] ?? ""}\r\n${type}${readers}Content-Length: ${body.length}\r\n${end}\r\n`;
  return concat(ascii(head), body);
}
