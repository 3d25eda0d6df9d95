/** The maker's keys as a line needs them, from the product's folder of keys. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { readGrantIssuers } from "#cloud/issuer/grant-issuers.ts";
import { readPublicKeys } from "#cloud/releases/key-set-files.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { MakerKeys } from "#factory/identity.ts";
import { readKeyFile } from "#trust/host/key-file.ts";

/** The time key's public half, 64 hexadecimal digits. */
export const TIME_PUBLIC_FILE = "time.pub";

/** Units are given the public half, so that is all that a station must have; where there is none apart, the key file tells it. */
function timeKey(keys: string): Uint8Array {
  const path = join(keys, TIME_PUBLIC_FILE);
  if (!existsSync(path)) return readKeyFile(join(keys, "time.key"), "time").publicKey;
  const publicKey = fromHex(readFileSync(path, "utf8").trim());
  if (publicKey?.length !== 32) throw new CliTrouble(`${path} is damaged; put back your copy of it`);
  return publicKey;
}

/** Throws, naming the command that makes what is missing. */
export function lineKeys({ keys, product }: FlashConfig): MakerKeys {
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
