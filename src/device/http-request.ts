/** A minimal HTTP/1.1 server (RFC 9112) for a unit: it parses one whole request and writes one short response. */
import { concat } from "#base/bytes.ts";
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { BODY_BYTES_MAX } from "#wire/sessions/session.ts";

/** Request line and header fields together, in bytes. */
export const HEAD_BYTES_MAX = 2048;

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
  /** False when the caller wants the connection closed after the answer. */
  readonly keepAlive: boolean;
  /** Bytes of the request: what follows belongs to the next one. */
  readonly byteLength: number;
}

const REQUEST_LINE = /^([A-Z]{1,16}) (\/[!-~]{0,254}) HTTP\/1\.([01])$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/** Where the empty line ends, or -1. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

/**
 * Reads one request from the start of what a connection sent.
 * @returns The request, or undefined when more bytes are needed. Refusals: HTTP_SIZE (head or body too long), HTTP_REQUEST
 *          (not HTTP/1.x, a field that isn't one, a body announced twice, in chunks or not in digits).
 */
export function readHttpRequest(bytes: Uint8Array): Result<HttpRequest | undefined> {
  const headBytes = endOfHead(bytes);
  if (headBytes < 0) return bytes.length > HEAD_BYTES_MAX ? refuse("HTTP_SIZE") : ok(undefined);
  if (headBytes > HEAD_BYTES_MAX) return refuse("HTTP_SIZE");
  const lines = String.fromCharCode(...bytes.subarray(0, headBytes - 4)).split("\r\n");
  const start = REQUEST_LINE.exec(lines[0] as string);
  if (start === null) return refuse("HTTP_REQUEST");
  let bodyBytes: number | undefined;
  let keepAlive = start[3] === "1";
  for (let i = 1; i < lines.length; i++) {
    const field = FIELD.exec(lines[i] as string);
    if (field === null) return refuse("HTTP_REQUEST");
    const name = (field[1] as string).toLowerCase();
    const value = field[2] as string;
    if (name === "connection") keepAlive = value.toLowerCase() !== "close" && keepAlive;
    // Two opinions on where a body ends are how requests are smuggled (RFC 9112 section 11.2).
    if (name === "transfer-encoding") return refuse("HTTP_REQUEST");
    if (name !== "content-length") continue;
    if (bodyBytes !== undefined || !/^\d{1,9}$/.test(value)) return refuse("HTTP_REQUEST");
    bodyBytes = Number(value);
  }
  bodyBytes ??= 0;
  if (bodyBytes > BODY_BYTES_MAX) return refuse("HTTP_SIZE");
  const byteLength = headBytes + bodyBytes;
  if (bytes.length < byteLength) return ok(undefined);
  return ok({
    method: start[1] as string,
    path: start[2] as string,
    body: bytes.slice(headBytes, byteLength),
    keepAlive,
    byteLength,
  });
}

const REASON: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** The status that goes with a refusal in clear. */
export function httpStatusOf(fault: Fault): number {
  if (fault === "HTTP_PATH") return 404;
  if (fault === "HTTP_METHOD") return 405;
  if (fault === "HTTP_SIZE") return 413;
  if (fault === "SESSION_RATE") return 429;
  return fault === "SESSION_FULL" ? 503 : 400;
}

const ANY_PAGE = "Access-Control-Allow-Origin: *\r\n";

/** Bytes of a text of ASCII alone. */
function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * One answer, whole. Any page may read it: it has no cookies to abuse, and what isn't public is sealed for whoever asked
 * (PROTOCOL 5.3).
 */
export function encodeHttpResponse(status: number, body: Uint8Array, keepAlive: boolean): Uint8Array {
  const type = body.length > 0 ? "Content-Type: application/octet-stream\r\n" : "";
  const end = keepAlive ? "" : "Connection: close\r\n";
  const head = `HTTP/1.1 ${status} ${REASON[status] ?? ""}\r\n${type}${ANY_PAGE}Content-Length: ${body.length}\r\n${end}\r\n`;
  return concat(ascii(head), body);
}
