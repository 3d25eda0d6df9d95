import { describe, expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import {
  createRequestReader,
  encodeHttpResponse,
  HEAD_BYTES_MAX,
  PIECES_MAX,
  readBody,
  readHead,
  takePiece,
} from "#device/http-request.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
/** Reads a request that comes in pieces. @returns Its head and its body, undefined while they are incomplete. */
function readPieces(...pieces: readonly Uint8Array[]) {
  const reader = createRequestReader();
  for (const piece of pieces) {
    const taken = takePiece(reader, piece);
    if (!taken.ok) return { head: taken, body: undefined };
  }
  const head = readHead(reader);
  return { head, body: head.ok && head.value !== undefined ? readBody(reader, head.value) : undefined };
}
const read = (text: string) => readPieces(ascii(text)).head;

describe("requests over HTTP", () => {
  it("are read whole, whatever the pieces they come in", () => {
    const whole = ascii("POST /latchkey HTTP/1.1\r\nHost: \t x:80 \r\ncontent-LENGTH:  3 \r\n\r\nabcGET");
    const headBytes = whole.length - 6;
    for (let at = 0; at < whole.length - 3; at++) expect(readPieces(whole.subarray(0, at)).body).toBeUndefined();
    for (let at = 0; at < whole.length; at++) {
      const { head, body } = readPieces(whole.subarray(0, at), whole.subarray(at));
      const fields = { method: "POST", path: "/latchkey", host: "x:80", origin: undefined, keepAlive: true };
      expect(head).toEqual({ ok: true, value: { ...fields, headBytes, bodyBytes: 3 } });
      expect(body).toEqual(ascii("abc"));
    }
  });

  it("may close their connection", () => {
    for (const [text, keepAlive] of [
      ["GET / HTTP/1.1\r\n\r\n", true],
      ["GET / HTTP/1.0\r\n\r\n", false],
      ["GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false],
      ["GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", true],
    ] as const) {
      const result = read(text);
      expect(result.ok && result.value?.keepAlive).toBe(keepAlive);
    }
  });

  it.each([
    ["GET /\r\n\r\n"],
    ["get / HTTP/1.1\r\n\r\n"],
    ["GET / HTTP/2.0\r\n\r\n"],
    ["GET  / HTTP/1.1\r\n\r\n"],
    ["GET /a b HTTP/1.1\r\n\r\n"],
    ["GET http://x/ HTTP/1.1\r\n\r\n"],
    ["GET / HTTP/1.1\r\nno field\r\n\r\n"],
    ["GET / HTTP/1.1\r\nHost : x\r\n\r\n"],
    ["GET / HTTP/1.1\r\n folded\r\n\r\n"],
    ["POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"],
    ["POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na"],
    ["POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na"],
    ["POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\na"],
    ["POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"],
    ["POST / HTTP/1.1\r\nContent-Length: \u00a01\r\n\r\na"],
    ["GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"],
    ["GET / HTTP/1.1\r\nHost: x\r\nOrigin: y\r\nORIGIN: z\r\n\r\n"],
    ["GET / HTTP/1.1\r\nHost: x\nOrigin: y\r\n\r\n"],
  ])("are refused when two readers could read them in two ways: %j", (text) => {
    expect(read(text)).toEqual({ ok: false, fault: "HTTP_REQUEST" });
  });

  it("are refused before they fill the memory", () => {
    const tooLong = { ok: false, fault: "HTTP_SIZE" };
    expect(readPieces(new Uint8Array(HEAD_BYTES_MAX + 1)).head).toEqual(tooLong);
    expect(read(`POST / HTTP/1.1\r\nContent-Length: 2049\r\n\r\n`)).toEqual(tooLong);
    expect(readPieces(new Uint8Array(4097)).head).toEqual(tooLong);
    expect(readPieces(...Array<Uint8Array>(PIECES_MAX + 1).fill(Uint8Array.of(80))).head).toEqual(tooLong);
  });

  it("are answered with a length", () => {
    const answer = encodeHttpResponse(200, ascii("hi"), false);
    const head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    expect(answer).toEqual(concat(ascii(head), ascii("hi")));
    const toPage = new TextDecoder().decode(encodeHttpResponse(200, ascii("hi"), true, "https://app.example"));
    expect(toPage).toContain("\r\nAccess-Control-Allow-Origin: https://app.example\r\nVary: Origin\r\n");
  });
});
