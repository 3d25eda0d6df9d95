/** Passwords as argon2id hashes in PHC form (RFC 9106; the cheapest in memory of the equivalent settings that OWASP lists: 7 MiB, five passes). */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { argon2idAsync } from "@noble/hashes/argon2.js";

const COST = { m: 7_168, t: 5, p: 1 } as const;
const HASH_BYTES = 32;
/** Other requests are served in between: a hash takes hundreds of milliseconds of the one thread. */
const TICK_MS = 5;
/** Hashes that run or wait at once; more would hold 7 MiB each and the processor for long. */
const PENDING_MAX = 8;

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** Too many people log in at the same moment. */
export class PasswordsBusy extends Error {
  override name = "PasswordsBusy";
}

let pending = 0;
let last: Promise<unknown> = Promise.resolve();

/** One hash after the other. */
function derive(password: string, salt: Uint8Array, cost: { m: number; t: number; p: number }): Promise<Uint8Array> {
  if (pending >= PENDING_MAX) return Promise.reject(new PasswordsBusy("too many people log in now; try again"));
  pending++;
  const hash = last.then(() =>
    argon2idAsync(password.normalize("NFKC"), salt, { ...cost, dkLen: HASH_BYTES, asyncTick: TICK_MS }),
  );
  last = hash.catch(() => undefined).finally(() => pending--);
  return hash;
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return `$argon2id$v=19$m=${COST.m},t=${COST.t},p=${COST.p}$${base64(salt)}$${base64(hash)}`;
}

/** What a name without an account is compared with, so that it takes as long as one with an account. */
const NOBODY = `$argon2id$v=19$m=${COST.m},t=${COST.t},p=${COST.p}$${base64(new Uint8Array(16))}$${base64(new Uint8Array(32))}`;

/** Whether a password is the one of a hash. An empty hash is nobody's, and takes as long. */
export async function isPassword(password: string, phc: string): Promise<boolean> {
  const [, m, t, p, salt = "", hash = ""] = PHC.exec(phc) ?? PHC.exec(NOBODY) ?? [];
  const found = await derive(password, Buffer.from(salt, "base64"), { m: Number(m), t: Number(t), p: Number(p) });
  const expected = Buffer.from(hash, "base64");
  return expected.length === found.length && timingSafeEqual(expected, found) && phc !== "";
}

/** @returns What is wrong with a new password, or undefined. Length alone counts (NIST SP 800-63B, 3.1.1.2). */
export function passwordFault(password: string, name: string): string | undefined {
  const { length } = [...password];
  if (length < 12) return `the password has ${length} characters (expected at least 12)`;
  if (length > 256) return `the password has ${length} characters (expected at most 256)`;
  if (password.toLowerCase().includes(name.toLowerCase()) && length < name.length + 8) {
    return "the password is little more than the name";
  }
  return undefined;
}
