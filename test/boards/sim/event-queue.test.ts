import { expect, test } from "vitest";
import { createEventQueue, piecesOf } from "#boards/sim/host/event-queue.ts";

const data = (connection: number) => ({ kind: "tcp-data", connection, bytes: new Uint8Array(0) }) as const;

test("what a server sends waits in order while the unit has work, two seconds at most; everything else is told at once", () => {
  let [hasWork, nowMs] = [false, 10_000];
  const queue = createEventQueue(
    () => hasWork,
    () => nowMs,
  );
  for (const connection of [1, 2]) queue.put(data(connection), true);
  expect(queue.take()).toEqual(data(1));
  hasWork = true;
  queue.put(data(3), true);
  queue.put(data(4));
  queue.put({ kind: "timer" });
  expect([queue.take(), queue.take(), queue.take()]).toEqual([data(4), { kind: "timer" }, undefined]);
  nowMs += 2_000;
  expect([queue.take(), queue.take()]).toEqual([data(2), undefined]);
  hasWork = false;
  expect([queue.take(), queue.take()]).toEqual([data(3), undefined]);
});

test("what is cleared is gone, but for what is kept", () => {
  const queue = createEventQueue(() => false);
  queue.put(data(1), true);
  queue.put({ kind: "button", heldMs: 3 });
  queue.clear(({ kind }) => kind === "button");
  expect([queue.take(), queue.take()]).toEqual([{ kind: "button", heldMs: 3 }, undefined]);
});

test("bytes come in pieces of a segment, each with a buffer of its own", () => {
  const bytes = new Uint8Array(3_000).map((_, i) => i);
  const pieces = [...piecesOf(bytes)];
  expect(pieces.map(({ length }) => length)).toEqual([1_460, 1_460, 80]);
  expect(pieces.every(({ buffer, length }) => buffer.byteLength === length)).toBe(true);
  expect(new Uint8Array(Buffer.concat(pieces))).toEqual(bytes);
});
