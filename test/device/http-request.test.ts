import { describe, expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import { encodeHttpResponse, HEAD_BYTES_MAX, readHttpRequest } from "#device/http-request.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readHttpRequest(ascii(text));

describe("requests over HTTP", () => {
  it("are read whole, whatever the pieces they come in", () => {
    const whole = ascii("POST /latchkey HTTP/1.1\r\nHost: x\r\ncontent-LENGTH:  3 \r\n\r\nabcGET");
    for (let byteLength = 0; byteLength < whole.length - 3; byteLength++) {
      expect(readHttpRequest(whole.subarray(0, byteLength))).toEqual({ ok: true, value: undefined });
    }
    expect(readHttpRequest(whole)).toEqual({
      ok: true,
      value: { method: "POST", path: "/latchkey", body: ascii("abc"), keepAlive: true, byteLength: whole.length - 3 },
    });
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
  ])("are refused when two readers could read them in two ways: %j", (text) => {
    expect(read(text)).toEqual({ ok: false, fault: "HTTP_REQUEST" });
  });

  it("are refused before they fill the memory", () => {
    expect(readHttpRequest(new Uint8Array(HEAD_BYTES_MAX + 1))).toEqual({ ok: false, fault: "HTTP_SIZE" });
    expect(read(`POST / HTTP/1.1\r\nContent-Length: 2049\r\n\r\n`)).toEqual({ ok: false, fault: "HTTP_SIZE" });
  });

  it("are answered with a length", () => {
    const answer = encodeHttpResponse(200, ascii("hi"), false);
    const head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    expect(answer).toEqual(concat(ascii(head), ascii("hi")));
  });
});
