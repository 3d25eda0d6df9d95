/** The gateway's own key: made at the first start in a file of mode 600, or given by systemd as a credential. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { ensureKeyFile, type KeyPair, readKeyFile } from "#trust/host/key-file.ts";
import { GATEWAY_KEY_FILE } from "./data-folder.ts";
import type { GatewayStore } from "./store/schema.ts";

interface GatewayKey extends KeyPair {
  readonly isCredential: boolean;
}

/**
 * @param data The gateway's data folder.
 * @source systemd.exec(5), LoadCredential=: the folder is readable by this service alone
 */
export function gatewayKey(data: string): GatewayKey {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  const given = folder === undefined ? undefined : join(folder, GATEWAY_KEY_FILE);
  return given !== undefined && existsSync(given)
    ? { ...readKeyFile(given, "holder"), isCredential: true }
    : { ...ensureKeyFile(join(data, GATEWAY_KEY_FILE), "holder"), isCredential: false };
}

/** When this gateway first used its key, in Unix milliseconds; now for a key that it did not have before. */
export async function keySinceMs(store: GatewayStore, publicKey: Uint8Array, nowMs: number): Promise<number> {
  const name = "key-since";
  const row = await store.db.selectFrom("records").select("bytes").where("name", "=", name).executeTakeFirst();
  const known = row && (JSON.parse(Buffer.from(row.bytes).toString("utf8")) as { key: string; sinceMs: number });
  const key = toHex(publicKey);
  if (known?.key === key) return known.sinceMs;
  const bytes = Buffer.from(JSON.stringify({ key, sinceMs: nowMs }));
  await store.write(async (tx) => {
    await tx
      .insertInto("records")
      .values({ name, bytes })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes }))
      .execute();
  });
  return nowMs;
}
