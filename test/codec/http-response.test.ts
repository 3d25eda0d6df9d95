import { expect, test } from "vitest";
import { encodeHttpPost, readHttpResponse } from "#codec/http-response.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const REFUSED = { ok: false, fault: "HTTP_RESPONSE" };

test("a question is one whole request", () => {
  const text = String.fromCharCode(...encodeHttpPost("h", "/nonce", Uint8Array.of(65, 66)));
  expect(text).toMatch(/^POST \/nonce HTTP\/1\.1\r\nHost: h\r\n(.+\r\n)*Content-Length: 2\r\n(.+\r\n)*\r\nAB$/);
});

test("an answer is read as soon as it is whole, byte by byte", () => {
  const whole = bytes("HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\nX: y\r\n\r\nabc");
  for (let at = 0; at < whole.length; at++) {
    expect(readHttpResponse(whole.subarray(0, at), false)).toEqual({ ok: true, value: undefined });
    expect(readHttpResponse(whole.subarray(0, at), true)).toEqual(REFUSED);
  }
  expect(readHttpResponse(whole, false)).toEqual({
    ok: true,
    value: { status: 200, retryAfterS: 0, body: bytes("abc") },
  });
  expect(readHttpResponse(bytes("HTTP/1.0 200 OK\r\n\r\nabc"), true)).toMatchObject({ value: { body: bytes("abc") } });
  expect(readHttpResponse(bytes("HTTP/1.1 204 No Content\r\n\r\n"), false)).toMatchObject({ value: { status: 204 } });
});

test("a refusal counts by its head alone", () => {
  const chunked = "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nRetry-After: 120\r\n\r\n5\r\n<html";
  expect(readHttpResponse(bytes(chunked), false)).toMatchObject({ value: { status: 503, retryAfterS: 120 } });
  const long = `HTTP/1.1 404 No\r\n\r\n${"x".repeat(5000)}`;
  expect(readHttpResponse(bytes(long), false)).toMatchObject({ value: { status: 404, retryAfterS: 0 } });
});

test("what is no short answer is refused", () => {
  for (const text of [
    "SSH-2.0-x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
    `HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${"x".repeat(3000)}`,
    `HTTP/1.1 200 OK\r\nX: ${"y".repeat(3000)}`,
  ]) {
    expect(readHttpResponse(bytes(text), false), text.slice(0, 40)).toEqual(REFUSED);
  }
});
