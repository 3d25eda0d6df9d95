/** The public keys of each product, and since when this cloud has known each: key sets carry no dates. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { KeyView } from "#cloud/http/interface.ts";
import {
  keyName,
  RELEASE_KEY_FILE,
  ROOT_FILES,
  readPublicKeys,
  TIMESTAMP_KEY_FILE,
} from "#cloud/releases/key-set-files.ts";
import type { Store } from "#cloud/store/store.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { readGrantIssuers } from "./grant-issuers.ts";
import { TIME_KEY_FILE } from "./time-signer.ts";

const RECORD = "keys-seen";

type Role = KeyView["role"];

/** Only the public halves are read, except the time key's, which the cloud signs with anyway. @throws KeySetTrouble, KeyFileError */
function keysIn(folder: string): readonly Omit<KeyView, "seenMs">[] {
  const { product, roots, keyset } = readPublicKeys(folder);
  const hasFile = (name: string | undefined) => name !== undefined && existsSync(join(folder, name));
  /** @param files Where the private half of each would stand; the newest key of a set comes first. */
  const of = (role: Role, keys: readonly Uint8Array[], files: readonly string[]) =>
    keys.map((key, i) => ({ product, role, name: keyName(key), isHere: hasFile(files[i]) }));
  const timeFile = join(folder, TIME_KEY_FILE);
  return [
    ...of("root", roots, ROOT_FILES),
    ...of("release", keyset.releaseKeys, [RELEASE_KEY_FILE]),
    ...of("timestamp", keyset.timestampKeys, [TIMESTAMP_KEY_FILE]),
    ...of("time", existsSync(timeFile) ? [readKeyFile(timeFile, "time").publicKey] : [], [TIME_KEY_FILE]),
    ...of(
      "issuer",
      readGrantIssuers(folder).map(({ publicKey }) => publicKey),
      [],
    ),
  ];
}

/** Lists the keys of all folders, and notes those that are new. @throws KeySetTrouble, KeyFileError */
export async function openKeyAges(
  store: Store,
  folders: readonly string[],
  nowMs: number,
): Promise<readonly KeyView[]> {
  const row = await store.db.selectFrom("records").select("bytes").where("name", "=", RECORD).executeTakeFirst();
  const seen = new Map<string, number>(
    row === undefined ? [] : Object.entries(JSON.parse(Buffer.from(row.bytes).toString("utf8"))),
  );
  const known = seen.size;
  const keys = folders.flatMap(keysIn).map((key) => {
    const id = `${key.product} ${key.role} ${key.name}`;
    const seenMs = seen.get(id) ?? nowMs;
    seen.set(id, seenMs);
    return { ...key, seenMs };
  });
  if (seen.size > known) {
    const bytes = Buffer.from(JSON.stringify(Object.fromEntries(seen)));
    await store.write(async (tx) => {
      await tx
        .insertInto("records")
        .values({ name: RECORD, bytes })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes }))
        .execute();
    });
  }
  return keys;
}
