/**
 * Signs timestamps with the only signing key that lives in the cloud, and holds the key sets that the cloud forwards.
 */
import { createPrivateKey, sign } from "node:crypto";
import { join } from "node:path";
import { equal, fromHex } from "#base/bytes.ts";
import { KeySetTrouble, readPublicKeys, TIMESTAMP_KEY_FILE } from "#cloud/releases/key-set-files.ts";
import type { PublishedRelease } from "#cloud/releases/releases.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { createTimeSigner, type TimeSigner } from "./time-signer.ts";

interface ProductKeys {
  readonly product: string;
  readonly keyset: Keyset;
  readonly signedKeyset: Uint8Array;
  /** What its fleets hear: the key set, behind those that changed the roots before it. */
  readonly message: Uint8Array;
}

export interface TimestampSigner extends TimeSigner {
  readonly products: readonly ProductKeys[];
  keysOf(product: string): ProductKeys | undefined;
  /**
   * @param deviceId 24 hexadecimal digits.
   * The maker's word over a unit's nonce on what is current for it: a release, or none. Undefined for a product whose
   * timestamp key isn't here.
   * @source PROTOCOL 8.12
   */
  timestamp(
    product: string,
    deviceId: string,
    release: Pick<PublishedRelease, "sequence" | "id"> | undefined,
    nonce: Uint8Array,
    nowMs: number,
  ): Uint8Array | undefined;
}

const NO_RELEASE = new Uint8Array(16);
/** The signer holds its key. */
const NO_SEED = new Uint8Array(0);

/** Signs with one key that stays imported: importing it costs ten times a signature, and it lives here anyway. */
function signerOf(seed: Uint8Array, publicKey: Uint8Array) {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  return {
    ed25519Sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, key)),
    ed25519PublicKey: () => publicKey,
    sha256: nodePrimitives.sha256,
  };
}

/** DER in front of a raw Ed25519 seed (RFC 8410). */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Reads the keys of each product from its folder; only the timestamp key's private half is looked for.
 * @throws KeySetTrouble, KeyFileError
 */
export function createTimestampSigner(folders: readonly string[]): TimestampSigner {
  const signers = new Map<string, ProductKeys & { readonly signer: ReturnType<typeof signerOf> }>();
  for (const folder of folders) {
    const { product, keyset, signedKeyset, message } = readPublicKeys(folder);
    const path = join(folder, TIMESTAMP_KEY_FILE);
    const { seed, publicKey } = readKeyFile(path, "timestamp");
    if (!keyset.timestampKeys.some((key) => equal(key, publicKey))) {
      throw new KeySetTrouble(`${path} is not in the key set of ${product}; bring the newest key set and key`);
    }
    if (signers.has(product)) throw new KeySetTrouble(`two key folders are for ${product}; name one of them`);
    signers.set(product, { product, keyset, signedKeyset, message, signer: signerOf(seed, publicKey) });
  }
  return {
    ...createTimeSigner(folders),
    products: [...signers.values()],
    keysOf: (product) => signers.get(product),
    timestamp(product, deviceId, release, nonce, nowMs) {
      const keys = signers.get(product);
      if (keys === undefined) return undefined;
      return signTimestamp(keys.signer, NO_SEED, {
        product,
        sequence: release?.sequence ?? 0,
        releaseId: release?.id ?? NO_RELEASE,
        nonce,
        deviceId: fromHex(deviceId) as Uint8Array,
        unixS: Math.floor(nowMs / 1_000),
      });
    },
  };
}
