/** Opens a store: SQLite in a file, PostgreSQL by URL. One process owns a store. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, SqliteDialect, sql } from "kysely";
import Database from "libsql";
import { openPostgres } from "./open-postgres.ts";
import { type CreateTables, type SqlStore, StoreTrouble, storeTrouble } from "./sql-store.ts";

/** `power`: loss of power. `kill`: the end of the process only, which is enough where the machine is simulated. */
export type Durability = "power" | "kill";

/**
 * Opens a store, making it when it is not there.
 * @param where A file's path, or postgres://user:password@host/database.
 * @param createTables Creates what is missing.
 * @param durability What an acknowledged write survives in SQLite.
 * @throws StoreTrouble when it is damaged, in use by another process, out of reach or out of space.
 */
export async function openSqlStore<Schema extends { records: { name: string; bytes: Uint8Array } }>(
  where: string,
  createTables: CreateTables<Schema>,
  durability: Durability = "power",
): Promise<SqlStore<Schema>> {
  if (/^postgres(ql)?:\/\//i.test(where)) return openPostgres(where, createTables);
  // A URL of another kind would become a folder of that name, and its password the name of a file.
  if (/^[a-z][a-z0-9+.-]+:\//i.test(where)) {
    const scheme = where.slice(0, where.indexOf(":"));
    throw new StoreTrouble(
      `no store is opened by ${scheme}: (expected a file's path, or postgres://user@host/database)`,
    );
  }
  return openSqlite(where, createTables, durability);
}

async function openSqlite<Schema>(
  path: string,
  createTables: CreateTables<Schema>,
  durability: Durability,
): Promise<SqlStore<Schema>> {
  let file: InstanceType<typeof Database> | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const isOld = existsSync(path) && statSync(path).size > 0;
    file = new Database(path);
    // FULL: a commit is on the disk before it is acknowledged. EXCLUSIVE: a second process is refused; the kernel
    // releases the lock when this process dies, however it dies.
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

function storeOf<Schema>(db: Kysely<Schema>, where: string): SqlStore<Schema> {
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
