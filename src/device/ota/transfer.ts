/**
 * Fetches one transfer: the hash list first, then blocks in windows, each checked against the list before it
 * is used. The server of the blocks need not be trusted.
 * @source PROTOCOL 8.4
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";
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
} from "#wire/releases/blocks.ts";
import type { Transfer } from "#wire/releases/release.ts";

/** Blocks that one request asks for; held at most until they are written. */
const WINDOW = 8;

/** One transfer on its way. */
export interface TransferFetch {
  readonly transfer: Transfer;
  readonly blocks: number;
  readonly held: Map<number, Uint8Array>;
  /** Blocks asked for and not here yet; LEAVES_INDEX for the hash list. */
  readonly asked: Set<number>;
  /** The beginning of each leaf, as much as the list's own root has of its hash. */
  leaves: Uint8Array | undefined;
}

/** What may stand before a block in its packet: the longest topic, and the answer's own head. */
const HEAD_BYTES_MAX = 256;

const KEPT_BYTES = TRANSFER_NAME_BYTES;

export function createTransferFetch(transfer: Transfer): TransferFetch {
  const blocks = blockCount(transfer.streamBytes);
  return { transfer, blocks, held: new Map(), asked: new Set(), leaves: undefined };
}

/** The request for what is missing next, from this block on; undefined while the last one is being answered. */
export function wantBlocks(fetch: TransferFetch, next: number): Uint8Array | undefined {
  const { transfer, blocks, held, asked } = fetch;
  if (asked.size > 0) return undefined;
  if (fetch.leaves === undefined && blocks > 1) {
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
}

/** Takes an answer. Refuses with BLOCK_HASH, LEAVES_HASH; an answer to something else is ignored. */
export function takeResponse(sha256: Sha256, fetch: TransferFetch, response: BlockResponse): Result<undefined> {
  const { transfer, blocks, asked } = fetch;
  if (response.tag !== tagOf(transfer.root) || response.kind === "refused") return ok(undefined);
  if (response.kind === "block") return takeBlock(sha256, fetch, response.index, response.bytes);
  if (!asked.has(LEAVES_INDEX)) return ok(undefined);
  if (response.bytes.length !== blocks * LEAF_BYTES || !isRoot(sha256, transfer, response.bytes)) {
    return refuse("LEAVES_HASH");
  }
  fetch.leaves = beginnings(response.bytes);
  asked.delete(LEAVES_INDEX);
  return ok(undefined);
}

function takeBlock(sha256: Sha256, fetch: TransferFetch, index: number, bytes: Uint8Array): Result<undefined> {
  const { transfer, blocks, held, asked, leaves } = fetch;
  if (!asked.has(index)) return ok(undefined);
  const leaf = leafOf(sha256, bytes);
  // One block is its own list.
  const isGood =
    leaves === undefined
      ? blocks === 1 && isRoot(sha256, transfer, leaf)
      : equal(leaf.subarray(0, KEPT_BYTES), leaves.subarray(index * KEPT_BYTES, (index + 1) * KEPT_BYTES));
  const blockBytes = Math.min(BLOCK_BYTES, transfer.streamBytes - index * BLOCK_BYTES);
  if (!isGood || bytes.length !== blockBytes) return refuse("BLOCK_HASH");
  asked.delete(index);
  held.set(index, owned(bytes));
  return ok(undefined);
}

function beginnings(list: Uint8Array): Uint8Array {
  const kept = new Uint8Array((list.length / LEAF_BYTES) * KEPT_BYTES);
  for (let at = 0; at < kept.length; at++)
    kept[at] = list[at + Math.floor(at / KEPT_BYTES) * (LEAF_BYTES - KEPT_BYTES)] as number;
  return kept;
}

/** Bytes that lie in a buffer with little else: a packet's head stays with them, of anything larger they are copied. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength - bytes.length <= HEAD_BYTES_MAX ? bytes : bytes.slice();
}

function isRoot(sha256: Sha256, { root }: Transfer, list: Uint8Array): boolean {
  return equal(rootOf(sha256, list).subarray(0, TRANSFER_NAME_BYTES), root);
}

/** Hands out a block that has come, once. */
export function giveBlock({ held }: TransferFetch, index: number): Uint8Array | undefined {
  const block = held.get(index);
  held.delete(index);
  return block;
}
