/** How the cloud holds itself back: bytes a second for all, devices at once, a queue with an end, and a halt in between. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type BlockServiceOptions, type BlockSource, createBlockService } from "#cloud/releases/block-service.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import {
  BLOCK_BYTES,
  decodeBlockResponse,
  encodeBlockRequest,
  LEAVES_INDEX,
  leavesOf,
  rootOfBytes,
} from "#wire/releases/blocks.ts";

const BLOCKS = 32;
const bytes = Uint8Array.from({ length: BLOCKS * BLOCK_BYTES }, (_, i) => i * 31);
const name = rootOfBytes(nodePrimitives.sha256, bytes).slice(0, 16);
const ALL = { transfer: name, first: 0, bitmap: 0xffffffff };
const device = (number: number) => ({ id: String(number).padStart(24, "0"), fleet: "workshop" });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function serviceWith(change: Partial<BlockServiceOptions> = {}) {
  const transfer: BlockSource = { bytes, leaves: leavesOf(nodePrimitives.sha256, bytes), responses: [] };
  /** What each device got: numbers of blocks, "leaves", or the time to wait before it asks again. */
  const got = new Map<string, (number | string)[]>();
  const service = createBlockService({
    transferFor: () => transfer,
    async send({ id }, payload) {
      const response = decodeBlockResponse(payload);
      if (!response.ok) throw new Error(response.fault);
      const { value } = response;
      const what = value.kind === "block" ? value.index : value.kind === "leaves" ? "leaves" : `away ${value.afterS} s`;
      got.set(id, [...(got.get(id) ?? []), what]);
      return true;
    },
    nowMs: () => Date.now(),
    randomFraction: () => 0.5,
    ...change,
  });
  const want = (number: number, request = ALL) => service.want(device(number), encodeBlockRequest(request));
  const countOf = (number: number) => got.get(device(number).id)?.length ?? 0;
  return { service, got, want, countOf };
}

test("keeps to the rate that it was given, for all devices together", async () => {
  const { service, want, countOf } = serviceWith({ bytesPerS: 10 * (BLOCK_BYTES + 6) });
  for (const number of [1, 2, 3]) want(number);
  await vi.advanceTimersByTimeAsync(0);
  const seen: number[] = [];
  for (let second = 1; second <= 9; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    seen.push(service.counts.blocks);
  }
  // Ten blocks a second, and the one that goes out before anything had to wait.
  for (const [i, blocks] of seen.entries()) expect([i, Math.abs(blocks - 10 * (i + 1)) <= 1]).toEqual([i, true]);
  // Nobody is served at another's cost.
  for (const number of [1, 2, 3]) expect(countOf(number)).toBeGreaterThanOrEqual(29);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(service.counts.blocks).toBe(3 * BLOCKS);
});

test("holds the hash list to the same rate", async () => {
  const { want, got } = serviceWith({ bytesPerS: BLOCKS * 16 });
  want(1, { ...ALL, first: LEAVES_INDEX });
  want(2, { ...ALL, first: LEAVES_INDEX });
  await vi.advanceTimersByTimeAsync(900);
  expect([...got.values()]).toEqual([["leaves"]]);
  await vi.advanceTimersByTimeAsync(200);
  expect([...got.values()]).toEqual([["leaves"], ["leaves"]]);
});

test("serves so many devices at once, the others in the order in which they came, and sends away who finds the queue full", async () => {
  const { service, want, countOf, got } = serviceWith({
    concurrent: 2,
    queueMax: 1,
    bytesPerS: 64 * (BLOCK_BYTES + 6),
  });
  for (const number of [1, 2, 3, 4]) want(number);
  await vi.advanceTimersByTimeAsync(100);
  expect(service.counts).toMatchObject({ serving: 2, waiting: 1, refused: 1 });
  expect([countOf(1) > 0, countOf(2) > 0, countOf(3)]).toEqual([true, true, 0]);
  expect(got.get(device(4).id)).toEqual(["away 37 s"]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([1, 2, 3].map(countOf)).toEqual([BLOCKS, BLOCKS, BLOCKS]);
});

test("sends no block more once the transfer is no longer the device's, and says so", async () => {
  let isLive = true;
  const transfer: BlockSource = { bytes, leaves: leavesOf(nodePrimitives.sha256, bytes), responses: [] };
  const { want, got } = serviceWith({
    transferFor: () => (isLive ? transfer : undefined),
    bytesPerS: 10 * (BLOCK_BYTES + 6),
  });
  want(1);
  await vi.advanceTimersByTimeAsync(1_000);
  isLive = false;
  const before = got.get(device(1).id)?.length ?? 0;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(got.get(device(1).id)?.slice(before)).toEqual(["away 0 s"]);
});

test("a newer request of a device takes the place of what is left of its older one", async () => {
  const { want, got } = serviceWith({ bytesPerS: 10 * (BLOCK_BYTES + 6) });
  want(1);
  await vi.advanceTimersByTimeAsync(500);
  want(1, { ...ALL, first: 30, bitmap: 3 });
  await vi.advanceTimersByTimeAsync(5_000);
  const blocks = got.get(device(1).id) ?? [];
  expect(blocks.slice(-2)).toEqual([30, 31]);
  expect(blocks.length).toBeLessThan(10);
});
