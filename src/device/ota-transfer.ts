/**
 * Fetches one transfer: the hash list first, then blocks in windows, each checked against the list before anyone sees
 * it. Whoever serves them need not be trusted.
 * @source PROTOCOL 8.4
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import {
  BLOCK_BYTES,
  type BlockResponse,
  blockCount,
  encodeBlockRequest,
  LEAF_BYTES,
  LEAVES_INDEX,
  leafOf,
  rootOf,
  TRANSFER_NAME_BYTES,
  tagOf,
} from "#wire/blocks.ts";
import type { Transfer } from "#wire/release.ts";

/** Blocks that one request asks for; held at most until they are written. */
const WINDOW = 8;

export interface TransferFetch {
  readonly blocks: number;
  /** The request for what is missing next, from this block on; undefined while the last one is being answered. */
  want(next: number): Uint8Array | undefined;
  /** Forgets what was asked for, so that the next want asks again: after a time-out or a break. */
  askAgain(): void;
  /** Takes an answer. Refuses with BLOCK_HASH, LEAVES_HASH; an answer to something else is ignored. */
  take(response: BlockResponse): Result<undefined>;
  /** Hands out a block that has come, once. */
  give(index: number): Uint8Array | undefined;
}

export function createTransferFetch(sha256: (message: Uint8Array) => Uint8Array, transfer: Transfer): TransferFetch {
  const blocks = blockCount(transfer.streamBytes);
  const tag = tagOf(transfer.root);
  const held = new Map<number, Uint8Array>();
  /** Blocks asked for and not here yet; LEAVES_INDEX for the hash list. */
  let asked = new Set<number>();
  let leaves: Uint8Array | undefined;

  const isRoot = (list: Uint8Array) => equal(rootOf(sha256, list).subarray(0, TRANSFER_NAME_BYTES), transfer.root);
  const blockBytes = (index: number) => Math.min(BLOCK_BYTES, transfer.streamBytes - index * BLOCK_BYTES);

  function takeBlock(index: number, bytes: Uint8Array): Result<undefined> {
    if (!asked.has(index)) return ok(undefined);
    const leaf = leafOf(sha256, bytes);
    // One block is its own list.
    const isGood =
      leaves === undefined
        ? blocks === 1 && isRoot(leaf)
        : equal(leaf, leaves.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES));
    if (!isGood || bytes.length !== blockBytes(index)) return refuse("BLOCK_HASH");
    asked.delete(index);
    held.set(index, bytes.slice());
    return ok(undefined);
  }

  return {
    blocks,
    want(next) {
      if (asked.size > 0) return undefined;
      if (leaves === undefined && blocks > 1) {
        asked.add(LEAVES_INDEX);
        return encodeBlockRequest({ transfer: transfer.root, first: LEAVES_INDEX, bitmap: 1 });
      }
      let bitmap = 0;
      for (let index = next; index < Math.min(next + WINDOW, blocks); index++) {
        if (held.has(index)) continue;
        asked.add(index);
        bitmap |= 1 << (index - next);
      }
      return bitmap === 0 ? undefined : encodeBlockRequest({ transfer: transfer.root, first: next, bitmap });
    },
    askAgain() {
      asked = new Set();
    },
    take(response) {
      if (response.tag !== tag || response.kind === "refused") return ok(undefined);
      if (response.kind === "block") return takeBlock(response.index, response.bytes);
      if (!asked.has(LEAVES_INDEX)) return ok(undefined);
      if (response.bytes.length !== blocks * LEAF_BYTES || !isRoot(response.bytes)) return refuse("LEAVES_HASH");
      leaves = response.bytes.slice();
      asked.delete(LEAVES_INDEX);
      return ok(undefined);
    },
    give(index) {
      const block = held.get(index);
      held.delete(index);
      return block;
    },
  };
}
