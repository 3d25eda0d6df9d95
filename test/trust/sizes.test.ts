/** What crosses the air, the paper and the wire keeps to its size: the rows of `npm run bench -- tokens`, and a handshake. */
import { expect, test } from "vitest";
import type { PATH } from "#wire/sessions/session.ts";
import { bench } from "../bench/tokens.ts";
import { connected, ownerOf } from "../device/gate/callers.ts";
import { createWorld } from "../device/gate/world.ts";

test("tokens, statements and cards are within their goals", async () => {
  const rows = await bench.run({ quick: true, missing: () => undefined });
  expect(rows.length).toBeGreaterThanOrEqual(10);
  for (const { case: name, value, goal } of rows) {
    expect(goal, name).not.toBeNull();
    expect(value, name).toBeLessThanOrEqual(goal as number);
  }
});

test("a handshake's three messages have 37, 102 and 85 bytes, each key named by one byte", async () => {
  const world = createWorld();
  const sizes: number[] = [];
  const note = (path: keyof typeof PATH, body: Uint8Array) => {
    if (path === "edhoc" && body.length > 0) sizes.push(body.length);
    return body;
  };
  world.tamper = { request: note, reply: note };
  // No chain on the wire: the unit holds its owner's grant. Behind the mark, and behind C_R, stands the message.
  const caller = { ...ownerOf(world), chain: new Uint8Array(0) };
  await connected(world, caller);
  const eadBytes = 4;
  expect(sizes).toEqual([1 + 37, 102, 1 + 85 + eadBytes]);
});
