/** The cloud's memory: SQLite in a file by default, PostgreSQL by URL. One process owns a store. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, PostgresDialect, SqliteDialect, sql, type Transaction } from "kysely";
import Database from "libsql";
import pg from "pg";
import { createTables, type Schema } from "./schema.ts";

export interface Store {
  readonly db: Kysely<Schema>;
  /** Runs the work in one transaction; when this resolves, a power cut loses nothing of it. */
  write(work: (tx: Transaction<Schema>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** `power`: loss of power. `kill`: the end of the process only, which is enough where the machine is simulated. */
export type Durability = "power" | "kill";

/** The store can't be used. The message is one line that says what to do. */
export class StoreTrouble extends Error {
  override name = "StoreTrouble";
}

const POSTGRES_LOCK = 0x6c61_7463; // "latc": any fixed number does, it only has to be ours

/**
 * Opens a store, making it when it is not there.
 * @param where A file's path, or postgres://user:password@host/database.
 * @param durability What an acknowledged write survives in SQLite.
 * @throws StoreTrouble when it is damaged, in use by another process, out of reach or out of space.
 */
export function openStore(where: string, durability: Durability = "power"): Promise<Store> {
  return /^postgres(ql)?:\/\//.test(where) ? openPostgres(where) : openSqlite(where, durability);
}

/** Turns what a driver threw into one line for the operator; `where` never includes a password. */
export function storeTrouble(error: unknown, where: string): StoreTrouble {
  if (error instanceof StoreTrouble) return error;
  const { code, message } = error as { code?: string; message?: string };
  const text = `${code ?? ""} ${message ?? ""}`;
  if (/BUSY|locked/i.test(text))
    return new StoreTrouble(`store ${where} is in use by another process; stop that one first`);
  if (/SQLITE_FULL|ENOSPC|disk is full|53100|No space/i.test(text)) {
    return new StoreTrouble(
      `no space left for store ${where}; free some, then start again: what was acknowledged is kept`,
    );
  }
  if (/CORRUPT|NOTADB|malformed|not a database/i.test(text)) {
    return new StoreTrouble(
      `store ${where} is damaged; put back a backup, or move the file away to begin an empty one`,
    );
  }
  if (/READONLY|EACCES|CANTOPEN|EPERM|unable to open/i.test(text)) {
    return new StoreTrouble(`store ${where} can't be opened for writing; check its folder's permissions`);
  }
  if (/ECONNREFUSED|ENOTFOUND|28P01|28000|3D000|57P0|terminated unexpectedly/.test(text)) {
    return new StoreTrouble(
      `PostgreSQL at ${where} can't be used (${code ?? "no answer"}); check that it runs, user and database`,
    );
  }
  return new StoreTrouble(`store ${where}: ${message ?? String(error)}`);
}

async function openSqlite(path: string, durability: Durability): Promise<Store> {
  let file: InstanceType<typeof Database> | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const isOld = existsSync(path) && statSync(path).size > 0;
    file = new Database(path);
    // FULL: a commit is on the disk before it is acknowledged. EXCLUSIVE: a second process is refused; the kernel
    // lets go of the lock when this one dies, however it dies.
    file.exec(
      `pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = ${durability === "power" ? "full" : "off"}`,
    );
    if (isOld) {
      const found = (file.pragma("quick_check(1)") as { quick_check?: string }[])[0]?.quick_check;
      if (found !== "ok") throw new StoreTrouble(storeTrouble({ code: "SQLITE_CORRUPT" }, path).message);
    }
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asSqlite(file) }) });
    // The first write takes the exclusive lock; reading alone would let two processes in.
    await sql`begin immediate`.execute(db);
    await sql`commit`.execute(db);
    await createTables(db, "sqlite");
    return storeOf(db, path);
  } catch (error) {
    file?.close();
    throw storeTrouble(error, path);
  }
}

const NO_CHANGES = { changes: 0, lastInsertRowid: 0 };

/** libsql gives blobs as ArrayBuffer and wants parameters as an array; kysely and we want Uint8Array. */
function asSqlite(file: InstanceType<typeof Database>) {
  return {
    close: () => {
      file.close();
    },
    prepare(text: string) {
      const statement = file.prepare(text) as unknown as {
        reader: boolean;
        all(parameters: readonly unknown[]): Record<string, unknown>[];
        run(parameters: readonly unknown[]): { changes: number; lastInsertRowid: number };
        iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
      };
      return {
        reader: statement.reader,
        all(parameters: readonly unknown[]) {
          const rows = statement.all(parameters);
          for (const row of rows) {
            for (const [name, value] of Object.entries(row)) {
              if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value);
            }
          }
          return rows;
        },
        run(parameters: readonly unknown[]) {
          try {
            return statement.run(parameters);
          } catch (error) {
            // A full disk makes SQLite end the transaction by itself; what failed before is what is to be told.
            if (text === "rollback" && /no transaction is active/.test(String(error))) return NO_CHANGES;
            throw error;
          }
        },
        iterate: (parameters: readonly unknown[]) => statement.iterate(parameters),
      };
    },
  };
}

async function openPostgres(url: string): Promise<Store> {
  const where = url.replace(/\/\/[^@/]*@/, "//");
  const types = {
    // bigint as number: our largest are milliseconds, far below 2^53.
    getTypeParser: ((oid: number, format?: "text") =>
      oid === 20 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: url, types, max: 4, connectionTimeoutMillis: 5_000 });
  // A connection that breaks while idle is replaced at the next query, which then tells of it.
  pool.on("error", () => undefined);
  let keeper: pg.PoolClient | undefined;
  try {
    // This connection holds the lock. When it breaks, another process may own the store, so nothing is written any more.
    const holder = await pool.connect();
    keeper = holder;
    let lost: unknown;
    holder.on("error", (error) => {
      lost = error;
    });
    const { rows } = await holder.query("select pg_try_advisory_lock($1) as got", [POSTGRES_LOCK]);
    if ((rows[0] as { got: boolean }).got !== true) {
      throw new StoreTrouble(`store ${where} is in use by another process; stop that one first`);
    }
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
    await createTables(db, "postgres");
    const store = storeOf(db, where);
    return {
      ...store,
      write: async (work) => {
        if (lost !== undefined) throw storeTrouble(lost, where);
        await store.write(work);
      },
      close: async () => {
        holder.release(true); // ends the session, and the lock with it
        await store.close();
      },
    };
  } catch (error) {
    // The pool ends only when every connection was given back.
    keeper?.release(true);
    await pool.end().catch(() => undefined);
    throw storeTrouble(error, where);
  }
}

function storeOf(db: Kysely<Schema>, where: string): Store {
  return {
    db,
    async write(work) {
      try {
        await db.transaction().execute(work);
      } catch (error) {
        throw storeTrouble(error, where);
      }
    },
    close: () => db.destroy(),
  };
}
