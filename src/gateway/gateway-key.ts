/** The gateway's own key: made at the first start in a file of mode 600, or given by systemd as a credential. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureKeyFile, type KeyPair, readKeyFile } from "#trust/host/key-file.ts";
import { GATEWAY_KEY_FILE } from "./data-folder.ts";

/**
 * @param data The gateway's data folder.
 * @source systemd.exec(5), LoadCredential=: the folder is readable by this service alone
 */
export function gatewayKey(data: string): KeyPair {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  const given = folder === undefined ? undefined : join(folder, GATEWAY_KEY_FILE);
  return given !== undefined && existsSync(given)
    ? readKeyFile(given, "holder")
    : ensureKeyFile(join(data, GATEWAY_KEY_FILE), "holder");
}
