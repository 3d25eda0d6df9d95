/**
 * Counts the uses of tokens that may be used so often, or so many times. A use is on the disk before the unit is asked, so neither the end of
 * the process nor a power cut gives one back.
 */

import { openSpool } from "#gateway/spool.ts";
import type { GatewayStore } from "#gateway/store/schema.ts";
import type { Usage } from "#trust/grants/caveats.ts";
import { hashOf } from "./artifacts.ts";
import type { Counted } from "./capability.ts";

export interface Uses {
  /** Past uses of a word. */
  of(counted: Pick<Counted, "owner" | "word">): Usage;
  /** Counts one use of each limit; the next request already sees it. Resolves once the counts are on the disk. */
  take(counted: readonly Counted[]): Promise<void>;
  /** Forgets the uses of logins, tokens and programs that are gone. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

interface UsesParts {
  readonly store: GatewayStore;
  /** Where counts wait on their way to the store. */
  readonly folder: string;
  nowMs(): number;
  onFatal(error: unknown): void;
}

/** A count as it is after a use, so that what is read twice counts once. */
interface Count {
  readonly key: string;
  readonly owner: string;
  readonly uses: number;
  readonly timesMs: readonly number[];
}

const GATHER_MS = 2_000;
const ROWS_MAX = 500;

const keyOf = ({ owner, word }: Pick<Counted, "owner" | "word">) => hashOf(`${owner} ${word}`);

export async function openUses({ store, folder, nowMs, onFatal }: UsesParts): Promise<Uses> {
  const spool = openSpool<Count>(folder, "uses");
  const counts = new Map<string, Count>();
  let changed = new Map<string, Count>();
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const put = (some: readonly Count[]) =>
    store.write(async (tx) => {
      for (let at = 0; at < some.length; at += ROWS_MAX) {
        const rows = some.slice(at, at + ROWS_MAX).map(({ key, owner, uses, timesMs }) => ({
          ...{ key, owner, uses, times: JSON.stringify(timesMs) },
        }));
        await tx
          .insertInto("uses")
          .values(rows)
          .onConflict((conflict) =>
            conflict.column("key").doUpdateSet((each) => ({
              uses: each.ref("excluded.uses"),
              times: each.ref("excluded.times"),
            })),
          )
          .execute();
      }
    });
  for (const { key, owner, uses, times } of await store.db.selectFrom("uses").selectAll().execute()) {
    counts.set(key, { key, owner, uses, timesMs: JSON.parse(times) as number[] });
  }
  // What a process that was killed left. Both files may hold a count of the same word: the later one stands.
  const left = new Map(spool.left.map((count) => [count.key, count]));
  for (const count of left.values()) counts.set(count.key, count);
  await put([...left.values()]);
  spool.turn()();
  spool.turn()();

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      if (changed.size === 0) return;
      const some = [...changed.values()];
      changed = new Map();
      const empty = spool.turn();
      await put(some);
      empty();
    });
    writing.catch(onFatal);
    return writing;
  };

  return {
    of(counted) {
      const { uses = 0, timesMs = [] } = counts.get(keyOf(counted)) ?? {};
      const now = nowMs();
      return { uses, agesS: timesMs.map((atMs) => (now - atMs) / 1_000) };
    },
    async take(counted) {
      if (counted.length === 0) return;
      if (isClosed) throw new Error("the gateway is ending");
      try {
        for (const each of counted) {
          const key = keyOf(each);
          const before = counts.get(key);
          const timesMs = [...(before?.timesMs ?? []), nowMs()].slice(-each.recent || Number.POSITIVE_INFINITY);
          const count = { key, owner: each.owner, uses: (before?.uses ?? 0) + 1, timesMs };
          spool.append(count);
          counts.set(key, count);
          changed.set(key, count);
        }
        timer ??= setTimeout(() => void flush().catch(() => undefined), GATHER_MS);
        await spool.sync();
      } catch (error) {
        onFatal(error);
        throw error;
      }
    },
    async sweep() {
      await flush();
      const known = store.db.selectFrom("artifacts").select("hash");
      const rows = await store.db.selectFrom("uses").select("key").where("owner", "not in", known).execute();
      const gone = rows.map(({ key }) => key).filter((key) => !changed.has(key));
      await store.write(async (tx) => {
        for (let at = 0; at < gone.length; at += ROWS_MAX) {
          await tx
            .deleteFrom("uses")
            .where("key", "in", gone.slice(at, at + ROWS_MAX))
            .execute();
        }
      });
      for (const key of gone) counts.delete(key);
    },
    async close() {
      if (isClosed) return;
      await flush();
      isClosed = true;
      clearTimeout(timer);
      spool.close();
    },
  };
}
