/**
 * Group commit: collects many small changes into one transaction. Each caller's promise resolves once its changes are
 * on disk.
 */
import type { AttemptRow, DeviceRow, EventRow } from "./schema.ts";
import type { Store } from "./store.ts";

type Work = Parameters<Store["write"]>[0];

export interface WriteQueue {
  device(row: DeviceRow): void;
  attempt(row: AttemptRow): void;
  event(event: Omit<EventRow, "number">): void;
  /** Adds other statements to the same transaction. */
  also(work: Work): void;
  /** Resolves once everything queued so far is durable. Rejects with StoreTrouble, and then so does all that follows. */
  commit(): Promise<void>;
}

interface Batch {
  readonly devices: Map<string, DeviceRow>;
  readonly attempts: Map<string, AttemptRow>;
  readonly events: Omit<EventRow, "number">[];
  readonly works: Work[];
}

const emptyBatch = (): Batch => ({ devices: new Map(), attempts: new Map(), events: [], works: [] });

/** Rows a statement: SQLite takes 32,766 parameters, a device has 17. */
const CHUNK = 500;

function* chunks<Row>(rows: Iterable<Row>): Generator<Row[]> {
  const all = [...rows];
  for (let i = 0; i < all.length; i += CHUNK) yield all.slice(i, i + CHUNK);
}

async function save(store: Store, batch: Batch): Promise<void> {
  await store.write(async (tx) => {
    for (const work of batch.works) await work(tx);
    for (const rows of chunks(batch.devices.values())) {
      await tx
        .insertInto("devices")
        .values(rows)
        .onConflict((conflict) =>
          conflict.column("id").doUpdateSet((row) => ({
            name: row.ref("excluded.name"),
            fleet: row.ref("excluded.fleet"),
            lab: row.ref("excluded.lab"),
            card: row.ref("excluded.card"),
            sequence: row.ref("excluded.sequence"),
            pin: row.ref("excluded.pin"),
            target: row.ref("excluded.target"),
            window_from: row.ref("excluded.window_from"),
            window_to: row.ref("excluded.window_to"),
            heard_ms: row.ref("excluded.heard_ms"),
            online: row.ref("excluded.online"),
            nonce_ms: row.ref("excluded.nonce_ms"),
            asleep_until_ms: row.ref("excluded.asleep_until_ms"),
            heard_up_ms: row.ref("excluded.heard_up_ms"),
          })),
        )
        .execute();
    }
    for (const rows of chunks(batch.attempts.values())) {
      await tx
        .insertInto("attempts")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["device", "sequence"]).doUpdateSet((row) => ({
            state: row.ref("excluded.state"),
            fault: row.ref("excluded.fault"),
            heard_ms: row.ref("excluded.heard_ms"),
          })),
        )
        .execute();
    }
    for (const rows of chunks(batch.events)) await tx.insertInto("events").values(rows).execute();
  });
}

/** @param gatherMs How long a transaction waits for more to come: an acknowledgement is that much later, the disk that much quieter. */
export function createWriteQueue(store: Store, gatherMs = 0): WriteQueue {
  let batch = emptyBatch();
  let waiting: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  return {
    device: (row) => void batch.devices.set(row.id, row),
    attempt: (row) => void batch.attempts.set(`${row.device} ${row.sequence}`, row),
    event: (event) => void batch.events.push(event),
    also: (work) => void batch.works.push(work),
    commit() {
      // While one transaction is written, later callers gather behind the next one.
      waiting ??= last.then(async () => {
        if (gatherMs > 0) await new Promise((resolve) => setTimeout(resolve, gatherMs));
        const taken = batch;
        batch = emptyBatch();
        waiting = undefined;
        await save(store, taken);
      });
      last = waiting;
      return waiting;
    },
  };
}
