/** The public keys that sign a product's grants. The cloud verifies callers' chains against them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { KeySetTrouble } from "#cloud/releases/key-set-files.ts";
import type { GrantIssuer } from "#trust/grants/open-chain.ts";
import { readText } from "#trust/host/files.ts";
import { replacePublicFile } from "#trust/host/secret-file.ts";

export const ISSUERS_FILE = "issuers.json";

/**
 * Reads `{"1": "64 hexadecimal digits", …}`, a kid each; none where there is no such file.
 * @throws KeySetTrouble
 */
export function readGrantIssuers(folder: string): readonly GrantIssuer[] {
  const path = join(folder, ISSUERS_FILE);
  if (!existsSync(path)) return [];
  let keys: Readonly<Record<string, unknown>>;
  try {
    keys = JSON.parse(readText(path)) as typeof keys;
  } catch {
    throw new KeySetTrouble(`${path} is damaged; make it anew with: latchkey keys issuer`);
  }
  return Object.entries(keys).map(([name, text]) => {
    const [kid, publicKey] = [Number(name), fromHex(String(text))];
    if (!Number.isInteger(kid) || kid < 1 || kid > 255 || publicKey?.length !== 32) {
      throw new KeySetTrouble(`${path} has no key under ${name}; it wants 64 hexadecimal digits under 1 to 255`);
    }
    return { kid: Uint8Array.of(kid), publicKey };
  });
}

/**
 * Puts an issuer's public key beside the product's other keys; the same again changes nothing.
 * @throws KeySetTrouble when another key has this kid: grants name it by that number alone.
 */
export function addGrantIssuer(folder: string, kid: number, publicKey: Uint8Array): void {
  const known = readGrantIssuers(folder);
  const same = known.find((issuer) => issuer.kid[0] === kid);
  if (same !== undefined && toHex(same.publicKey) !== toHex(publicKey)) {
    throw new KeySetTrouble(`${folder} knows another issuer as ${kid}; give this one another number: --kid NUMBER`);
  }
  const all = Object.fromEntries(
    [...known, { kid: Uint8Array.of(kid), publicKey }].map((each) => [each.kid[0], toHex(each.publicKey)]),
  );
  const path = join(folder, ISSUERS_FILE);
  replacePublicFile(path, `${JSON.stringify(all, null, 2)}\n`);
  if (!readGrantIssuers(folder).some((each) => each.kid[0] === kid && equal(each.publicKey, publicKey))) {
    throw new KeySetTrouble(`${path} does not hold what was written; check the disk and try again`);
  }
}
