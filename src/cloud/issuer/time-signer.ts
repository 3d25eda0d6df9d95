/** Signs the time for units: one second, over a unit's nonce, with the product's time key. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readPublicKeys } from "#cloud/releases/key-set-files.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { type Signer, seedSigner } from "#trust/signer.ts";
import { NONCE_BYTES, TIME_KID } from "#wire/grants/signed-time.ts";

export const TIME_KEY_FILE = "time.key";

export interface TimeSigner {
  /**
   * The time over a unit's nonce; undefined for a product whose time key is not here, and for what is no nonce.
   * @source PROTOCOL 4.10
   */
  time(product: string, nonce: Uint8Array, nowMs: number): Uint8Array | undefined;
  /** Products whose units this cloud cannot tell the time. */
  readonly timeless: readonly string[];
}

/**
 * Reads the time key of each product from its folder, where it is there.
 * @throws KeySetTrouble, KeyFileError
 */
export function createTimeSigner(folders: readonly string[]): TimeSigner {
  const signers = new Map<string, Signer | undefined>();
  for (const folder of folders) {
    const path = join(folder, TIME_KEY_FILE);
    const key = existsSync(path) ? readKeyFile(path, "time") : undefined;
    signers.set(readPublicKeys(folder).product, key && seedSigner(nodePrimitives, key.seed));
  }
  return {
    timeless: [...signers].flatMap(([product, signer]) => (signer === undefined ? [product] : [])),
    time(product, nonce, nowMs) {
      const signer = signers.get(product);
      if (signer === undefined || nonce.length !== NONCE_BYTES) return undefined;
      return signTime(signer, TIME_KID, { timeS: Math.floor(nowMs / 1000), nonce });
    },
  };
}
