/**
 * Blocks of a transfer on the wire, and the hash list that lets a unit check each one before it writes it, so that any
 * peer may serve them: the cloud, a phone, a web server. A transfer is the encoded stream (wire/stream.ts) of one
 * component, cut into blocks of BLOCK_BYTES; the last may be shorter.
 *
 * leaf = first 16 bytes of SHA-256(0x00 || block); root = SHA-256(0x01 || leaf, leaf, ...). A block's 128-bit second
 * preimage is what an attacker would need; collisions help only whoever signs the root anyway.
 * @source PROTOCOL 8.4
 */
import { concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";

export const BLOCK_BYTES = 4096;
export const LEAF_BYTES = 16;
/** Blocks of one transfer at most, so that its hash list fits one block's answer: 1 MB. */
export const BLOCKS_MAX = 256;
/** An image at most: its transfers are compressed, and only recovery takes its hash list, in parts. */
export const IMAGE_BYTES_MAX = 1024 * BLOCK_BYTES;
/** Blocks that one request may ask for: one bit each. */
const WINDOW_MAX = 32;
/** First bytes of the transfer's root, which name it on the wire. */
export const TRANSFER_NAME_BYTES = 16;

/** In place of a block's index: the hash list is asked for, or is what follows. */
export const LEAVES_INDEX = 0xffff;
const REFUSED_INDEX = 0xfffe;

const LEAF_PREFIX = Uint8Array.of(0);
const ROOT_PREFIX = Uint8Array.of(1);

export function leafOf(sha256: Sha256, block: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, block).slice(0, LEAF_BYTES);
}

/** The root over leaves that follow one another in one byte string. */
export function rootOf(sha256: Sha256, leaves: Uint8Array): Uint8Array {
  return sha256(ROOT_PREFIX, leaves);
}

/** All leaves of some bytes, one after another. */
export function leavesOf(sha256: Sha256, bytes: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    leaves.push(leafOf(sha256, bytes.subarray(at, at + BLOCK_BYTES)));
  }
  return concat(...leaves);
}

/** The root of some bytes in blocks: what a release says of an image and of a transfer alike. */
export function rootOfBytes(sha256: Sha256, bytes: Uint8Array): Uint8Array {
  return rootOf(sha256, leavesOf(sha256, bytes));
}

export function blockCount(byteLength: number): number {
  return Math.ceil(byteLength / BLOCK_BYTES);
}

/** Asks for some of up to 32 blocks that begin at `first`; bit 0 of the bitmap is `first` itself. */
export interface BlockRequest {
  /** First 16 bytes of the transfer's root. */
  readonly transfer: Uint8Array;
  /** Index of a block, or LEAVES_INDEX for the hash list. */
  readonly first: number;
  readonly bitmap: number;
}

export type BlockResponse =
  | { readonly kind: "block"; readonly tag: number; readonly index: number; readonly bytes: Uint8Array }
  | { readonly kind: "leaves"; readonly tag: number; readonly bytes: Uint8Array }
  /** The sender won't serve this transfer: ask again after so many seconds, or no more (0: it was withdrawn). */
  | { readonly kind: "refused"; readonly tag: number; readonly afterS: number };

/** First four bytes of the transfer's name as a number: tells late answers of another transfer apart. */
export function tagOf(transfer: Uint8Array): number {
  return viewOf(transfer).getUint32(0, true);
}

/** @source PROTOCOL 8.6: transfer 16 bytes, first u16, bitmap u32. */
export function encodeBlockRequest(request: BlockRequest): Uint8Array {
  const tail = new Uint8Array(6);
  viewOf(tail).setUint16(0, request.first, true);
  viewOf(tail).setUint32(2, request.bitmap >>> 0, true);
  return concat(request.transfer.subarray(0, TRANSFER_NAME_BYTES), tail);
}

/** @returns The request, or BLOCK_REQUEST when it is not 22 bytes or asks for nothing. */
export function decodeBlockRequest(bytes: Uint8Array): Result<BlockRequest> {
  if (bytes.length !== TRANSFER_NAME_BYTES + 6) return refuse("BLOCK_REQUEST");
  const view = viewOf(bytes);
  const bitmap = view.getUint32(TRANSFER_NAME_BYTES + 2, true);
  if (bitmap === 0) return refuse("BLOCK_REQUEST");
  const first = view.getUint16(TRANSFER_NAME_BYTES, true);
  if (first !== LEAVES_INDEX && first >= BLOCKS_MAX) return refuse("BLOCK_REQUEST");
  return ok({ transfer: bytes.slice(0, TRANSFER_NAME_BYTES), first, bitmap });
}

/** @source PROTOCOL 8.6: tag u32, index u16, then the bytes (a refusal: afterS u16). */
export function encodeBlockResponse(response: BlockResponse): Uint8Array {
  const head = new Uint8Array(6);
  const view = viewOf(head);
  view.setUint32(0, response.tag, true);
  if (response.kind === "refused") {
    const after = new Uint8Array(2);
    viewOf(after).setUint16(0, response.afterS, true);
    view.setUint16(4, REFUSED_INDEX, true);
    return concat(head, after);
  }
  view.setUint16(4, response.kind === "leaves" ? LEAVES_INDEX : response.index, true);
  return concat(head, response.bytes);
}

/** @returns The response, its bytes a view; or BLOCK_RESPONSE when it is shorter or longer than one can be. */
export function decodeBlockResponse(bytes: Uint8Array): Result<BlockResponse> {
  if (bytes.length < 7 || bytes.length > 6 + BLOCK_BYTES) return refuse("BLOCK_RESPONSE");
  const view = viewOf(bytes);
  const tag = view.getUint32(0, true);
  const index = view.getUint16(4, true);
  const body = bytes.subarray(6);
  if (index === LEAVES_INDEX) return ok({ kind: "leaves", tag, bytes: body });
  if (index === REFUSED_INDEX) {
    return body.length === 2 ? ok({ kind: "refused", tag, afterS: view.getUint16(6, true) }) : refuse("BLOCK_RESPONSE");
  }
  return index < BLOCKS_MAX ? ok({ kind: "block", tag, index, bytes: body }) : refuse("BLOCK_RESPONSE");
}

/** The indices that a request asks for, in ascending order, below `blocks`. */
export function wantedBlocks(request: BlockRequest, blocks: number): readonly number[] {
  const wanted: number[] = [];
  for (let bit = 0; bit < WINDOW_MAX; bit++) {
    if (((request.bitmap >>> bit) & 1) === 1 && request.first + bit < blocks) wanted.push(request.first + bit);
  }
  return wanted;
}
