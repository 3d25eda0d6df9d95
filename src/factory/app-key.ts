/**
 * The AES-128 key that a maker's phone app shares with the units of a product, for those older onboarding protocols that seal
 * what they send. It is the product's, not the unit's: whoever takes an app or a unit apart has it.
 */
import { AppKeyError, readAppKey } from "#trust/host/app-key-file.ts";
import { ConfigError, type FlashConfig } from "./config.ts";

const SEALING = ["esptouch-v2", "airkiss", "ti-smartconfig"] as const;

/** @returns The 16 bytes, or undefined where the product has none. @throws ConfigError in one line that tells nothing of the key. */
export function appKeyOf({ onboarding }: FlashConfig): Uint8Array | undefined {
  const { aesKeyFile, legacy } = onboarding;
  if (aesKeyFile === undefined) return undefined;
  if (!SEALING.some((protocol) => legacy.includes(protocol))) {
    throw new ConfigError(
      `onboarding.aesKeyFile: no protocol that takes a key is switched on; put one of ${SEALING.join(", ")} into onboarding.legacy`,
    );
  }
  try {
    return readAppKey(aesKeyFile);
  } catch (error) {
    if (!(error instanceof AppKeyError)) throw error;
    throw new ConfigError(`onboarding.aesKeyFile: ${error.message}`);
  }
}
