/**
 * Stateless nonces: each contains the time when it was issued, and an HMAC-SHA256 over that time and the client it was
 * issued to. The cloud stores nothing per nonce, so a flood of requests can't exhaust its memory.
 * Layout: time in milliseconds (6 bytes, big endian), randomness (2), code (8).
 * @source PROTOCOL 7.20; RFC 2104
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { NONCE_BYTES } from "#wire/link/link-auth.ts";

export interface Nonces {
  /** A nonce for whoever proves the key that this ID is the hash of. */
  give(id: string, nowMs: number): Uint8Array;
  /** When a nonce was given to this ID; undefined when it wasn't, or more than a minute ago. */
  givenMs(nonce: Uint8Array, id: string, nowMs: number): number | undefined;
}

export const NONCE_KEY_BYTES = 32;
export const NONCE_LIFE_MS = 60_000;
const TIME_BYTES = 6;
const RANDOM_BYTES = 2;
const CODE_BYTES = NONCE_BYTES - TIME_BYTES - RANDOM_BYTES;

/**
 * @param key 32 secret bytes.
 * Times are those of a clock that never goes back, not even over a restart.
 */
export function createNonces(key: Uint8Array, random: (byteLength: number) => Uint8Array): Nonces {
  const codeOf = (head: Uint8Array, id: string) =>
    createHmac("sha256", key).update(`latchkey-nonce-1\0${id}\0`).update(head).digest().subarray(0, CODE_BYTES);
  return {
    give(id, nowMs) {
      const nonce = Buffer.alloc(NONCE_BYTES);
      nonce.writeUIntBE(Math.floor(nowMs), 0, TIME_BYTES);
      nonce.set(random(RANDOM_BYTES), TIME_BYTES);
      nonce.set(codeOf(nonce.subarray(0, TIME_BYTES + RANDOM_BYTES), id), TIME_BYTES + RANDOM_BYTES);
      return Uint8Array.from(nonce);
    },
    givenMs(nonce, id, nowMs) {
      if (nonce.length !== NONCE_BYTES) return undefined;
      const head = nonce.subarray(0, TIME_BYTES + RANDOM_BYTES);
      if (!timingSafeEqual(nonce.subarray(TIME_BYTES + RANDOM_BYTES), codeOf(head, id))) return undefined;
      const givenMs = Buffer.from(head).readUIntBE(0, TIME_BYTES);
      return givenMs <= nowMs && nowMs < givenMs + NONCE_LIFE_MS ? givenMs : undefined;
    },
  };
}
