/**
 * Who did what, when, to which unit. Each entry has the hash of the one before in its own, so that none can be changed or
 * left out later without a trace.
 */
import { createHash } from "node:crypto";
import type { GatewayStore } from "#gateway/store/schema.ts";

interface JournalEntry {
  readonly who: string;
  readonly what: string;
  readonly device?: string;
  readonly outcome: string;
}

export interface Journal {
  /** Writes an entry soon; many at once share a transaction. */
  add(entry: JournalEntry): void;
  /** Resolves once all entries so far are on the disk. */
  settled(): Promise<void>;
  /** The newest entries first. */
  list(count: number): Promise<readonly (JournalEntry & { number: number; atMs: number })[]>;
  /** Numbers of entries that don't follow from the one before. */
  faults(): Promise<readonly number[]>;
}

/** Entries that share a transaction. A kill -9 loses at most these; what a token or an account needs is written by itself. */
const GATHER_MS = 250;

interface Written {
  readonly at_ms: number;
  readonly who: string;
  readonly what: string;
  readonly device: string;
  readonly outcome: string;
}

function hashAfter(before: string, { at_ms, who, what, device, outcome }: Written): string {
  return createHash("sha256")
    .update(JSON.stringify([before, at_ms, who, what, device, outcome]))
    .digest("hex");
}

export async function openJournal(store: GatewayStore, nowMs: () => number, onFatal: (error: unknown) => void) {
  const last = await store.db
    .selectFrom("journal")
    .select("hash")
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  let before = last?.hash ?? "";
  let waiting: Written[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const entries = waiting.map((entry) => {
      before = hashAfter(before, entry);
      return { ...entry, hash: before };
    });
    waiting = [];
    if (entries.length === 0) return;
    writing = writing.then(() =>
      store.write(async (tx) => {
        await tx.insertInto("journal").values(entries).execute();
      }),
    );
    writing.catch(onFatal);
  };
  const journal: Journal = {
    add({ who, what, device = "", outcome }) {
      waiting.push({ at_ms: nowMs(), who: who.slice(0, 64), what, device, outcome: outcome.slice(0, 200) });
      timer ??= setTimeout(flush, GATHER_MS);
    },
    settled() {
      flush();
      return writing;
    },
    async list(count) {
      const rows = await store.db.selectFrom("journal").selectAll().orderBy("number", "desc").limit(count).execute();
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
  };
  return journal;
}
