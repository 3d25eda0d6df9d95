/**
 * The maker's keys as files: three offline roots, a release role, a timestamp role, and the key set that two of the roots
 * signed. A private key's file can be read by its owner alone, or it isn't used.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signKeyset } from "#trust/sign-release.ts";
import { verifyKeyset } from "#trust/verify-keyset.ts";
import { type Keyset, ROOTS } from "#wire/keyset.ts";
import { keyNameOf } from "#wire/role-envelope.ts";

export type Role = "root-1" | "root-2" | "root-3" | "release" | "timestamp";
const ROOT_ROLES: readonly Role[] = ["root-1", "root-2", "root-3"];

/** A key file can't be used. The message is one line that says what to do. */
export class KeyTrouble extends Error {
  override name = "KeyTrouble";
}

export interface KeyFile {
  readonly role: Role;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What everybody may know of a product's keys: pinned by the factory, checked by the cloud. */
export interface PublicKeys {
  readonly product: string;
  /** The three pinned roots. */
  readonly roots: readonly Uint8Array[];
  /** The key set as two of the roots signed it. */
  readonly signedKeyset: Uint8Array;
  readonly keyset: Keyset;
}

const PRIVATE_MODE = 0o600;

function writeWhole(path: string, text: string, mode: number): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode, flush: true });
  chmodSync(draft, mode);
  renameSync(draft, path);
}

function writeKey(directory: string, role: Role, seed: Uint8Array): KeyFile {
  const publicKey = nodePrimitives.ed25519PublicKey(seed);
  const file = { latchkey: "private key", role, public: toHex(publicKey), seed: toHex(seed) };
  writeWhole(join(directory, `${role}.key`), `${JSON.stringify(file, null, 2)}\n`, PRIVATE_MODE);
  return { role, seed, publicKey };
}

/**
 * Reads a private key for a role.
 * @throws KeyTrouble when it isn't there, others may read it, it is no key file, is for another role, or was changed.
 */
export function readKey(path: string, role: Role | "root"): KeyFile {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw new KeyTrouble(`others may read ${path}; run: chmod 600 ${path}`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof KeyTrouble) throw error;
    throw new KeyTrouble(`there is no key at ${path}; make keys with: latchkey keys new, or name the right folder`);
  }
  const wrong = new KeyTrouble(`${path} is no key file of ours; name the ${role} key`);
  let file: { latchkey?: unknown; role?: unknown; public?: unknown; seed?: unknown };
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    throw wrong;
  }
  const seed = fromHex(String(file.seed ?? ""));
  if (file.latchkey !== "private key" || seed?.length !== 32) throw wrong;
  const isRole = role === "root" ? ROOT_ROLES.includes(file.role as Role) : file.role === role;
  if (!isRole) throw new KeyTrouble(`${path} is the ${String(file.role)} key; name the ${role} key`);
  const publicKey = nodePrimitives.ed25519PublicKey(seed);
  if (toHex(publicKey) !== file.public) throw new KeyTrouble(`${path} was damaged: its halves differ; put back a copy`);
  return { role: file.role as Role, seed, publicKey };
}

/** Reads roots.json and the newest keyset. @throws KeyTrouble when they are missing or don't belong together. */
export function readPublicKeys(directory: string): PublicKeys {
  const path = join(directory, "roots.json");
  let pinned: { product?: unknown; roots?: unknown };
  let signedKeyset: Uint8Array;
  try {
    pinned = JSON.parse(readFileSync(path, "utf8")) as typeof pinned;
    signedKeyset = Uint8Array.from(readFileSync(join(directory, "keyset.cose")));
  } catch {
    throw new KeyTrouble(`${directory} has no roots.json and keyset.cose; make keys with: latchkey keys new`);
  }
  const roots = Array.isArray(pinned.roots) ? pinned.roots.map((text) => fromHex(String(text))) : [];
  const product = String(pinned.product ?? "");
  if (roots.length !== ROOTS || !roots.every((root) => root?.length === 32)) {
    throw new KeyTrouble(`${path} doesn't hold three roots; put back a copy`);
  }
  const trust = { roots: roots as Uint8Array[], product, versionFloor: 0 };
  const keyset = verifyKeyset(nodePrimitives, signedKeyset, trust);
  if (!keyset.ok) throw new KeyTrouble(`${directory}/keyset.cose is not signed by these roots (${keyset.fault})`);
  // A set that brings new roots is followed by them.
  const current = keyset.value.roots ?? trust.roots;
  return { product, roots: current, signedKeyset, keyset: keyset.value };
}

function writePublic(directory: string, product: string, roots: readonly Uint8Array[], signed: Uint8Array): void {
  const keyset = join(directory, "keyset.cose");
  writeFileSync(`${keyset}.new`, signed, { flush: true });
  renameSync(`${keyset}.new`, keyset);
  const pinned = { product, roots: roots.map(toHex) };
  writeWhole(join(directory, "roots.json"), `${JSON.stringify(pinned, null, 2)}\n`, 0o644);
}

/** Makes all keys of a product and its first key set. @throws KeyTrouble when the folder holds keys already. */
export function newKeys(directory: string, product: string): PublicKeys {
  if (existsSync(directory) && readdirSync(directory).some((name) => name.endsWith(".key"))) {
    throw new KeyTrouble(`${directory} holds keys already, which are never overwritten; name another folder`);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const make = (role: Role) => writeKey(directory, role, nodePrimitives.random(32));
  const roots = ROOT_ROLES.map(make);
  const keyset: Keyset = {
    version: 1,
    product,
    releaseKeys: [make("release").publicKey],
    timestampKeys: [make("timestamp").publicKey],
    roots: undefined,
  };
  const signed = signKeyset(nodePrimitives, [roots[0]?.seed as Uint8Array, roots[1]?.seed as Uint8Array], keyset);
  writePublic(
    directory,
    product,
    roots.map((root) => root.publicKey),
    signed,
  );
  return readPublicKeys(directory);
}

export interface Rotation {
  readonly role: Role;
  /** Drop the old key at once, since somebody else has it; otherwise it stays valid beside the new one. */
  readonly revoke: boolean;
  /** Root key files to sign with; those of the folder when absent. */
  readonly roots?: readonly string[];
}

/**
 * Makes a new key for a role and a key set that says so, signed by two roots; a new root also by two of the new ones.
 * The old key's file is kept under its name with `.old`.
 */
export function rotateKey(directory: string, { role, revoke, roots: rootFiles }: Rotation): PublicKeys {
  const { product, roots, keyset } = readPublicKeys(directory);
  const paths =
    rootFiles ?? ROOT_ROLES.map((each) => join(directory, `${each}.key`)).filter((path) => existsSync(path));
  const signers = paths.map((path) => readKey(path, "root")).filter((key) => key.role !== role);
  if (signers.length < 2) {
    throw new KeyTrouble(
      `a rotation is signed by two roots besides the one that goes; bring their files: --root FILE --root FILE`,
    );
  }
  const old = join(directory, `${role}.key`);
  const seed = nodePrimitives.random(32);
  const publicKey = nodePrimitives.ed25519PublicKey(seed);
  const follow = (keys: readonly Uint8Array[], mine: boolean) =>
    mine ? [publicKey, ...(revoke ? [] : keys)].slice(0, 3) : [...keys];
  const index = ROOT_ROLES.indexOf(role);
  const newRoots = index < 0 ? undefined : roots.map((root, i) => (i === index ? publicKey : root));
  const next: Keyset = {
    version: keyset.version + 1,
    product,
    releaseKeys: follow(keyset.releaseKeys, role === "release"),
    timestampKeys: follow(keyset.timestampKeys, role === "timestamp"),
    roots: newRoots,
  };
  const signed = signKeyset(
    nodePrimitives,
    signers.slice(0, 2).map((key) => key.seed),
    next,
  );
  const checked = verifyKeyset(nodePrimitives, signed, { roots, product, versionFloor: keyset.version + 1 });
  if (!checked.ok)
    throw new KeyTrouble(`these roots don't sign for ${product} (${checked.fault}); bring the right files`);
  if (existsSync(old)) renameSync(old, `${old}.old`);
  writeKey(directory, role, seed);
  writePublic(directory, product, newRoots ?? roots, signed);
  return readPublicKeys(directory);
}

/** Short name of a public key, for people: 16 hexadecimal digits. */
export const keyName = (publicKey: Uint8Array) => toHex(keyNameOf(nodePrimitives.sha256, publicKey));
