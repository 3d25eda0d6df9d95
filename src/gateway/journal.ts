/**
 * Who did what, when, to which unit. Each entry has the hash of the one before in its own, so that none can be changed or
 * left out later without a trace.
 */
import { createHash } from "node:crypto";
import type { GatewayStore } from "#gateway/store/schema.ts";
import { openSpool } from "./spool.ts";

/** An entry with its place in the chain. */
interface SpooledEntry {
  readonly at_ms: number;
  readonly who: string;
  readonly what: string;
  readonly device: string;
  readonly outcome: string;
  readonly hash: string;
}

interface JournalEntry {
  readonly who: string;
  readonly what: string;
  readonly device?: string;
  readonly outcome: string;
}

export interface Journal {
  /** Adds an entry: once this returns, the end of the process loses it no more. @throws when the disk is full; then the gateway ends. */
  add(entry: JournalEntry): void;
  /** Resolves once all entries so far are in the store, on the disk. */
  settled(): Promise<void>;
  /** The newest entries first. @param of Only those of one person, about one unit, or older than an entry's number. */
  list(
    count: number,
    of?: { readonly who?: string; readonly device?: string; readonly before?: number },
  ): Promise<readonly (JournalEntry & { number: number; atMs: number })[]>;
  /** Numbers of entries that don't follow from the one before. */
  faults(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Entries share a transaction for this long; until then they are in the spool, which outlives this process. */
const GATHER_MS = 2_000;
/** A power cut loses at most the entries of this time. */
const SYNC_MS = 250;
const ROWS_MAX = 1_000;

function hashAfter(before: string, { at_ms, who, what, device, outcome }: Omit<SpooledEntry, "hash">): string {
  return createHash("sha256")
    .update(JSON.stringify([before, at_ms, who, what, device, outcome]))
    .digest("hex");
}

interface JournalParts {
  readonly store: GatewayStore;
  /** Where entries wait on their way to the store. */
  readonly folder: string;
  nowMs(): number;
  onFatal(error: unknown): void;
}

export async function openJournal({ store, folder, nowMs, onFatal }: JournalParts): Promise<Journal> {
  const spool = openSpool<SpooledEntry>(folder, "journal");
  const newest = () => store.db.selectFrom("journal").select("hash").orderBy("number", "desc").limit(1);
  let before = (await newest().executeTakeFirst())?.hash ?? "";
  let waiting: SpooledEntry[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let syncTimer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const insert = (entries: readonly SpooledEntry[]) =>
    store.write(async (tx) => {
      for (let at = 0; at < entries.length; at += ROWS_MAX) {
        const rows = entries.slice(at, at + ROWS_MAX);
        await tx.insertInto("journal").values(rows).execute();
      }
    });
  const chained = (entry: Omit<SpooledEntry, "hash">): SpooledEntry => {
    before = hashAfter(before, entry);
    return { ...entry, hash: before };
  };

  /** What a killed process left: the entries that did not reach the store, after those that did. */
  async function recover(): Promise<void> {
    const { left } = spool;
    const hashes = left.map(({ hash }) => hash);
    const found = new Set<string>();
    for (let at = 0; at < hashes.length; at += ROWS_MAX) {
      const some = hashes.slice(at, at + ROWS_MAX);
      const rows = await store.db.selectFrom("journal").select("hash").where("hash", "in", some).execute();
      for (const { hash } of rows) found.add(hash);
    }
    await insert(left.filter(({ hash }) => !found.has(hash)).map(({ hash: _, ...entry }) => chained(entry)));
    spool.turn()();
    spool.turn()();
  }
  await recover();

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      if (waiting.length === 0) return;
      const entries = waiting;
      waiting = [];
      const empty = spool.turn();
      await insert(entries);
      empty();
    });
    writing.catch(onFatal);
    return writing;
  };
  const sync = () => {
    syncTimer = undefined;
    spool.sync().catch(onFatal);
  };

  return {
    add({ who, what, device = "", outcome }) {
      if (isClosed) return;
      const entry = chained({
        ...{ at_ms: nowMs(), who: who.slice(0, 64), what, device, outcome: outcome.slice(0, 200) },
      });
      try {
        spool.append(entry);
      } catch (error) {
        onFatal(error);
        throw error;
      }
      waiting.push(entry);
      timer ??= setTimeout(() => void flush().catch(() => undefined), GATHER_MS);
      syncTimer ??= setTimeout(sync, SYNC_MS);
    },
    settled: flush,
    async list(count, { who, device, before: number } = {}) {
      let found = store.db.selectFrom("journal").selectAll().orderBy("number", "desc").limit(count);
      if (who !== undefined) found = found.where("who", "=", who);
      if (device !== undefined) found = found.where("device", "=", device);
      if (number !== undefined) found = found.where("number", "<", number);
      const rows = await found.execute();
      return rows.map(({ number, at_ms, hash: _, ...entry }) => ({ number, atMs: at_ms, ...entry }));
    },
    async faults() {
      const rows = await store.db.selectFrom("journal").selectAll().orderBy("number").execute();
      let previous = "";
      return rows.flatMap((row) => {
        const isGood = row.hash === hashAfter(previous, row);
        previous = row.hash;
        return isGood ? [] : row.number;
      });
    },
    async close() {
      if (isClosed) return;
      await flush();
      isClosed = true;
      clearTimeout(timer);
      clearTimeout(syncTimer);
      spool.close();
    },
  };
}
