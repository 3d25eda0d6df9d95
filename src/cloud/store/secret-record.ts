/** Secrets that the cloud makes for itself at its first start and keeps in the store. */
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Store } from "./store.ts";

/** The secret of that name; made when it isn't there. */
export async function secretRecord(store: Store, name: string, byteLength: number): Promise<Uint8Array> {
  const read = () => store.db.selectFrom("records").select("bytes").where("name", "=", name).executeTakeFirst();
  const known = await read();
  if (known !== undefined && known.bytes.length === byteLength) return Uint8Array.from(known.bytes);
  const bytes = Buffer.from(nodePrimitives.random(byteLength));
  await store.write(async (tx) => {
    await tx
      .insertInto("records")
      .values({ name, bytes })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes }))
      .execute();
  });
  return Uint8Array.from(bytes);
}
