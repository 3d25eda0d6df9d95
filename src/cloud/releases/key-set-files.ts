/**
 * A product's release keys in a folder: three roots (which belong offline), a release key, a timestamp key, the key set
 * that two of the roots signed, and the roots' public halves for whoever pins them.
 */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { readBytes, readText } from "#trust/host/files.ts";
import { createKeyFile, type KeyPair, readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { replacePublicFile } from "#trust/host/secret-file.ts";
import { signKeyset } from "#trust/releases/sign-release.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { type Keyset, ROOTS } from "#wire/releases/keyset.ts";
import { isProduct } from "#wire/releases/release.ts";
import { keyNameOf } from "#wire/releases/role-envelope.ts";

export const ROOT_FILES = ["root-1.key", "root-2.key", "root-3.key"] as const;
export const RELEASE_KEY_FILE = "release.key";
export const TIMESTAMP_KEY_FILE = "timestamp.key";
const KEYSET_FILE = "keyset.cose";
export const ROOTS_FILE = "roots.json";

/** The folder can't be used. The message is one line that says what to do. */
export class KeySetTrouble extends Error {
  override name = "KeySetTrouble";
}

/** What everybody may know: pinned by the factory, checked by the cloud. */
export interface PublicKeys {
  readonly product: string;
  /** The three roots in force. */
  readonly roots: readonly Uint8Array[];
  readonly signedKeyset: Uint8Array;
  readonly keyset: Keyset;
  /** What units hear (PROTOCOL 8.11): the key set, behind those that changed the roots before it. */
  readonly message: Uint8Array;
}

/** A unit takes packets of 4,352 bytes. */
const MESSAGE_BYTES_MAX = 4_096;
const STEP_FILE = /^keyset-(\d+)\.cose$/;

/** The sets that changed the roots, oldest first, and the newest: as many of the last ones as a unit takes at once. */
function messageOf(folder: string, newest: Uint8Array, version: number): Uint8Array {
  const steps = readdirSync(folder)
    .flatMap((name) => (STEP_FILE.test(name) ? [Number(STEP_FILE.exec(name)?.[1])] : []))
    .filter((step) => step < version)
    .sort((a, b) => a - b)
    .map((step) => readBytes(join(folder, `keyset-${step}.cose`)));
  if (steps.length === 0) return newest;
  const sets = [...steps, newest];
  while (encodeCbor(sets).length > MESSAGE_BYTES_MAX) sets.shift();
  return encodeCbor(sets);
}

/** Reads roots.json and keyset.cose. @throws KeySetTrouble when they are missing or don't belong together. */
export function readPublicKeys(folder: string): PublicKeys {
  const path = join(folder, ROOTS_FILE);
  let pinned: { product?: unknown; roots?: unknown };
  let signedKeyset: Uint8Array;
  try {
    pinned = JSON.parse(readText(path)) as typeof pinned;
    signedKeyset = readBytes(join(folder, KEYSET_FILE));
  } catch {
    throw new KeySetTrouble(`${folder} has no ${ROOTS_FILE} and ${KEYSET_FILE}; make keys with: latchkey keys new`);
  }
  const roots = Array.isArray(pinned.roots) ? pinned.roots.map((text) => fromHex(String(text))) : [];
  const product = String(pinned.product ?? "");
  if (roots.length !== ROOTS || !roots.every((root) => root?.length === 32)) {
    throw new KeySetTrouble(`${path} doesn't hold three roots; put back your copy of it`);
  }
  const trust = { roots: roots as Uint8Array[], product, versionFloor: 0 };
  const keyset = verifyKeyset(nodePrimitives, signedKeyset, trust);
  if (!keyset.ok) throw new KeySetTrouble(`${folder}/${KEYSET_FILE} is not signed by these roots (${keyset.fault})`);
  const message = messageOf(folder, signedKeyset, keyset.value.version);
  return { product, roots: keyset.value.roots ?? trust.roots, signedKeyset, keyset: keyset.value, message };
}

function writePublic(folder: string, product: string, roots: readonly Uint8Array[], signed: Uint8Array): void {
  replacePublicFile(join(folder, KEYSET_FILE), signed);
  replacePublicFile(join(folder, ROOTS_FILE), `${JSON.stringify({ product, roots: roots.map(toHex) }, null, 2)}\n`);
}

/**
 * Makes all keys of a product and its first key set.
 * @throws KeySetTrouble when no product can have this name; KeyFileError when one of the keys exists already, since no
 *   key is ever overwritten.
 */
export function newKeySet(folder: string, product: string): PublicKeys {
  if (!isProduct(product)) {
    throw new KeySetTrouble(
      `"${product}" cannot name a product (expected 1 to 32 lower-case letters, digits and hyphens); give another --product`,
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const roots = ROOT_FILES.map((name) => createKeyFile(join(folder, name), "root"));
  const keyset: Keyset = {
    version: 1,
    product,
    releaseKeys: [createKeyFile(join(folder, RELEASE_KEY_FILE), "release").publicKey],
    timestampKeys: [createKeyFile(join(folder, TIMESTAMP_KEY_FILE), "timestamp").publicKey],
    roots: undefined,
  };
  const seeds = roots.slice(0, 2).map((root) => root.seed);
  const publicRoots = roots.map((root) => root.publicKey);
  writePublic(folder, product, publicRoots, signKeyset(nodePrimitives, seeds, keyset));
  return readPublicKeys(folder);
}

export interface Rotation {
  readonly role: "release" | "timestamp" | "root";
  /** Which root goes: 1 to 3. */
  readonly root?: number;
  /** Drop the old key at once, since somebody else has it; otherwise it stays valid beside the new one. */
  readonly revoke: boolean;
  /** Root key files to sign with; those of the folder when absent. */
  readonly signers?: readonly string[];
}

/** Keys that stay valid beside a new one; with it, as many as a key set takes. */
const KEPT = 3;

/**
 * Makes a new key for a role and a key set that says so, signed by two roots besides the one that goes.
 * The old key's file is kept as NAME.old-VERSION.
 */
export function rotateKey(folder: string, { role, root, revoke, signers: files }: Rotation): PublicKeys {
  const { product, roots, keyset } = readPublicKeys(folder);
  const version = keyset.version + 1;
  const leaving = role === "root" ? roots[(root ?? 0) - 1] : undefined;
  if (role === "root" && leaving === undefined) throw new KeySetTrouble("say which root goes: --root-number 1, 2 or 3");
  const paths = files ?? ROOT_FILES.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const isSigner = ({ publicKey }: KeyPair) =>
    roots.some((each) => equal(each, publicKey)) && !(leaving !== undefined && equal(leaving, publicKey));
  const signers = paths.map((path) => readKeyFile(path, "root")).filter(isSigner);
  if (signers.length < 2) {
    throw new KeySetTrouble(
      "a rotation is signed by two roots that stay; name their files: --signer FILE --signer FILE",
    );
  }
  const name = role === "root" ? (ROOT_FILES[(root ?? 1) - 1] as string) : `${role}.key`;
  const path = join(folder, name);
  if (existsSync(path)) renameSync(path, `${path}.old-${keyset.version}`);
  const { publicKey } = createKeyFile(path, role);
  const follow = (keys: readonly Uint8Array[], isMine: boolean) =>
    isMine ? [publicKey, ...(revoke ? [] : keys.slice(0, KEPT))] : [...keys];
  const next: Keyset = {
    version,
    product,
    releaseKeys: follow(keyset.releaseKeys, role === "release"),
    timestampKeys: follow(keyset.timestampKeys, role === "timestamp"),
    roots: leaving === undefined ? undefined : roots.map((each) => (equal(each, leaving) ? publicKey : each)),
  };
  const signed = signKeyset(
    nodePrimitives,
    signers.slice(0, 2).map((key) => key.seed),
    next,
  );
  // Kept for good: a unit that was off meanwhile climbs from one to the next.
  if (next.roots !== undefined) replacePublicFile(join(folder, `keyset-${version}.cose`), signed);
  writePublic(folder, product, next.roots ?? roots, signed);
  return readPublicKeys(folder);
}

/** Short name of a public key, for people: 16 hexadecimal digits. */
export const keyName = (publicKey: Uint8Array) => toHex(keyNameOf(nodePrimitives.sha256, publicKey));
