/** A minimal HTTP/1.1 client (RFC 9112) for a unit: it writes one request and parses one short response. */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";

interface HttpResponse {
  readonly status: number;
  /** Seconds of Retry-After, 0 when there is none or a date. */
  readonly retryAfterS: number;
  readonly body: Uint8Array;
}

/** Of head and body together. */
export const RESPONSE_BYTES_MAX = 2048;

/** Asks for a part of something, first and last byte included; the server closes afterwards (RFC 9110 section 14.2). */
export function encodeHttpGet(host: string, path: string, range?: readonly [number, number]): Uint8Array {
  const head = [`GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close"];
  if (range !== undefined) head.push(`Range: bytes=${range[0]}-${range[1]}`);
  return utf8(`${head.join("\r\n")}\r\n\r\n`);
}

/** A POST whose connection the server closes afterwards. */
export function encodeHttpPost(host: string, path: string, body: Uint8Array): Uint8Array {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Content-Type: application/octet-stream",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  return concat(utf8(`${head.join("\r\n")}\r\n\r\n`), body);
}

/** Where the empty line begins, or -1. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

/**
 * Reads a response from what came so far.
 * @param isClosed Whether the server has closed: ends a body without Content-Length.
 * @param bytesMax Of head and body together; the head alone is at most 2,048 bytes.
 * @returns The response, undefined while it is incomplete, or HTTP_RESPONSE: too long, chunked, or not HTTP.
 */
export function readHttpResponse(
  bytes: Uint8Array,
  isClosed: boolean,
  bytesMax = RESPONSE_BYTES_MAX,
): Result<HttpResponse | undefined> {
  // Asked again with each piece: what has no whole head yet is not made a text of.
  const headEnd = endOfHead(bytes.subarray(0, RESPONSE_BYTES_MAX));
  if (bytes.length > RESPONSE_BYTES_MAX && headEnd < 0) return refuse("HTTP_RESPONSE");
  if (headEnd < 0) return isClosed ? refuse("HTTP_RESPONSE") : ok(undefined);
  const [statusLine = "", ...lines] = String.fromCharCode(...bytes.subarray(0, headEnd)).split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) return refuse("HTTP_RESPONSE");
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const retryAfterS = Number(/^\d{1,6}$/.exec(fields.get("retry-after") ?? "")?.[0] ?? 0);
  // A refusal's page is for people, whatever its length and encoding: the unit reads no further.
  if (Number(status) >= 300) return ok({ status: Number(status), retryAfterS, body: new Uint8Array(0) });
  if (fields.has("transfer-encoding")) return refuse("HTTP_RESPONSE");
  if (bytes.length > bytesMax) return refuse("HTTP_RESPONSE");
  const body = bytes.subarray(headEnd + 4);
  const announced = status === "204" ? 0 : Number(fields.get("content-length") ?? Number.NaN);
  if (body.length > announced) return refuse("HTTP_RESPONSE");
  const isWhole = Number.isNaN(announced) ? isClosed : body.length === announced;
  if (!isWhole) return isClosed ? refuse("HTTP_RESPONSE") : ok(undefined);
  return ok({ status: Number(status), retryAfterS, body });
}
