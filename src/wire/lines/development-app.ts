/**
 * How the script of a development kit's app lies in flash: a head, then the script.
 * @source PROTOCOL 9.9.3
 */
import { concat, viewOf } from "#base/bytes.ts";

/** "LKDA". */
const MAGIC = 0x41444b4c;
const DIGEST_AT = 12;
const DIGEST_BYTES = 32;

export const APP_HEAD_BYTES = 64;
/** The digest is chained over blocks of this size, so that nobody has to hold the whole script. */
const APP_BLOCK_BYTES = 1_024;
/** A form feed stands between the code and the parts of the description. */
export const PIECE_END = 0x0c;
/** The function that takes a script in a session; a kit alone has it. No name of an app has a full stop. */
export const LOAD_APP = "development.load";

interface AppHead {
  /** The place with the higher one counts. */
  readonly sequence: number;
  /** Of the script. */
  readonly bytes: number;
  readonly digest: Uint8Array;
}

export function appHead({ sequence, bytes, digest }: AppHead): Uint8Array {
  const head = new Uint8Array(DIGEST_AT + DIGEST_BYTES);
  const view = viewOf(head);
  for (const [at, value] of [MAGIC, sequence, bytes].entries()) view.setUint32(4 * at, value, true);
  head.set(digest, DIGEST_AT);
  return head;
}

/** @returns undefined where no script begins. */
export function readAppHead(head: Uint8Array): AppHead | undefined {
  const view = viewOf(head);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const digest = head.slice(DIGEST_AT, DIGEST_AT + DIGEST_BYTES);
  return { sequence: view.getUint32(4, true), bytes: view.getUint32(8, true), digest };
}

/** d = SHA-256(d, block) over all blocks, the first d of zeros. @param blockAt The script's bytes from here on, as many. */
export function appDigest(
  sha256: (...parts: readonly Uint8Array[]) => Uint8Array,
  bytes: number,
  blockAt: (at: number, bytes: number) => Uint8Array,
): Uint8Array {
  let digest: Uint8Array = new Uint8Array(DIGEST_BYTES);
  for (let at = 0; at < bytes; at += APP_BLOCK_BYTES) {
    digest = sha256(digest, blockAt(at, Math.min(APP_BLOCK_BYTES, bytes - at)));
  }
  return digest;
}

/** A script with its head, as the flash of a bare kit gets it. */
export function appImage(sha256: (...parts: readonly Uint8Array[]) => Uint8Array, script: Uint8Array): Uint8Array {
  const digest = appDigest(sha256, script.length, (at, bytes) => script.subarray(at, at + bytes));
  const head = appHead({ sequence: 1, bytes: script.length, digest });
  return concat(head, new Uint8Array(APP_HEAD_BYTES - head.length).fill(0xff), script);
}
