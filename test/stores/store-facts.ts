/** What an operator would notice of a cloud's store. */
import { toHex } from "#base/bytes.ts";
import { loadFleet } from "#cloud/fleet.ts";
import { openStore } from "#cloud/store/store.ts";
import { createWriteQueue } from "#cloud/store/write-queue.ts";

export async function whatTheStoreTells(where: string) {
  const store = await openStore(where);
  try {
    const { db } = store;
    const fleet = await loadFleet(store, createWriteQueue(store), () => 0);
    const devices = [...fleet.all()].map(({ id, publicKey, product, fleet: name, lab, sequence, history }) => ({
      ...{ id, publicKey: toHex(publicKey), product, fleet: name, lab, sequence },
      attempts: [...history.values()].map(({ state, fault }) => ({ state, fault })),
    }));
    const releases = await db.selectFrom("releases").select(["product", "sequence", "withdrawn"]).execute();
    const images = await db.selectFrom("images").select(["name", "bytes"]).execute();
    const rollouts = await db.selectFrom("rollouts").select(["id", "state", "wave", "waves", "limits"]).execute();
    const events = await db.selectFrom("events").select(["subject", "what", "because"]).orderBy("number").execute();
    const records = await db.selectFrom("records").select(["name", "bytes"]).execute();
    const byName = <T extends object>(rows: readonly T[]) =>
      rows.map((row) => JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? toHex(value) : value))).sort();
    return {
      devices: devices.sort((a, b) => (a.id < b.id ? -1 : 1)),
      events,
      releases: byName(releases),
      images: byName(images.map(({ name, bytes }) => ({ name, bytes: bytes.length }))),
      rollouts: byName(rollouts),
      records: byName(records.map(({ name, bytes }) => ({ name, bytes: toHex(Uint8Array.from(bytes)) }))),
    };
  } finally {
    await store.close();
  }
}
