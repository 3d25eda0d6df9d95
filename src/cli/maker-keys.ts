/** Makes all of the maker's keys in a product's folder, and reads the ones that a factory line needs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { addGrantIssuer, readGrantIssuers } from "#cloud/issuer/grant-issuers.ts";
import { newKeySet, type PublicKeys, readPublicKeys } from "#cloud/releases/key-set-files.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { readText } from "#trust/host/files.ts";
import { ensureKeyFile, type KeyPair, readKeyFile } from "#trust/host/key-file.ts";
import { replacePublicFile } from "#trust/host/secret-file.ts";
import { CliTrouble } from "./trouble.ts";

/** The time key's public half, 64 hexadecimal digits. */
export const TIME_PUBLIC_FILE = "time.pub";

/** The number by which units know the first issuer. */
export const FIRST_KID = 1;

/** Writes the time key's public half beside it: what a line gives to units. */
export function writePublicTime(folder: string, publicKey: Uint8Array): void {
  replacePublicFile(join(folder, TIME_PUBLIC_FILE), `${toHex(publicKey)}\n`);
  if (!equal(timeKey(folder), publicKey)) {
    throw new CliTrouble(`${folder} does not hold the time key that was written; check the disk`);
  }
}

/** Makes all keys of a product. Throws KeyFileError when its roots or release keys are there already. */
export function newMakerKeys(
  folder: string,
  product: string,
): { readonly released: PublicKeys; readonly issuer: KeyPair; readonly time: KeyPair } {
  const released = newKeySet(folder, product);
  const issuer = ensureKeyFile(join(folder, "issuer.key"), "issuer");
  addGrantIssuer(folder, FIRST_KID, issuer.publicKey);
  const time = ensureKeyFile(join(folder, "time.key"), "time");
  writePublicTime(folder, time.publicKey);
  return { released, issuer, time };
}

/** Units are given the public half, so that is all that a station must have; where there is none apart, the key file tells it. */
function timeKey(keys: string): Uint8Array {
  const path = join(keys, TIME_PUBLIC_FILE);
  if (!existsSync(path)) return readKeyFile(join(keys, "time.key"), "time").publicKey;
  const publicKey = fromHex(readText(path).trim());
  if (publicKey?.length !== 32) throw new CliTrouble(`${path} is damaged; put back your copy of it`);
  return publicKey;
}

/** Throws, naming the command that makes what is missing. */
export function makerKeys({ keys, product }: FlashConfig): MakerKeys {
  const issuerFile = join(keys, "issuer.key");
  const issuer = readKeyFile(issuerFile, "issuer");
  const time = { publicKey: timeKey(keys) };
  const known = readPublicKeys(keys);
  if (known.product !== product) {
    throw new CliTrouble(`${keys} holds the keys of ${known.product}, this line makes ${product}: name its own folder`);
  }
  const named = readGrantIssuers(keys).find(({ publicKey }) => toHex(publicKey) === toHex(issuer.publicKey));
  if (named === undefined) {
    throw new CliTrouble(`units have no number for this issuer yet: latchkey keys issuer ${issuerFile} --keys ${keys}`);
  }
  return { issuer, issuerKid: named.kid, time, roots: known.roots, keySet: known.signedKeyset };
}
