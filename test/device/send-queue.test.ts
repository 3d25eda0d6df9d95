/** What waits to be sent on a connection whose peer takes nothing, in the memory that a unit has for it. */
import { expect, it } from "vitest";
import type { Tcp } from "#device/port.ts";
import { createSendQueue, onDrained, writeTo } from "#device/send-queue.ts";

/** A connection that takes nothing until it is told to. */
function slowTcp() {
  const taken: number[] = [];
  const self = { isTaking: false, isClosed: false, taken };
  const tcp: Tcp = {
    listen: () => undefined,
    connect: () => -1,
    write(_connection, bytes) {
      if (self.isTaking) taken.push(...bytes);
      return self.isTaking;
    },
    close() {
      self.isClosed = true;
    },
  };
  return { self, queue: createSendQueue(tcp) };
}

it("thousands of short answers take no more than their bytes, and leave in order", () => {
  const { self, queue } = slowTcp();
  for (let i = 0; i < 4_000; i++) expect(writeTo(queue, 1, Uint8Array.of(0x40, 2, i >> 8, i & 255))).toBe(true);
  expect(queue.waiting.get(1)?.pieces.length).toBeLessThanOrEqual(6);
  self.isTaking = true;
  onDrained(queue, 1);
  expect(self.taken.length).toBe(16_000);
  expect(self.taken.filter((_, at) => at % 4 === 3)).toEqual(Array.from({ length: 4_000 }, (_, i) => i & 255));
  expect(queue.waiting.size).toBe(0);
});

it("more than a peer may leave untaken ends its connection", () => {
  const { self, queue } = slowTcp();
  let written = 0;
  while (!self.isClosed && written < 10_000) {
    writeTo(queue, 1, Uint8Array.of(0x40, 2, 0, 1));
    written++;
  }
  expect(4 * written).toBeGreaterThan(16_384);
  expect(4 * written).toBeLessThan(16_400);
});
