import fc from "fast-check";
import { expect, test } from "vitest";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import {
  BLOCK_BYTES,
  type BlockResponse,
  decodeBlockRequest,
  decodeBlockResponse,
  encodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  leafOf,
  leavesOf,
  rootOf,
  rootOfBytes,
  wantedBlocks,
} from "#wire/releases/blocks.ts";

const { sha256 } = nodePrimitives;

test("requests and responses come back as they went out; random bytes never throw", () => {
  const transfer = sha256(new Uint8Array(1)).slice(0, 16);
  const request = { transfer, first: 7, bitmap: 0x8000_0005 };
  expect(decodeBlockRequest(encodeBlockRequest(request))).toEqual({ ok: true, value: request });
  expect(wantedBlocks(request, 100)).toEqual([7, 9, 38]);
  expect(wantedBlocks(request, 9)).toEqual([7]);
  const leaves = { ...request, first: LEAVES_INDEX, bitmap: 1 };
  expect(decodeBlockRequest(encodeBlockRequest(leaves))).toEqual({ ok: true, value: leaves });
  const responses: BlockResponse[] = [
    { kind: "block", tag: 0xfedcba98, index: 255, bytes: new Uint8Array(BLOCK_BYTES).fill(3) },
    { kind: "leaves", tag: 1, bytes: new Uint8Array(32) },
    { kind: "refused", tag: 2, afterS: 600 },
  ];
  for (const response of responses) {
    expect(decodeBlockResponse(encodeBlockResponse(response))).toEqual({ ok: true, value: response });
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decodeBlockRequest(bytes);
      decodeBlockResponse(bytes);
    }),
    { seed: 6 },
  );
  expect(decodeBlockRequest(encodeBlockRequest({ ...request, bitmap: 0 }))).toEqual({
    ok: false,
    fault: "BLOCK_REQUEST",
  });
});

test("the root stands for every byte and for the order of blocks", () => {
  const bytes = Uint8Array.from({ length: 3 * BLOCK_BYTES + 10 }, (_, i) => (i * 7) >> 3);
  const root = rootOfBytes(sha256, bytes);
  expect(rootOf(sha256, leavesOf(sha256, bytes))).toEqual(root);
  expect(leavesOf(sha256, bytes).slice(16, 32)).toEqual(leafOf(sha256, bytes.slice(BLOCK_BYTES, 2 * BLOCK_BYTES)));
  for (const at of [0, 5000, bytes.length - 1]) {
    const other = bytes.slice();
    other[at] = (other[at] as number) ^ 1;
    expect(rootOfBytes(sha256, other)).not.toEqual(root);
  }
  expect(rootOfBytes(sha256, bytes.slice(0, -1))).not.toEqual(root);
});
