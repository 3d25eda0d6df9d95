/** Webhooks reach public addresses alone: not by digits in any spelling, not by a name, not by a name that changes its mind, not by a redirect. */
import type { lookup } from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { postHook } from "#gateway/http/post-hook.ts";

const got: string[] = [];
const receiver = createServer((incoming, outgoing) => {
  got.push(incoming.url ?? "");
  outgoing.writeHead(incoming.url === "/away" ? 302 : 204, { location: "/redirected" }).end();
});
let port = 0;
beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  ({ port } = receiver.address() as AddressInfo);
});
afterAll(() => void receiver.close());

const post = (url: string, more: Partial<Parameters<typeof postHook>[0]> = {}) =>
  postHook({ url, headers: {}, body: "{}", mayBePrivate: false, timeoutMs: 60_000, ...more });
/** A name that leads to these addresses, one answer after the other. */
const leadingTo = (...answers: string[]) => {
  let asked = 0;
  const resolve = (_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
    callback(null, [{ address: answers[Math.min(asked++, answers.length - 1)], family: 4 }]);
  return { resolve: resolve as unknown as typeof lookup, asked: () => asked };
};

it.each([
  "127.0.0.1",
  "2130706433",
  "0x7f.1",
  "0.0.0.0",
  "10.1.2.3",
  "172.31.255.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[64:ff9b::a00:1]",
  "[2002:7f00:1::]",
  "[fd00::1]",
  "[fe80::1]",
])("refuses %s", async (host) => {
  await expect(post(`http://${host}:${port}/`)).rejects.toThrow("private address");
  expect(got).toEqual([]);
});

it("refuses a name that leads to this machine, and one whose next answer would", async () => {
  await expect(post(`http://localhost:${port}/`)).rejects.toThrow("private address");
  await expect(post(`http://hook.example:${port}/`, leadingTo("10.0.0.1"))).rejects.toThrow("private address");
  // Checked once and connected to what was checked: the second answer is never asked for.
  const rebinding = leadingTo("198.41.0.4", "127.0.0.1");
  await expect(post(`http://hook.example:${port}/`, { ...rebinding, timeoutMs: 300 })).rejects.toThrow();
  expect([rebinding.asked(), got]).toEqual([1, []]);
});

it("reaches this machine where the gateway's owner allows it, and follows no redirect", async () => {
  expect(await post(`http://127.0.0.1:${port}/hook`, { mayBePrivate: true })).toBe(204);
  expect(await post(`http://localhost:${port}/away`, { mayBePrivate: true })).toBe(302);
  expect(got).toEqual(["/hook", "/away"]);
});
