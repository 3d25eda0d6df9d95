/** Packets of Improv: found between lines of log, in pieces of any size; what is not whole is told, and nothing piles up. */
import { expect, test } from "vitest";
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { encodeImprov, IMPROV, improvNetwork, improvResult, takeImprov } from "#wire/lines/improv-line.ts";

/** What the protocol's page gives as its example: a request for the state. */
const STATE_REQUEST = Uint8Array.from([0x49, 0x4d, 0x50, 0x52, 0x4f, 0x56, 1, 3, 2, 2, 0, 0xe5, 0x0a]);

test("a request for the state has the bytes that clients send", () => {
  expect(encodeImprov(IMPROV.command, Uint8Array.of(2, 0))).toEqual(STATE_REQUEST);
});

test("packets are found between lines of log, whatever pieces they come in", () => {
  const data = improvResult(1, ["a", "line\nfeed", "IMPROV"]);
  const stream = concat(utf8("log\nIMPIMPROV"), encodeImprov(4, data), utf8("more log\n"), STATE_REQUEST);
  for (const size of [1, 2, 7, 11, stream.length]) {
    const found: unknown[] = [];
    let rest = new Uint8Array(0);
    for (let at = 0; at < stream.length; at += size) {
      const taken = takeImprov(concat(rest, stream.subarray(at, at + size)));
      found.push(...taken.packets);
      rest = new Uint8Array(taken.rest);
      expect(rest.length).toBeLessThan(9 + 255 + 1);
    }
    expect(found.filter((packet) => packet !== undefined)).toEqual([
      { type: 4, data },
      { type: 3, data: Uint8Array.of(2, 0) },
    ]);
  }
});

test("a packet with any one bit changed in its data or sum is not taken", () => {
  for (let bit = 8 * 9; bit < 8 * 12; bit++) {
    const changed = STATE_REQUEST.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(takeImprov(changed).packets).toEqual([undefined]);
  }
});

test("a network is read only when its lengths fit", () => {
  const whole = concat(Uint8Array.of(4), utf8("Home"), Uint8Array.of(3), utf8("key"));
  expect(improvNetwork(whole)).toEqual({ ssid: utf8("Home"), passphrase: utf8("key") });
  for (let bytes = 0; bytes < whole.length; bytes++) expect(improvNetwork(whole.slice(0, bytes))).toBeUndefined();
  expect(improvNetwork(concat(whole, Uint8Array.of(0)))).toBeUndefined();
  expect(improvNetwork(concat(Uint8Array.of(33), new Uint8Array(33), Uint8Array.of(0)))).toBeUndefined();
  expect(improvNetwork(concat(Uint8Array.of(4), utf8("Home"), Uint8Array.of(0)))).toEqual({
    ssid: utf8("Home"),
    passphrase: new Uint8Array(0),
  });
});
