/** Reads an answer of HTTP/1.1 (RFC 9112) out of what a connection gave so far; everything in it is bounded. */
import { concat } from "#base/bytes.ts";

/** Status line and header fields, in bytes. */
const HEAD_BYTES_MAX = 4_096;
/** A body, in bytes, and what a chunked one may have around it. */
export const BODY_BYTES_MAX = 16_384;
const FRAMING_BYTES_MAX = 4_096;
export const ANSWER_BYTES_MAX = HEAD_BYTES_MAX + BODY_BYTES_MAX + FRAMING_BYTES_MAX;

export interface HttpAnswer {
  readonly status: number;
  /** Values by lower-case name; several of one name joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What is wrong with an answer, in words that follow the server's name. */
export class AnswerFault extends Error {
  override name = "AnswerFault";
}

const latin1 = (bytes: Uint8Array) => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** Where a line ends from a place on: the place of its CR; -1 when it has not come. */
function endOfLine(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(13, from); at >= 0; at = bytes.indexOf(13, at + 1)) if (bytes[at + 1] === 10) return at;
  return -1;
}

/** A chunked body; undefined while it is not whole (RFC 9112, section 7.1). */
function unchunked(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (let at = 0, sum = 0; ; ) {
    const end = endOfLine(bytes, at);
    if (end < 0) return undefined;
    const [, digits] =
      /^([0-9a-fA-F]{1,6})[ \t]*(?:;|$)/.exec(latin1(bytes.subarray(at, Math.min(end, at + 80)))) ?? [];
    if (digits === undefined) throw new AnswerFault("sends what is no HTTP");
    const length = Number.parseInt(digits, 16);
    if (length === 0) return concat(...parts);
    sum += length;
    if (sum > BODY_BYTES_MAX) throw tooLong(sum);
    const next = end + 2 + length + 2;
    if (bytes.length < next) return undefined;
    parts.push(bytes.subarray(end + 2, end + 2 + length));
    at = next;
  }
}

const tooLong = (byteLength: number) =>
  new AnswerFault(`answers with ${byteLength} bytes or more (a unit takes ${BODY_BYTES_MAX})`);

function headersOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(":");
    if (at < 1) throw new AnswerFault("sends what is no HTTP");
    const name = line.slice(0, at).toLowerCase();
    const before = headers.get(name);
    const value = line.slice(at + 1).trim();
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/**
 * @param bytes   All that came.
 * @param isHead  Whether it answers a HEAD request, which has no body.
 * @param isEnded Whether the server has closed the connection.
 * @returns The answer; undefined while it is not whole. @throws AnswerFault
 */
export function readAnswer(bytes: Uint8Array, isHead: boolean, isEnded: boolean): HttpAnswer | undefined {
  let [from, end] = [0, -1];
  for (let at = 0; ; ) {
    end = endOfLine(bytes, at);
    if (end < 0 || end > HEAD_BYTES_MAX) {
      if (bytes.length > HEAD_BYTES_MAX) throw new AnswerFault(`sends more than ${HEAD_BYTES_MAX} bytes of headers`);
      if (isEnded) throw new AnswerFault("ended the connection before it had answered");
      return undefined;
    }
    if (end > at) {
      at = end + 2;
      continue;
    }
    // An empty line: the head is whole. What only says that more will come (1xx) is passed over.
    if (!/^HTTP\/1\.[01] 1\d\d/.test(latin1(bytes.subarray(from, from + 12)))) break;
    from = end + 2;
    at = from;
  }
  const [first = "", ...lines] = latin1(bytes.subarray(from, end)).replace(/\r\n$/, "").split("\r\n");
  const [, code] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  if (code === undefined) throw new AnswerFault("sends what is no HTTP");
  const headers = headersOf(lines);
  const status = Number(code);
  const rest = bytes.subarray(end + 2);
  const answer = (body: Uint8Array): HttpAnswer => ({ status, headers, body: body.slice() });
  if (isHead || status === 204 || status === 304) return answer(new Uint8Array(0));
  const whole = bodyOf(rest, headers, isEnded);
  if (whole === undefined && isEnded) throw new AnswerFault("ended the connection in the middle of its answer");
  return whole && answer(whole);
}

function bodyOf(bytes: Uint8Array, headers: ReadonlyMap<string, string>, isEnded: boolean): Uint8Array | undefined {
  const encoding = headers.get("transfer-encoding");
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== "chunked") throw new AnswerFault(`encodes its answer as ${encoding}`);
    return unchunked(bytes);
  }
  const text = headers.get("content-length");
  if (text === undefined) {
    if (bytes.length > BODY_BYTES_MAX) throw tooLong(bytes.length);
    return isEnded ? bytes : undefined;
  }
  if (!/^\d{1,9}$/.test(text)) throw new AnswerFault("sends what is no HTTP");
  const length = Number(text);
  if (length > BODY_BYTES_MAX) throw tooLong(length);
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}
