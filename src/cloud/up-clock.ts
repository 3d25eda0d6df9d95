/**
 * Two clocks that don't follow corrections of the time of day. Every duration is measured with one of them.
 *
 * Up time: how long this store's cloud has been running, all its runs together. A wave is watched, and a device is
 * silent, only while there is a cloud that could hear it. The store remembers it every few seconds.
 *
 * Nonce time: Unix milliseconds at the start, or a little more than the newest spent nonce where the time of day has gone
 * back since; from there on it advances evenly. So a spent nonce is never the future's.
 */
import { sql } from "kysely";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";

const RECORD = "up-time";
const SAVE_EVERY_MS = 1_000;

export interface UpClock {
  /** Milliseconds. */
  upMs(): number;
  /** Queues the up time to be written, once a second at most. */
  save(): void;
}

/** @param steadyMs Milliseconds of a clock that never jumps. */
export async function loadUpClock(store: Store, queue: WriteQueue, steadyMs: () => number): Promise<UpClock> {
  const row = await store.db.selectFrom("records").select("bytes").where("name", "=", RECORD).executeTakeFirst();
  const known = row === undefined ? 0 : Number(Buffer.from(row.bytes).toString("latin1"));
  const latest = async (table: "devices" | "rollouts", column: "heard_up_ms" | "wave_since_up_ms") => {
    const { rows } = await sql<{
      ms: number | null;
    }>`select max(${sql.ref(column)}) as ms from ${sql.table(table)}`.execute(store.db);
    return rows[0]?.ms ?? 0;
  };
  // A crash loses the last second of the record, and never what is counted from.
  const marks = [await latest("devices", "heard_up_ms"), await latest("rollouts", "wave_since_up_ms")];
  const beforeMs = Math.max(Number.isSafeInteger(known) ? known : 0, ...marks);
  const startMs = steadyMs();
  const upMs = () => beforeMs + Math.floor(steadyMs() - startMs);
  let savedMs = -SAVE_EVERY_MS;
  return {
    upMs,
    save() {
      if (upMs() - savedMs < SAVE_EVERY_MS) return;
      savedMs = upMs();
      const bytes = Buffer.from(String(upMs()), "latin1");
      queue.also(async (tx) => {
        await tx
          .insertInto("records")
          .values({ name: RECORD, bytes })
          .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes }))
          .execute();
      });
    },
  };
}

/**
 * @param wallMs The time of day at the start.
 * @param spentMs The newest time of a spent nonce.
 */
export function createNonceClock(wallMs: number, spentMs: number, steadyMs: () => number): () => number {
  const offsetMs = Math.max(wallMs, spentMs + 1) - steadyMs();
  return () => Math.floor(offsetMs + steadyMs());
}
